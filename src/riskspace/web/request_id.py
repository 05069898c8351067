"""`X-Request-ID`: taken in when it has a sane shape, made otherwise, given back, and logged."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskspace.ids import new_id
from riskspace.logs import request_id

HEADER = "X-Request-ID"
_NAME = HEADER.lower().encode()
SHAPE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def given_or_new(scope: Scope) -> str:
    """The id that a request bears, or one for it."""
    for name, value in scope["headers"]:
        if name == _NAME:
            given = value.decode("latin-1")
            return given if SHAPE.fullmatch(given) else new_id()
    return new_id()


class RequestId:
    """Outermost, so that every answer carries the id, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id_ = given_or_new(scope)

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = id_
            await send(message)

        token = request_id.set(id_)
        try:
            await self._app(scope, receive, with_id)
        finally:
            request_id.reset(token)
