"""`X-Request-ID`: taken in when it has a sane shape, made otherwise, given back, and logged."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskspace.logs import request_id

HEADER = "X-Request-ID"
SHAPE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestId:
    """Outermost, so that every answer carries the id, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        id_ = given if SHAPE.fullmatch(given) else uuid.uuid4().hex

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = id_
            await send(message)

        token = request_id.set(id_)
        try:
            await self._app(scope, receive, with_id)
        finally:
            request_id.reset(token)
