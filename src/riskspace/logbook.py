"""The log as its readers see it: pages of entries, the newest first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from riskspace.errors import FieldError, StoreUnavailable, bad_input
from riskspace.logs import timestamp
from riskspace.store.entries import Fields, Page
from riskspace.store.protocol import ID, Store, StoreError, Stream
from riskspace.store.writer import Writer

# What a cursor looks like.
CURSOR = f"^{ID.pattern}$"
# Seconds that a reader waits, for those before it too, while Redis hangs.
PATIENCE = 3.0


class Logbook:
    """Reads and empties one stream; what is still queued is written first, so that whoever just
    caused an entry finds it. Both raise StoreUnavailable while the store is away."""

    def __init__(self, store: Store, writer: Writer, stream: Stream) -> None:
        self.stream = stream
        self._store = store
        self._writer = writer

    async def read(
        self, limit: int, level: str | None, since: float | None, cursor: str | None
    ) -> Page:
        """At most `limit` entries: of this level alone, since a time (seconds since the epoch),
        older than a page's cursor.

        Raises BadInput where the cursor is none.
        """
        earliest = "" if since is None else timestamp(since)

        def keep(fields: Fields) -> bool:
            wanted = level is None or fields["level"] == level
            return wanted and fields["timestamp"] >= earliest

        try:
            async with self._up_to_date():
                return await self._store.page(
                    self.stream, limit, before=cursor, since=since, keep=keep
                )
        except ValueError:
            expected = "an earlier next_cursor"
            raise bad_input(
                [FieldError("cursor", "malformed", "is not accepted", expected)]
            ) from None

    async def clear(self) -> None:
        """Removes every entry."""
        async with self._up_to_date():
            await self._store.clear(self.stream)

    @asynccontextmanager
    async def _up_to_date(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._writer.flush()
                yield
        except (StoreError, TimeoutError):
            raise StoreUnavailable(
                "The log can't be read just now: Redis doesn't answer.",
                headers={"Retry-After": "1"},
            ) from None
