"""What a store does, whichever it is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import chain

import pytest
from store.streams import add, numbered, numbers

from riskspace.store.entries import Fields, Page
from riskspace.store.memory import MemoryStore
from riskspace.store.protocol import Store, Stream

pytestmark = pytest.mark.anyio


def even(fields: Fields) -> bool:
    return int(fields["n"]) % 2 == 0


async def test_entries_come_back_as_they_were_newest_first(store: Store, stream: Stream) -> None:
    entries = [{"a": "1", "b": ""}, {"a": "é\n🎈", "c d": '"'}, {"a": "x" * 10_000}]
    await add(store, stream, entries[:2])
    await add(store, stream, entries[2:])
    page = await store.page(stream, 10)
    assert [dict(fields) for _, fields in page.entries] == entries[::-1]
    assert page.total == 3
    assert page.next_cursor is None


async def test_a_text_that_is_no_unicode_is_kept_all_the_same(store: Store, stream: Stream) -> None:
    await add(store, stream, [{"a": "half a pair: \ud800"}])
    ((_, fields),) = (await store.page(stream, 1)).entries
    assert fields["a"].startswith("half a pair: ")


async def test_ids_are_never_the_same(store: Store, stream: Stream) -> None:
    for _ in range(3):
        await add(store, stream, numbered(100))
    page = await store.page(stream, 1000)
    assert len({id_ for id_, _ in page.entries}) == 300


async def test_a_stream_is_empty_when_nothing_was_appended(store: Store, stream: Stream) -> None:
    await add(store, stream, [])
    assert await store.page(stream, 10) == Page((), 0, None)


async def pages(store: Store, stream: Stream, limit: int) -> list[list[int]]:
    found, cursor = [], None
    while True:
        page = await store.page(stream, limit, before=cursor, keep=even)
        found.append(numbers(page))
        assert page.total == 51
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 5, 25, 26, 27, 1000])
async def test_a_cursor_leads_to_the_end_without_loss_or_repeat(
    store: Store, stream: Stream, limit: int
) -> None:
    await add(store, stream, numbered(51))
    found = await pages(store, stream, limit)
    assert list(chain(*found)) == list(range(50, -1, -2))
    assert all(len(page) == limit for page in found[:-1])
    assert 1 <= len(found[-1]) <= limit


async def test_a_cursor_keeps_its_place_when_entries_arrive(store: Store, stream: Stream) -> None:
    await add(store, stream, numbered(10))
    first = await store.page(stream, 4)
    await add(store, stream, numbered(10, start=10))
    second = await store.page(stream, 4, before=first.next_cursor)
    assert numbers(first) + numbers(second) == [9, 8, 7, 6, 5, 4, 3, 2]


async def test_a_cursor_keeps_its_place_when_its_entry_is_gone(
    store: Store, stream: Stream
) -> None:
    short = Stream(stream.key, max_entries=5)
    await add(store, short, numbered(5))
    cursor = (await store.page(short, 4)).next_cursor
    await add(store, short, numbered(5, start=5))
    assert numbers(await store.page(short, 4, before=cursor)) == []


NEVER_GIVEN = (
    *("", "x", "-", "+", "$", "1-", "-1-1", "1-1\n", "1 - 1", "(1-1", "١-١", "1-1-1", "0-0"),
    *("99999999999999999999-0", "0-18446744073709551616", "9" * 5000),
)


@pytest.mark.parametrize("cursor", NEVER_GIVEN)
async def test_a_cursor_is_refused_when_it_was_never_given(
    store: Store, stream: Stream, cursor: str
) -> None:
    await add(store, stream, numbered(1))
    with pytest.raises(ValueError, match=r".+"):
        await store.page(stream, 10, before=cursor)


async def test_since_and_a_filter_agree(store: Store, stream: Stream) -> None:
    now = time.time()
    await add(store, stream, numbered(10))
    assert numbers(await store.page(stream, 3, since=now - 1, keep=even)) == [8, 6, 4]
    assert numbers(await store.page(stream, 3, since=-1e11, keep=even)) == [8, 6, 4]
    later = await store.page(stream, 3, since=now + 3600, keep=lambda _: False)
    assert later == Page((), 10, None)


async def kept(store: Store, stream: Stream) -> Sequence[int]:
    return numbers(await store.page(stream, 100_000))[::-1]


@pytest.mark.parametrize("at_once", [1, 7, 30])
async def test_the_oldest_go_when_there_are_too_many(
    store: Store, stream: Stream, at_once: int
) -> None:
    short = Stream(stream.key, max_entries=10)
    for start in range(0, 30, at_once):
        await add(store, short, numbered(min(at_once, 30 - start), start))
    assert await kept(store, short) == list(range(20, 30))
    assert (await store.page(short, 1)).total == 10


async def test_the_oldest_go_when_they_are_too_large(store: Store, stream: Stream) -> None:
    small = Stream(stream.key, max_entries=100_000, max_bytes=100_000)
    for start in range(0, 2000, 100):
        await add(store, small, [{**e, "text": "x" * 200} for e in numbered(100, start)])
    left = await kept(store, small)
    assert left == list(range(2000 - len(left), 2000))
    assert 200 <= len(left) <= 500  # 100 kB of about 200 bytes each, less what Redis adds


async def test_an_entry_goes_when_it_alone_is_too_large(store: Store, stream: Stream) -> None:
    small = Stream(stream.key, max_entries=10, max_bytes=10_000)
    await add(store, small, [{"n": "0", "text": "x" * 100_000}])
    assert await kept(store, small) == []
    await add(store, small, numbered(1, start=1))
    assert await kept(store, small) == [1]


async def test_a_stream_is_cleared_alone(store: Store, stream: Stream) -> None:
    other = Stream(stream.key + ":other", 10)
    await add(store, stream, numbered(3))
    await add(store, other, numbered(2))
    await store.clear(stream)
    await store.clear(stream)
    assert await kept(store, stream) == []
    assert await kept(store, other) == [0, 1]
    await add(store, stream, numbered(1, start=9))
    assert await kept(store, stream) == [9]


async def test_only_redis_counts_as_connected(store: Store) -> None:
    assert await store.connected() is not isinstance(store, MemoryStore)
