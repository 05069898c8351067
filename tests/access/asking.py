"""Asks the running servers for a route, as the page or a program would."""

from __future__ import annotations

import re
from typing import Any

import httpx
import tiny
from access.routes import API, PAGE, Route
from space import Space

# What a route with a parameter is asked for, where something is there, and where nothing is.
NAMES = {
    "/docs/{name}": "/docs/swagger-ui.css",
    "/api/docs/{name}": "/api/docs/swagger-ui.css",
    "/static/{path:path}": "/static/img/logo.svg",
}
ANY = "a1"
BODIES: dict[str, Any] = {
    "/predict": tiny.RECORD,
    "/predict/batch": [tiny.RECORD],
    "/gradio_api/cancel": {"session_hash": ANY, "fn_index": 0, "event_id": ANY},
    "/gradio_api/reset": {"event_id": ANY},
}
QUERIES = {"/gradio_api/queue/data": {"session_hash": ANY}}


def status(space: Space, route: Route, **headers: str) -> int:
    return answer(space, route, **headers).status_code


def answer(space: Space, route: Route, **headers: str) -> httpx.Response:
    """What a well-formed request is answered; the body is not awaited."""
    base = {API: space.api_url, PAGE: space.url}[route.port]
    with (
        httpx.Client(base_url=base, timeout=20) as client,
        client.stream(
            route.method,
            _path(client, route),
            json=_body(client, route),
            params=QUERIES.get(route.path),
            headers=headers,
        ) as answered,
    ):
        return answered


def _path(client: httpx.Client, route: Route) -> str:
    if route.path == "/assets/{path:path}":
        found = re.search(r"/assets/[\w.-]+\.js", client.get("/").text)
        assert found is not None
        return found.group()
    return NAMES.get(route.path) or re.sub(r"{.+?}", ANY, route.path)


def _body(client: httpx.Client, route: Route) -> Any:
    if route.method != "POST":
        return None
    if route.path == "/gradio_api/queue/join":
        event = next(e for e in client.get("/config").json()["dependencies"] if e["backend_fn"])
        data = [None] * len(event["inputs"])
        return {"session_hash": ANY, "fn_index": event["id"], "data": data}
    return BODIES.get(route.path.removeprefix("/api"), {})
