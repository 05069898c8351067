"""Stores at a test's own Redis, and entries to put in them."""

from __future__ import annotations

from collections.abc import Callable

from real import RedisServer

from riskspace import settings
from riskspace.store.entries import Fields, Page
from riskspace.store.protocol import Stream
from riskspace.store.redis import RedisStore

NewStream = Callable[..., Stream]


def at(server: RedisServer) -> RedisStore:
    """The store that the settings make for this server."""
    return RedisStore.of(settings.load({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(server.port)}))


def numbered(count: int, start: int = 0) -> list[Fields]:
    return [{"n": str(number)} for number in range(start, start + count)]


def numbers(page: Page) -> list[int]:
    return [int(fields["n"]) for _, fields in page.entries]
