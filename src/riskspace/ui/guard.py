"""What of Gradio's own HTTP interface is open: what the page itself calls, and no more."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from riskspace.errors import RequestError
from riskspace.ui import events
from riskspace.ui.public_api import PREFIX
from riskspace.web import bodies, problems

_OWN = "/gradio_api"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
# Uploads, files, proxies, logins, its monitoring and named endpoints are Gradio's too, and nothing
# here needs them.
_OPEN = {
    "GET": re.compile(
        r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt"
        rf"|/(assets|static)(/{_NAME}){{1,6}}|{_OWN}/(heartbeat/[A-Za-z0-9]{{1,64}}|queue/data|info)"
    ),
    "HEAD": re.compile(r"/"),
    "POST": re.compile(rf"{_OWN}/(queue/join|cancel|reset)"),
}
_UNHEARD = {b"origin", b"x-gradio-server"}
_HOSTS = re.compile(rb"[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?(, ?[A-Za-z0-9.:_-]{1,255}){0,9}")
# Bytes of one event: a form's answers need hundreds.
EVENT_LIMIT = 64 * 1024


class Guard:
    """Answers 404 for the rest of what Gradio serves, 405 for another method, and refuses an event
    that is too long, or that no page of ours would send; `inputs` has the number of values that
    each event takes. Gradio isn't told of other sites' pages: on a host that is not this machine it
    would let each of them in, with credentials."""

    def __init__(self, app: ASGIApp, inputs: Mapping[int, int]) -> None:
        self._app = app
        self._inputs = inputs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        methods = [method for method, path in _OPEN.items() if path.fullmatch(scope["path"])]
        if not methods:
            answer = problems.problem(request, 404, "There is nothing at this address.")
            await answer(scope, receive, send)
        elif scope["method"] not in methods:
            headers = {"Allow": ", ".join(methods)}
            detail = "This address doesn't take this method."
            answer = problems.problem(request, 405, detail, headers=headers)
            await answer(scope, receive, send)
        else:
            await self._checked(_credible(scope), receive, send)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            body = await bodies.read(request, EVENT_LIMIT)
            events.check(scope["path"].rsplit("/", 1)[1], body, self._inputs)
        except RequestError as error:
            answer = await problems.request_error(request, error)
            await answer(scope, receive, send)
            return
        whole = {"type": "http.request", "body": body, "more_body": False}
        await self._app(scope, bodies.replayed(whole, receive), send)


def _is_api(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _credible(scope: Scope) -> Scope:
    """A request without other sites' origins, and without proxies that no proxy would name so:
    Gradio makes addresses of them."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in _UNHEARD and (name != b"x-forwarded-host" or _HOSTS.fullmatch(value))
    ]
    return {**scope, "headers": headers}
