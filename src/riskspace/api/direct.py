"""The short way for the request that comes a thousand times a second: a well-formed POST /predict.

Everything else, and everything that is wrong, goes the long way through the framework, which has
the words for it.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskspace.api.encoder import Encoder
from riskspace.ids import new_id
from riskspace.service import Service
from riskspace.web import bodies
from riskspace.web.headers import NOSNIFF
from riskspace.web.request_id import SHAPE

PATH = "/predict"
_JSON = (b"content-type", b"application/json")


class DirectPrediction:
    """Answers what it can answer by itself, outside all other middleware."""

    def __init__(self, app: ASGIApp, service: Service, encoder: Encoder) -> None:
        self._app = app
        self._service = service
        self._encoder = encoder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = _request_id(scope)
        if request is None or not self._service.quick:
            await self._app(scope, receive, send)
            return
        message = await receive()
        answer = await self._answer(message, request)
        if answer is None:
            await self._app(scope, bodies.replayed(message, receive), send)
            return
        headers = [
            _JSON,
            NOSNIFF,
            (b"content-length", b"%d" % len(answer)),
            (b"x-request-id", request.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, message: Message, request: str) -> bytes | None:
        if message["type"] != "http.request" or message.get("more_body"):
            return None
        body = message.get("body", b"")
        inputs = self._service.decode(body) if len(body) <= bodies.RECORD_LIMIT else None
        if inputs is None:
            return None
        try:
            answer = await self._service.predict_together(inputs, request)
        except Exception:  # the long way meets it again, and knows what to say
            return None
        return self._encoder.prediction(answer)


def _request_id(scope: Scope) -> str | None:
    """The id that the request bears, or a new one; None where a header needs the long way."""
    found, json = None, False
    for header in scope["headers"]:
        name, value = header
        if name == b"content-type":
            if value != b"application/json":
                return None
            json = True
        elif name == b"x-request-id":
            text = value.decode("latin-1")
            if found is not None or not SHAPE.fullmatch(text):
                return None
            found = text
        elif name == b"expect":
            return None
    if not json:
        return None
    return found or new_id()
