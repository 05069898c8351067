"""The application: routes, errors and life, with everything it needs passed in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from riskspace import __version__
from riskspace.api import documentation, health, logs, model, predictions
from riskspace.api.direct import DirectPrediction
from riskspace.api.encoder import Encoder
from riskspace.backend import Backend
from riskspace.errors import RequestError
from riskspace.settings import Settings
from riskspace.web import problems
from riskspace.web.cors import Cors
from riskspace.web.draining import ReadToTheEnd
from riskspace.web.head import HeadFollowsGet
from riskspace.web.headers import SecurityHeaders
from riskspace.web.overload import Gate, InFlight
from riskspace.web.request_id import RequestId

logger = logging.getLogger("api")


def create_gate(settings: Settings) -> Gate:
    """How many requests there may be."""
    return Gate(settings.max_in_flight, logger, health.PROBES)


def create_app(backend: Backend, gate: Gate | None = None) -> ASGIApp:
    """The API over one backend. The package is loaded while the port is already open: until then
    /readyz, /health and predictions answer 503.

    What answers without the framework stands in front of it: as its middleware, a prediction would
    pay for what the framework puts before that, telemetry among others.
    """
    app: ASGIApp = create_framework(backend)
    app = DirectPrediction(app, backend.service, _encoder(backend))
    if origins := backend.settings.origins:
        app = Cors(app, origins)
    return InFlight(app, gate or create_gate(backend.settings))


def create_framework(backend: Backend) -> FastAPI:
    """Every route, with the words for whatever may be wrong."""
    manifest = backend.service.manifest
    app = FastAPI(
        title=manifest.title.en,
        version=__version__,
        description=manifest.description.en,
        lifespan=_lifespan(backend),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect names the host that the request named
    )
    app.include_router(health.router(backend))
    app.include_router(model.router(backend))
    app.include_router(predictions.router(backend, _encoder(backend)))
    app.include_router(logs.router(backend))
    app.include_router(documentation.router(app))
    app.add_exception_handler(RequestError, problems.request_error)
    app.add_exception_handler(HTTPException, problems.http_exception)
    app.add_exception_handler(RequestValidationError, problems.validation_error)
    app.add_middleware(HeadFollowsGet)
    app.add_middleware(problems.CatchAll, logger=logger)
    app.add_middleware(ReadToTheEnd)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestId)  # the last to be added is the first to see a request
    return app


def _encoder(backend: Backend) -> Encoder:
    manifest = backend.service.manifest
    return Encoder(manifest.name, manifest.version, manifest.threshold)


def _lifespan(backend: Backend) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    return lambda _: backend.running()
