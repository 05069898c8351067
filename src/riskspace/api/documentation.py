"""/docs and /openapi.json, from this process alone: no CDN."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.responses import FileResponse, HTMLResponse

from riskspace.errors import NotFound
from riskspace.web.answers import Problem

ASSETS = Path(fastapi_offline.__file__).parent / "static"
# The files that the page needs, each served under /docs/.
NAMES = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")


def router(app: FastAPI) -> APIRouter:
    """Addresses in the page are relative, so that it works behind a prefix too."""
    routes = APIRouter(include_in_schema=False)
    script, style, icon = (f"docs/{name}" for name in NAMES)
    page = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=app.title,
        swagger_js_url=script,
        swagger_css_url=style,
        swagger_favicon_url=icon,
    )

    @routes.get("/docs")
    async def docs() -> HTMLResponse:
        return page

    @routes.get("/docs/{name}")
    async def asset(name: str) -> FileResponse:
        if name not in NAMES:
            raise NotFound("There is nothing at this address.")
        return FileResponse(ASSETS / name, headers={"Cache-Control": "max-age=86400"})

    # As FastAPI's documentation has it: https://fastapi.tiangolo.com/how-to/extending-openapi
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return routes


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the problem that every route may answer with."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document["components"]["schemas"]
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        for path in document["paths"].values():
            for call in path.values():
                for parameter in call.get("parameters", ()):
                    _without_null(parameter["schema"])
        app.openapi_schema = document
    return app.openapi_schema


def _without_null(schema: dict[str, Any]) -> None:
    """A query can leave a parameter out; it has no null to send."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        del schema["anyOf"]
        schema.update(options[0])
