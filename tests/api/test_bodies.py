"""A body is read within its bounds, whatever it says of its own length."""

from __future__ import annotations

import asyncio
import tracemalloc
from itertools import count
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from riskspace.errors import BodyTooLarge
from riskspace.web import bodies, draining

CHUNK = 64 * 1024
HEADERS = [(b"transfer-encoding", b"chunked")]
SCOPE: dict[str, Any] = {"type": "http", "method": "POST", "headers": HEADERS}


class Sender:
    """A client that sends chunks without end, or so many."""

    def __init__(self, chunks: int | None = None) -> None:
        self.sent = 0
        self._numbers = iter(count() if chunks is None else range(chunks))

    async def receive(self) -> Message:
        if next(self._numbers, None) is None:
            return {"type": "http.request", "body": b"", "more_body": False}
        self.sent += CHUNK
        return {"type": "http.request", "body": b"x" * CHUNK, "more_body": True}

    def read(self, limit: int) -> bytes:
        return asyncio.run(bodies.read(Request(SCOPE, self.receive), limit))

    def ask(self, limit: int | None) -> int:
        """The status that an application answers which reads so much, or nothing at all."""
        statuses = []

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            status = 204
            if limit is not None:
                try:
                    await bodies.read(Request(scope, receive), limit)
                except BodyTooLarge:
                    status = 413
            await Response(status_code=status)(scope, receive, send)

        async def send(message: Message) -> None:
            statuses.append(message.get("status"))

        asyncio.run(draining.ReadToTheEnd(application)(SCOPE, self.receive, send))
        return int(statuses[0])


@pytest.mark.parametrize("chunks", [0, 1, 7])
def test_a_body_is_read_whole_when_it_is_within_the_limit(chunks: int) -> None:
    assert Sender(chunks).read(limit=7 * CHUNK) == b"x" * (chunks * CHUNK)


def test_a_body_is_refused_when_it_is_one_byte_too_long() -> None:
    with pytest.raises(BodyTooLarge):
        Sender(chunks=7).read(limit=7 * CHUNK - 1)


def test_what_is_left_of_a_body_too_long_is_thrown_away_before_the_answer() -> None:
    sender = Sender(chunks=400)
    tracemalloc.start()
    try:
        status = sender.ask(limit=CHUNK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (status, sender.sent) == (413, 400 * CHUNK)
    assert peak < 10 * CHUNK


def test_a_body_that_nobody_asked_for_is_thrown_away_too() -> None:
    sender = Sender(chunks=10)
    assert sender.ask(limit=None) == 204
    assert sender.sent == 10 * CHUNK


def test_a_body_without_end_is_given_up() -> None:
    endless = Sender()
    assert endless.ask(limit=CHUNK) == 413
    assert endless.sent <= draining.DRAINED + 2 * CHUNK
