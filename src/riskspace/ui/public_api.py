"""`/api` on the public port: the part of the API that is for everyone, and with ADMIN_TOKEN the
log. Everything under it, errors included, is problem+json, and HEAD follows GET."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import nullcontext

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from riskspace.errors import NotFound, RequestError, UpstreamError, UpstreamTimeout
from riskspace.logs import request_id
from riskspace.settings import Settings
from riskspace.web import bodies, problems
from riskspace.web.admin import Admin
from riskspace.web.cors import Cors
from riskspace.web.draining import ReadToTheEnd
from riskspace.web.head import HeadFollowsGet
from riskspace.web.overload import Gate, InFlight
from riskspace.web.request_id import HEADER

logger = logging.getLogger("ui")

PREFIX = "/api"
# What is for everyone, and in the published document.
PUBLIC = {
    "/health": "GET",
    "/model": "GET",
    "/predict": "POST",
    "/predict/batch": "POST",
}
_PAGES = {"/docs": "GET", "/docs/{name}": "GET"}
# Headers that pass, each way; the connection's own stay behind.
_SENT = ("content-type", "accept")
_RETURNED = ("content-type", "retry-after", "www-authenticate", "allow", "accept", "cache-control")
# A batch of the largest size takes seconds.
PATIENCE = httpx.Timeout(60.0, connect=2.0)
# nginx's word for a client that has not waited.
_GONE = 499
# Requests to the API at once; the others wait for their turn, but batches, of which the API itself
# refuses those too many. httpx looks at all whenever one begins or ends: hundreds would keep it
# busy with that alone.
AT_ONCE = 16


def create_public_api(http: httpx.AsyncClient, settings: Settings) -> Starlette:
    """The public subset, forwarded to the API that `http` has as its base address."""
    admin = Admin(settings.admin_token, logger)
    turns = asyncio.Semaphore(AT_ONCE)

    async def forward(request: Request) -> Response:
        return await _forward(http, turns, request)

    async def log(request: Request) -> Response:
        admin.require(request)
        return await _forward(http, turns, request, authorization=request.headers["authorization"])

    async def document(request: Request) -> Response:
        answer = await _forward(http, turns, request)
        return _published(answer) if answer.status_code == 200 else answer

    app = Starlette(
        routes=[
            *(Route(path, forward, methods=[method]) for path, method in PUBLIC.items()),
            *(Route(path, forward, methods=[method]) for path, method in _PAGES.items()),
            Route("/logs", log, methods=["GET", "DELETE"]),
            Route("/openapi.json", document, methods=["GET"]),
        ],
        exception_handlers={
            RequestError: problems.request_error,
            HTTPException: problems.http_exception,
        },
        middleware=[
            Middleware(InFlight, gate=Gate(settings.max_in_flight, logger)),
            *([Middleware(Cors, origins=settings.origins)] if settings.origins else []),
            Middleware(ReadToTheEnd),
            Middleware(problems.CatchAll, logger=logger),
            Middleware(HeadFollowsGet),
        ],
    )
    app.router.redirect_slashes = False  # a redirect names the host that the request named
    return app


async def _forward(
    http: httpx.AsyncClient, turns: asyncio.Semaphore, request: Request, **more: str
) -> Response:
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    batch = path == "/predict/batch"
    body = await bodies.read(request, bodies.BATCH_LIMIT if batch else bodies.RECORD_LIMIT)
    sent = {name: request.headers[name] for name in _SENT if name in request.headers} | more
    # The very bytes: a visitor's header needn't be ASCII.
    headers = {name.encode(): value.strip().encode("latin-1") for name, value in sent.items()}
    try:
        async with nullcontext() if batch else turns:
            if await request.is_disconnected():
                return Response(status_code=_GONE)
            answer = await http.request(
                request.method,
                path,
                params=request.url.query,
                content=body,
                headers={**headers, HEADER.encode(): (request_id.get() or "").encode()},
                timeout=PATIENCE,
            )
    except httpx.TimeoutException:
        raise UpstreamTimeout("The API doesn't answer in time.") from None
    except httpx.InvalidURL:  # too long for it, or with a NUL
        raise NotFound("There is nothing at this address.") from None
    except httpx.HTTPError:
        raise UpstreamError("The API doesn't answer.", headers={"Retry-After": "2"}) from None
    returned = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
    content = answer.content
    if returned.get("content-type") == problems.MEDIA_TYPE:
        content = json.dumps({**answer.json(), "instance": request.url.path}).encode()
    return Response(content, answer.status_code, returned)


def _published(answer: Response) -> Response:
    """The OpenAPI document, of the public calls alone, at their public address."""
    document = json.loads(bytes(answer.body))
    paths = {
        path: {method.lower(): document["paths"][path][method.lower()]}
        for path, method in PUBLIC.items()
    }
    published = {**document, "servers": [{"url": PREFIX}], "paths": paths}
    return Response(json.dumps(published), media_type="application/json")
