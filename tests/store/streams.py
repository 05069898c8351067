"""Stores at a test's own Redis, and entries to put in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from real import RedisServer

from riskspace import settings
from riskspace.ids import new_id
from riskspace.store.entries import Fields, Page
from riskspace.store.protocol import Mark, Store, Stream
from riskspace.store.redis import RedisStore

NewStream = Callable[..., Stream]


def at(server: RedisServer) -> RedisStore:
    """The store that the settings make for this server."""
    return RedisStore.of(settings.load({"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(server.port)}))


async def add(store: Store, stream: Stream, entries: Sequence[Fields]) -> None:
    """Adds entries, each time as another writer."""
    await store.append(stream, entries, Mark(new_id(), 0))


def numbered(count: int, start: int = 0) -> list[Fields]:
    return [{"n": str(number)} for number in range(start, start + count)]


def numbers(page: Page) -> list[int]:
    return [int(fields["n"]) for _, fields in page.entries]
