"""What the HTTP server costs by itself: it reads the body, and gives an answer as long as ours."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from bench import model
from riskspace.api.encoder import Encoder
from riskspace.predictions import Prediction

_manifest = model.manifest()
_encoder = Encoder(_manifest.name, _manifest.version, _manifest.threshold)
ANSWER = _encoder.prediction(Prediction(0, model.probability(), "low", "0" * 32, ()))
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(ANSWER)),
        (b"x-request-id", b"0" * 32),
    ],
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send({"type": "http.response.body", "body": ANSWER})
