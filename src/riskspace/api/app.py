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
from riskspace.web.head import HeadFollowsGet
from riskspace.web.request_id import RequestId

logger = logging.getLogger("api")

# Seconds that the last write to Redis may take at shutdown.
DRAIN = 3.0


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
            for task in (loading, writing):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await backend.writer.close(DRAIN)
            logging.getLogger().removeHandler(handler)
            await backend.store.close()

    return lifespan


async def _load(backend: Backend) -> None:
    try:
        package = await asyncio.to_thread(backend.load)
    except PackageError as error:
        logger.critical("Modèle refusé: %s", error)
        backend.refused(error)
    else:
        backend.service.engine = package.engine
        logger.info("Modèle chargé avec succès")
