"""Is it alive, is it ready, is it well."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from riskspace import __version__
from riskspace.backend import Backend
from riskspace.errors import NotReady
from riskspace.web.answers import Health, Life, problems

# What whoever watches over the process asks: answered however many others there are.
PROBES = ("/livez", "/readyz", "/health")


def router(backend: Backend) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/health", response_model=Health, responses={503: {"model": Health}})
    async def health() -> JSONResponse:
        """`healthy`; `degraded` when only Redis is away (predictions go on); `unhealthy`, with
        503, when no model is loaded."""
        loaded, connected = backend.service.ready, await backend.store.connected()
        status = "unhealthy" if not loaded else "healthy" if connected else "degraded"
        content = {
            "status": status,
            "model_loaded": loaded,
            "redis_connected": connected,
            "version": __version__,
        }
        return JSONResponse(content, 200 if loaded else 503)

    @routes.get("/livez")
    async def livez() -> Life:
        """The process answers."""
        return Life(status="ok")

    @routes.get("/readyz", responses=problems(NotReady))
    async def readyz() -> Life:
        """The model is loaded."""
        if not backend.service.ready:
            raise NotReady("The model is still being loaded.", headers={"Retry-After": "1"})
        return Life(status="ok")

    return routes
