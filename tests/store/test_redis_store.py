"""What Redis alone can do: be long, be away, be stuck, refuse."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest
from real import RedisServer
from redis import Redis
from store.streams import add, at, numbered, numbers

from riskspace.store.entries import Page
from riskspace.store.protocol import Store, StoreError, Stream
from riskspace.store.redis import CHUNK, MAX_SCANNED, RedisStore

pytestmark = pytest.mark.anyio


@contextmanager
def within(seconds: float) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


async def test_a_filter_stops_looking_past_the_limit_and_can_go_on(
    lasting_redis: RedisServer, stream: Stream
) -> None:
    store = at(lasting_redis)
    beyond = 100
    for start in range(0, MAX_SCANNED + beyond, CHUNK):
        await add(store, stream, numbered(min(CHUNK, MAX_SCANNED + beyond - start), start))

    def oldest(fields: object) -> bool:
        return fields in numbered(beyond)

    first = await store.page(stream, 10, keep=oldest)
    assert first.entries == ()
    assert first.next_cursor is not None
    second = await store.page(stream, beyond, before=first.next_cursor, keep=oldest)
    assert numbers(second) == list(range(beyond - 1, -1, -1))
    assert second.next_cursor is None
    await store.close()


CALLS: dict[str, Callable[[Store, Stream], Awaitable[object]]] = {
    "append": lambda store, stream: add(store, stream, numbered(1)),
    "page": lambda store, stream: store.page(stream, 1),
    "clear": lambda store, stream: store.clear(stream),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_fails_at_once_when_redis_is_stopped(
    redis_server: RedisServer,
    redis_store: RedisStore,
    stream: Stream,
    call: Callable[[Store, Stream], Awaitable[object]],
) -> None:
    await call(redis_store, stream)
    redis_server.stop()
    with within(1), pytest.raises(StoreError):
        await call(redis_store, stream)


async def test_a_call_fails_within_three_seconds_when_redis_is_stuck(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    os.kill(redis_server.pid, signal.SIGSTOP)
    with within(3.5), pytest.raises(StoreError):
        await add(redis_store, stream, numbered(1))


async def test_connected_tells_within_a_second_when_redis_is_stopped(
    redis_server: RedisServer, redis_store: RedisStore
) -> None:
    assert await redis_store.connected()
    redis_server.stop()
    with within(1):
        assert not await redis_store.connected()


@pytest.mark.parametrize("before", [True, False], ids=["connected before", "never connected"])
async def test_connected_tells_within_a_second_when_redis_is_stuck(
    redis_server: RedisServer, redis_store: RedisStore, before: bool
) -> None:
    if before:
        assert await redis_store.connected()
    os.kill(redis_server.pid, signal.SIGSTOP)
    with within(1):
        assert not await redis_store.connected()
    os.kill(redis_server.pid, signal.SIGCONT)
    assert await redis_store.connected()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_the_first_call_works_when_redis_is_back(
    redis_server: RedisServer,
    redis_store: RedisStore,
    stream: Stream,
    call: Callable[[Store, Stream], Awaitable[object]],
) -> None:
    """A connection from before the restart must not cost a call."""
    await call(redis_store, stream)
    redis_server.stop()
    await asyncio.to_thread(redis_server.start)
    await call(redis_store, stream)


async def test_a_call_fails_when_redis_refuses(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    with Redis(port=redis_server.port) as client:
        client.set(stream.key, "a text, not a stream")
    for call in (add(redis_store, stream, numbered(1)), redis_store.page(stream, 1)):
        with pytest.raises(StoreError):
            await call


async def test_no_entry_is_written_when_redis_has_no_room(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    await add(redis_store, stream, numbered(3))
    with Redis(port=redis_server.port) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(StoreError):
            await add(redis_store, stream, numbered(3, start=3))
        client.config_set("maxmemory", "0")
    assert numbers(await redis_store.page(stream, 10)) == [2, 1, 0]


async def test_a_batch_is_one_transaction(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    await add(redis_store, stream, numbered(CHUNK))
    with Redis(port=redis_server.port) as client:
        calls: dict[str, dict[str, int]] = client.info("commandstats")
    assert calls["cmdstat_evalsha"]["calls"] - calls["cmdstat_evalsha"]["failed_calls"] == 1
    assert calls["cmdstat_xadd"]["calls"] == CHUNK


async def test_a_stream_is_empty_when_redis_evicted_it(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    await add(redis_store, stream, numbered(3))
    with Redis(port=redis_server.port) as client:
        client.delete(stream.key)
    assert await redis_store.page(stream, 10) == Page((), 0, None)
    await add(redis_store, stream, numbered(1))
    assert (await redis_store.page(stream, 10)).total == 1


def test_a_connection_that_uvloop_has_closed_is_the_store_s_error(
    redis_server: RedisServer, stream: Stream
) -> None:
    """Its word for that is a RuntimeError."""
    uvloop = pytest.importorskip("uvloop")

    async def run() -> None:
        store = at(redis_server)
        await add(store, stream, numbered(1))
        (connection,) = store._client.connection_pool._available_connections
        connection._writer.transport.abort()
        with pytest.raises(StoreError):
            await add(store, stream, numbered(1))
        await add(store, stream, numbered(1))
        await store.close()

    uvloop.run(run())
