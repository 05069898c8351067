"""An entry is in Redis once, however often its writer comes with it."""

from __future__ import annotations

import pytest
from store.streams import NewStream, numbered, numbers

from riskspace.store.protocol import Mark, Stream
from riskspace.store.redis import RedisStore

pytestmark = pytest.mark.anyio


async def found(store: RedisStore, stream: Stream) -> list[int]:
    return numbers(await store.page(stream, 1000))[::-1]


async def test_what_was_added_before_is_not_added_again(
    redis_store: RedisStore, stream: Stream
) -> None:
    for first, count in ((0, 5), (0, 5), (3, 4), (1, 2), (7, 1)):
        await redis_store.append(stream, numbered(count, first), Mark("one", first))
    assert await found(redis_store, stream) == list(range(8))


async def test_writers_and_streams_don_t_count_for_each_other(
    redis_store: RedisStore, new_stream: NewStream
) -> None:
    one, other = new_stream(), new_stream()
    for stream in (one, other):
        for writer in ("a", "b"):
            await redis_store.append(stream, numbered(2), Mark(writer, 0))
        assert await found(redis_store, stream) == [0, 1, 0, 1]


async def test_what_was_lost_before_it_was_written_is_no_gap(
    redis_store: RedisStore, stream: Stream
) -> None:
    await redis_store.append(stream, numbered(2), Mark("one", 0))
    await redis_store.append(stream, numbered(2, 10), Mark("one", 10))
    assert await found(redis_store, stream) == [0, 1, 10, 11]


async def test_a_stream_that_is_emptied_doesn_t_get_the_old_ones_back(
    redis_store: RedisStore, stream: Stream
) -> None:
    await redis_store.append(stream, numbered(2), Mark("one", 0))
    await redis_store.clear(stream)
    await redis_store.append(stream, numbered(3), Mark("one", 0))
    assert await found(redis_store, stream) == [2]
