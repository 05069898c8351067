"""What of Gradio's own HTTP interface is open: what the page itself calls, and no more."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskspace.errors import BodyTooLarge
from riskspace.web import bodies, problems

_PREFIX = "/gradio_api"
# Uploads, files, proxies and named endpoints are Gradio's too, and nothing here needs them.
_OPEN = re.compile(rf"{_PREFIX}/(heartbeat/[A-Za-z0-9]+|queue/(data|join)|cancel|reset|info)/?")
# Bytes of one event: a form's answers need hundreds.
EVENT_LIMIT = 64 * 1024


class Guard:
    """Answers 404 for the rest of Gradio's interface, and 413 for an event that is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if not _OPEN.fullmatch(scope["path"]):
            answer = problems.problem(request, 404, "There is nothing at this address.")
            await answer(scope, receive, send)
            return
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            body = await bodies.read(request, EVENT_LIMIT)
        except BodyTooLarge as error:
            answer = await problems.request_error(request, error)
            await answer(scope, receive, send)
            return
        await self._app(scope, _again(body, receive), send)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    unread = True

    async def replayed() -> Message:
        nonlocal unread
        if unread:
            unread = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replayed
