"""Streams in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.maint_notifications import MaintNotificationsConfig

from riskspace.settings import Settings
from riskspace.store.entries import Fields, Page
from riskspace.store.protocol import ID, Mark, StoreError, Stream

# A batch of entries as one argument (MessagePack, a list of fields and values an entry): a command
# an entry costs twenty times as much here, and a little more there. KEYS[2] has the number behind
# the last entry that this writer wrote.
APPEND = """
local entries, number = cmsgpack.unpack(ARGV[1]), tonumber(ARGV[4])
local written = tonumber(redis.call('GET', KEYS[2]) or 0)
for _, entry in ipairs(entries) do
    if number >= written then
        redis.call('XADD', KEYS[1], '*', unpack(entry))
    end
    number = number + 1
end
redis.call('SET', KEYS[2], math.max(number, written), 'EX', ARGV[5])
redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[2])
local most, size = tonumber(ARGV[3]), redis.call('MEMORY', 'USAGE', KEYS[1])
if size > most then
    -- A tenth below the limit, so that the next entries don't trim again at once.
    local fitting = math.floor(redis.call('XLEN', KEYS[1]) * 0.9 * most / size)
    redis.call('XTRIM', KEYS[1], 'MAXLEN', fitting)
end
"""
# Seconds after its last write that a writer may still come with what it wrote before.
REMEMBERED = 7 * 24 * 3600
# Entries read at once while a filter looks for its own, and at most for one page.
CHUNK = 500
MAX_SCANNED = 20_000
# How long ago a clock may have been ahead of Redis's, where `since` becomes an id.
CLOCK_SKEW = 60.0
# Seconds that Redis has to show that it is there: a probe must not hang with it.
PING_PATIENCE = 0.5


class RedisStore:
    """One client for the process's life; each call fails within about a second or two."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._append = client.register_script(APPEND)

    @classmethod
    def of(cls, settings: Settings) -> RedisStore:
        return cls(
            Redis(
                host=settings.redis_host,
                port=settings.redis_port,
                db=settings.redis_db,
                decode_responses=True,
                socket_connect_timeout=1,
                socket_timeout=2,
                retry=Retry(NoBackoff(), 0),  # the writer retries, with what it holds
                # Where they are on, a connection that a restart has cut is used once more.
                maint_notifications_config=MaintNotificationsConfig(enabled=False),
            )
        )

    async def append(self, stream: Stream, entries: Sequence[Fields], mark: Mark) -> None:
        if not entries:
            return
        flat = [[text for pair in fields.items() for text in pair] for fields in entries]
        async with _translated():
            await self._append(
                keys=[stream.key, f"{stream.key}:{mark.writer}"],
                args=[
                    _packed(flat),
                    stream.max_entries,
                    stream.max_bytes,
                    mark.first,
                    REMEMBERED,
                ],
            )

    async def page(
        self,
        stream: Stream,
        limit: int,
        *,
        before: str | None = None,
        since: float | None = None,
        keep: Callable[[Fields], bool] = lambda _: True,
    ) -> Page:
        if before is not None and not ID.fullmatch(before):
            raise ValueError("not an id of this stream")
        # An id starts with the time of its arrival, which is never before the entry's own.
        oldest = "-" if since is None else str(max(0, int((since - CLOCK_SKEW) * 1000)))
        async with _translated():
            total = await self._client.xlen(stream.key)
            return await self._scan(stream, limit, before, oldest, keep, total)

    async def _scan(
        self,
        stream: Stream,
        limit: int,
        before: str | None,
        oldest: str,
        keep: Callable[[Fields], bool],
        total: int,
    ) -> Page:
        found: list[tuple[str, Fields]] = []
        cursor = before
        for _ in range(0, MAX_SCANNED, CHUNK):
            newest = "+" if cursor is None else f"({cursor}"
            chunk: Any = await self._client.xrevrange(stream.key, newest, oldest, count=CHUNK)
            for id_, fields in chunk:
                if keep(fields):
                    if len(found) == limit:
                        return Page(tuple(found), total, found[-1][0])
                    found.append((id_, fields))
                cursor = id_
            if len(chunk) < CHUNK:
                return Page(tuple(found), total, None)
        return Page(tuple(found), total, cursor)

    async def clear(self, stream: Stream) -> None:
        async with _translated():
            await self._client.delete(stream.key)

    async def connected(self) -> bool:
        try:
            answer: Any = await asyncio.wait_for(self._client.ping(), PING_PATIENCE)
        except (RedisError, OSError, TimeoutError):
            return False
        return bool(answer)

    async def close(self) -> None:
        await self._client.aclose()


def _packed(entries: list[list[str]]) -> bytes:
    try:
        return msgspec.msgpack.encode(entries)
    except UnicodeEncodeError:  # half a surrogate must not stop the writer
        return msgspec.msgpack.encode(
            [
                [text.encode(errors="backslashreplace").decode() for text in entry]
                for entry in entries
            ]
        )


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    # A connection that has closed meanwhile is a RuntimeError of uvloop's.
    except (RedisError, OSError, RuntimeError) as error:
        raise StoreError(type(error).__name__) from error
