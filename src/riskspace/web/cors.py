"""Which other sites' pages may call the API: those that CORS_ORIGINS names, none without it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

METHODS = ("GET", "HEAD", "POST", "DELETE")
SENT = ("Authorization", "X-Request-ID")
SHOWN = ("Allow", "Retry-After", "WWW-Authenticate", "X-Request-ID")


class Cors(CORSMiddleware):
    """Starlette's, without credentials: there are no cookies, and a page that has the admin token
    sends it itself. Add it where there are origins; without it no answer has a word for a browser.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(app, origins, METHODS, SENT, expose_headers=SHOWN)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What is allowed, whatever was asked for: the browser compares (Fetch standard, 4.8)."""
        headers = super().preflight_response(request_headers).headers
        about = {name: value for name, value in headers.items() if not name.startswith("content-")}
        return Response(status_code=204, headers=about)
