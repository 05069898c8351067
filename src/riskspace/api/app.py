"""The application: routes, errors and life, with everything it needs passed in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from riskspace import __version__
from riskspace.api import documentation, health, logs, model, predictions
from riskspace.api.backend import Backend
from riskspace.errors import PackageError, RequestError
from riskspace.store.handler import StreamHandler
from riskspace.web import problems
from riskspace.web.draining import ReadToTheEnd
from riskspace.web.head import HeadFollowsGet
from riskspace.web.request_id import RequestId

logger = logging.getLogger("api")

# Seconds that the last write to Redis may take at shutdown.
DRAIN = 1.5


def create_app(backend: Backend) -> FastAPI:
    """The API over one backend. The package is loaded while the port is already open: until then
    /readyz, /health and predictions answer 503."""
    title = backend.service.manifest.title.en
    app = FastAPI(
        title=title,
        version=__version__,
        description=backend.service.manifest.description.en,
        lifespan=_lifespan(backend),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect names the host that the request named
    )
    app.include_router(health.router(backend))
    app.include_router(model.router(backend))
    app.include_router(predictions.router(backend))
    app.include_router(logs.router(backend))
    app.include_router(documentation.router(app))
    app.add_exception_handler(RequestError, problems.request_error)
    app.add_exception_handler(HTTPException, problems.http_exception)
    app.add_exception_handler(RequestValidationError, problems.validation_error)
    app.add_middleware(HeadFollowsGet)
    app.add_middleware(problems.CatchAll, logger=logger)
    app.add_middleware(ReadToTheEnd)
    app.add_middleware(RequestId)
    return app


def _lifespan(backend: Backend):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        handler = StreamHandler(backend.writer, backend.logs)
        if backend.settings.uses_redis:
            logging.getLogger().addHandler(handler)
        logger.info("Démarrage de l'API...")
        writing = asyncio.create_task(backend.writer.run())
        loading = asyncio.create_task(_load(backend))
        try:
            yield
        finally:
            logger.info("Arrêt de l'API...")
            await _end(loading)
            # Before the writer's task ends: a write cut off in the middle would be made again.
            await backend.writer.close(DRAIN)
            await _end(writing)
            logging.getLogger().removeHandler(handler)
            await backend.store.close()

    return lifespan


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _load(backend: Backend) -> None:
    try:
        package = await asyncio.to_thread(backend.load)
    except Exception as error:  # whatever it is, an API without its model must not stay
        refused = isinstance(error, PackageError)
        logger.critical("Modèle refusé: %s", error if refused else type(error).__name__)
        backend.refused(error)
    else:
        backend.service.engine = package.engine
        logger.info("Modèle chargé avec succès")
