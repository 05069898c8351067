"""A crowd that comes at once is taken in at once."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, closing

import pytest

from riskspace.web.acceptor import AT_ONCE, Acceptor

uvloop = pytest.importorskip("uvloop")

CROWD = 4 * AT_ONCE
TURNS = 40


class Counting(asyncio.Protocol):
    """What is taken in."""

    def __init__(self, found: list[asyncio.Protocol]) -> None:
        self._found = found

    def connection_made(self, _: asyncio.BaseTransport) -> None:
        self._found.append(self)


def taken_in(beside: bool) -> tuple[int, int]:
    """Connections that a loop has taken in within some turns, and after the server's end."""

    async def run() -> tuple[int, int]:
        loop = asyncio.get_running_loop()
        found: list[asyncio.Protocol] = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = await loop.create_server(
                lambda: Counting(found), sock=listener, backlog=2 * CROWD
            )
            acceptor = Acceptor(listener, lambda: Counting(found)) if beside else None
            with ExitStack() as clients:
                for _ in range(CROWD):
                    client = socket.create_connection(listener.getsockname())
                    clients.enter_context(closing(client))
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                at_once = len(found)
                if acceptor is not None:
                    acceptor.close()
                server.close()
            return at_once, len(found)

    return uvloop.run(run())


def test_all_are_taken_in_within_a_few_turns() -> None:
    assert taken_in(beside=True)[0] == CROWD


def test_the_loop_alone_needs_a_turn_for_each() -> None:
    """What the acceptor is for: where this fails, it can go."""
    assert taken_in(beside=False)[0] < CROWD // 2
