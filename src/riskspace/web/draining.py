"""The rest of a body that nobody wanted: a client that is still sending when its connection closes
gets a reset, and never sees the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Bytes that are read and thrown away before an answer leaves, and seconds that it may take.
DRAINED = 32 * 1024 * 1024
PATIENCE = 10.0


class ReadToTheEnd:
    """Reads what the application left of a request's body before its answer leaves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        complete, size = False, 0

        async def counted() -> Message:
            nonlocal complete, size
            message = await receive()
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            return message

        async def after_the_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        while not complete and size <= DRAINED:
                            await counted()
            await send(message)

        await self._app(scope, counted, after_the_body)
