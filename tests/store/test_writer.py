"""Between those who log and the store: nobody waits, order stays, and the bound holds."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from real import RedisServer
from store.streams import NewStream, at

from riskspace.store.entries import Fields
from riskspace.store.protocol import Mark, Store, StoreError, Stream
from riskspace.store.queues import EntryQueue
from riskspace.store.redis import RedisStore
from riskspace.store.writer import BACKLOG, BATCH, LARGE_BATCH, Writer

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Number:
    n: int

    def fields(self) -> dict[str, str]:
        return {"n": str(self.n)}


async def written(store: Store, stream: Stream) -> list[int]:
    page = await store.page(stream, 1_000_000)
    return [int(fields["n"]) for _, fields in reversed(page.entries)]


async def until_written(store: Store, stream: Stream, count: int) -> list[int]:
    for _ in range(200):
        with suppress(StoreError):
            found = await written(store, stream)
            if len(set(found)) >= count:
                return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {count} entries within 10 s")


@asynccontextmanager
async def running(writer: Writer) -> AsyncIterator[None]:
    task = asyncio.create_task(writer.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def put(queue: EntryQueue, *numbers: int) -> None:
    for number in numbers:
        queue.put(Number(number))


def queued(store: Store, stream: Stream, capacity: int = 20_000) -> tuple[Writer, EntryQueue]:
    queue = EntryQueue(stream, capacity)
    return Writer(store, (queue,)), queue


async def test_a_flush_writes_all_that_was_put_in_its_order(
    store: Store, new_stream: NewStream
) -> None:
    one, other = new_stream(), new_stream()
    queues = EntryQueue(one, 20_000), EntryQueue(other, 20_000)
    writer = Writer(store, queues)
    many = range(2 * BATCH + 1)
    put(queues[0], *many)
    put(queues[1], 7, 8)
    await writer.flush()
    assert await written(store, one) == list(many)
    assert await written(store, other) == [7, 8]
    await writer.flush()
    assert len(await written(store, one)) == len(many)


@pytest.mark.parametrize(
    ("waiting", "at_once"), [(10, 10), (BACKLOG, BATCH), (BACKLOG + 1, LARGE_BATCH)]
)
async def test_few_go_at_once_but_for_a_backlog(
    redis_store: RedisStore,
    stream: Stream,
    monkeypatch: pytest.MonkeyPatch,
    waiting: int,
    at_once: int,
) -> None:
    """Whoever asks waits for as many; a backlog would take twice as long by so few."""
    append, sizes = redis_store.append, []

    async def noted(stream: Stream, entries: Sequence[Fields], mark: Mark) -> None:
        sizes.append(len(entries))
        await append(stream, entries, mark)

    monkeypatch.setattr(redis_store, "append", noted)
    writer, queue = queued(redis_store, stream)
    put(queue, *range(waiting))
    await writer.flush()
    assert (max(sizes), sum(sizes)) == (at_once, waiting)


async def test_entries_arrive_by_themselves_when_the_writer_runs(
    store: Store, stream: Stream
) -> None:
    writer, queue = queued(store, stream)
    async with running(writer):
        put(queue, 1, 2, 3)
        assert await until_written(store, stream, 3) == [1, 2, 3]


async def test_put_never_waits_when_redis_is_stuck(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    writer, queue = queued(redis_store, stream)
    os.kill(redis_server.pid, signal.SIGSTOP)
    async with running(writer):
        put(queue, 0)
        await asyncio.sleep(0.1)  # the writer is waiting for Redis now
        started = time.perf_counter()
        put(queue, *range(1, 10_000))
        assert time.perf_counter() - started < 1
        os.kill(redis_server.pid, signal.SIGCONT)
        found = await until_written(redis_store, stream, 10_000)
    # Where the store's patience ended first, what Redis had got was written again.
    assert list(dict.fromkeys(found)) == list(range(10_000))


async def test_the_oldest_go_and_are_counted_when_the_queue_is_full(
    store: Store, stream: Stream
) -> None:
    writer, queue = queued(store, stream, capacity=10)
    put(queue, *range(10))
    assert writer.lost == 0
    put(queue, *range(10, 25))
    assert writer.lost == 15
    await writer.flush()
    assert await written(store, stream) == list(range(15, 25))


async def test_the_log_says_how_many_have_gone_but_not_each(
    store: Store, stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "api")
    writer, queue = queued(store, stream, capacity=10)
    put(queue, *range(25))
    async with running(writer):
        assert await until_written(store, stream, 10) == list(range(15, 25))
        put(queue, *range(25))
        await asyncio.sleep(0.2)
    assert caplog.messages == ["File d'attente pleine (entrées perdues: 15 au total)"]


async def test_a_full_queue_takes_nothing_from_the_others(
    store: Store, new_stream: NewStream
) -> None:
    one, other = new_stream(), new_stream()
    queues = EntryQueue(one, 10), EntryQueue(other, 10)
    writer = Writer(store, queues)
    put(queues[1], 1)
    put(queues[0], *range(100))
    await writer.flush()
    assert await written(store, other) == [1]


async def test_nothing_is_lost_when_redis_goes_and_comes_back(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    writer, queue = queued(redis_store, stream)
    redis_server.stop()
    many = range(BATCH + 10)
    put(queue, *many)
    for _ in range(2):
        with pytest.raises(StoreError):
            await writer.flush()
    put(queue, 9999)
    await asyncio.to_thread(redis_server.start)
    await writer.flush()
    assert await written(redis_store, stream) == [*many, 9999]
    assert writer.lost == 0


async def test_the_bound_holds_while_redis_is_away(
    redis_server: RedisServer, redis_store: RedisStore, stream: Stream
) -> None:
    writer, queue = queued(redis_store, stream, capacity=10)
    redis_server.stop()
    put(queue, 0, 1, 2)
    with pytest.raises(StoreError):
        await writer.flush()  # those three are being written: they don't count any more
    put(queue, *range(3, 20))
    await asyncio.to_thread(redis_server.start)
    await writer.flush()
    assert await written(redis_store, stream) == [0, 1, 2, *range(10, 20)]
    assert writer.lost == 7


async def test_what_was_queued_arrives_by_itself_when_redis_is_back(
    redis_server: RedisServer,
    redis_store: RedisStore,
    stream: Stream,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "api")
    writer, queue = queued(redis_store, stream)
    async with running(writer):
        redis_server.stop()
        put(queue, *range(5))
        for _ in range(100):
            if caplog.messages:
                break
            await asyncio.sleep(0.05)
        await asyncio.to_thread(redis_server.start)
        assert await until_written(redis_store, stream, 5) == list(range(5))
        await writer.flush()  # waits for the write under way, which says so only at its end
    away, back = caplog.messages
    assert away == "Redis ne répond pas (ConnectionError), les entrées attendent"
    assert back == "Redis répond de nouveau"


async def test_a_close_drains(store: Store, stream: Stream) -> None:
    writer, queue = queued(store, stream)
    put(queue, *range(BATCH + 1))
    await writer.close(patience=5)
    assert len(await written(store, stream)) == BATCH + 1


@pytest.mark.parametrize("how", ["stopped", "stuck"])
async def test_a_close_is_bounded_and_says_what_is_lost_when_redis_is(
    redis_server: RedisServer, stream: Stream, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    store = at(redis_server)
    writer, queue = queued(store, stream)
    put(queue, *range(BATCH + 1))
    if how == "stopped":
        redis_server.stop()
    else:
        os.kill(redis_server.pid, signal.SIGSTOP)
    started = time.monotonic()
    await writer.close(patience=0.5)
    assert time.monotonic() - started < 1
    assert caplog.messages[-1] == f"Arrêt sans Redis (entrées non écrites: {BATCH + 1})"
    await store.close()


async def test_entries_arrive_in_each_thread_s_order_when_many_put(
    store: Store, stream: Stream
) -> None:
    writer, queue = queued(store, stream)
    threads = [
        threading.Thread(target=put, args=(queue, *range(first, first + 1000)))
        for first in range(0, 8000, 1000)
    ]
    async with running(writer):
        for thread in threads:
            thread.start()
        found = await until_written(store, stream, 8000)
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(8000))
    for first in range(0, 8000, 1000):
        own = [number for number in found if first <= number < first + 1000]
        assert own == sorted(own)
