"""Headers that tell a browser how little an answer may do."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# The hub shows a Space in a frame of its own pages, so there is no X-Frame-Options, which knows no
# list. Scripts and styles within the page are Gradio's, as is the evaluation of its events' code.
# Nothing comes from another site or goes to one, but that on the hub Gradio asks the hub whether
# the Space is awake.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "connect-src": "'self' data: blob: https://huggingface.co",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self' https://huggingface.co https://*.hf.space",
}
# What is JSON, no browser shows as a page.
NOSNIFF = (b"x-content-type-options", b"nosniff")
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


_JSON = re.compile(r"application/(problem\+)?json\b")


class SecurityHeaders:
    """Adds them to every answer: to JSON the one that keeps it from being taken for something else,
    to the rest all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.raw.append(NOSNIFF)
                if not _JSON.match(headers.get("content-type", "")):
                    headers.update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)
