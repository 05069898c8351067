"""The rest of a body that nobody wanted: a client that is still sending when its connection closes
gets a reset, and never sees the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Bytes that are read and thrown away before an answer leaves, seconds until the next of them, and
# seconds for all.
DRAINED = 32 * 1024 * 1024
NEXT = 2.0
ALL = 10.0


class ReadToTheEnd:
    """Reads what the application left of a request's body before its answer leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size = 0
        headers = Headers(scope=scope)
        complete = "content-length" not in headers and "transfer-encoding" not in headers
        # This one waits to be asked for its body, which the first read would do.
        holding_back = headers.get("expect", "").lower() == "100-continue"

        async def counted() -> Message:
            nonlocal complete, holding_back, size
            holding_back = False
            message = await receive()
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            return message

        async def after_the_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                with suppress(TimeoutError):
                    async with asyncio.timeout(ALL):
                        while not (complete or holding_back) and size <= DRAINED:
                            async with asyncio.timeout(NEXT):
                                await counted()
            await send(message)

        await self._app(scope, counted, after_the_body)
