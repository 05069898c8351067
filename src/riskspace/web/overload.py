"""More requests than can be answered in good time: refused at once, and told to come again."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskspace.errors import Overloaded
from riskspace.web import problems
from riskspace.web.headers import NOSNIFF
from riskspace.web.request_id import given_or_new

# Seconds until a refused client had better come again, and between two lines on how many were.
RETRY_AFTER = 1
TELL_EVERY = 10.0
_LATER = {"Retry-After": f"{RETRY_AFTER}"}
_HEADERS = (
    (b"content-type", problems.MEDIA_TYPE.encode()),
    NOSNIFF,
    (b"retry-after", b"%d" % RETRY_AFTER),
)
# As `problems.problem` writes it.
_PROBLEM = (
    f'{{"type": "about:blank", "title": "{problems.title(503)}", "status": 503, "detail": "%s",'
    ' "instance": %s, "request_id": "%s"}'
)
# In the scope of a request that is through the gate already.
_ENTERED = "riskspace.entered"


class Gate:
    """Lets `most` requests be answered at any time. Those for `always` (probes) are not counted,
    nor refused."""

    def __init__(
        self,
        most: int,
        logger: logging.Logger,
        always: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most = most
        self._logger = logger
        self._always = frozenset(always)
        self._clock = clock
        self._answering = 0
        self._refused = 0
        self._tell_again = 0.0

    def lets_in(self, scope: Scope, *, early: bool = False) -> bool:
        """Whether a request may be answered: then it is counted until it `leaves`. One that came
        too `early` has waited to be heard; those who are answered in a crowd have not."""
        if scope["path"] in self._always or _ENTERED in scope:
            return True
        if self._answering >= (max(self.most // 2, 1) if early else self.most):
            self._tell()
            return False
        self._answering += 1
        scope[_ENTERED] = True
        return True

    def leaves(self, scope: Scope) -> None:
        """The request has been answered."""
        if scope.pop(_ENTERED, False):
            self._answering -= 1

    def _tell(self) -> None:
        self._refused += 1
        now = self._clock()
        if now >= self._tell_again:
            self._tell_again = now + TELL_EVERY
            self._logger.warning("Surcharge (demandes refusées: %d au total)", self._refused)


class InFlight:
    """Refuses with 503 what the gate doesn't let in, once its body is there: who sends slowly takes
    no place."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["type"] != "http" or _ENTERED in scope:
                await self._app(scope, receive, send)
            else:
                await self._when_whole(scope, receive, send)
        finally:
            self._gate.leaves(scope)

    async def _when_whole(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        async def receive_whole() -> Message:
            message = await receive()
            whole = message["type"] == "http.request" and not message.get("more_body")
            if whole and not started and not self._gate.lets_in(scope):
                raise Overloaded(_detail(self._gate.most), headers=_LATER)
            return message

        try:
            await self._app(scope, receive_whole, note)
        except Overloaded:  # where the application has no words for it
            headers, body = refusal(scope, self._gate.most)
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def refusal(scope: Scope, most: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body of the answer to a request too many. Made often when there is least time
    for it, so the parts that never change are made before."""
    request = given_or_new(scope)
    body = (_PROBLEM % (_detail(most), json.dumps(scope["path"]), request)).encode()
    return [
        *_HEADERS,
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request.encode()),
    ], body


def _detail(most: int) -> str:
    return f"There are {most} requests already; come again."
