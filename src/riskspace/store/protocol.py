"""The small protocol between those who keep entries and those who read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from riskspace.errors import StoreError
from riskspace.store.entries import Fields, Page

__all__ = ["ID", "Mark", "Store", "StoreError", "Stream"]

# The shape of an entry's id in every store: that of Redis, within its 64 bits.
ID = re.compile(r"[1-9][0-9]{0,18}-[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of entries, oldest first, trimmed by count and by size."""

    key: str
    max_entries: int
    max_bytes: int = 64 * 1024 * 1024


class Mark(NamedTuple):
    """Where entries stand among those of one writer: the number of the first of them."""

    writer: str
    first: int


class Store(Protocol):
    """Keeps streams. Every method but `connected` raises StoreError when the store is away."""

    async def append(self, stream: Stream, entries: Sequence[Fields], mark: Mark) -> None:
        """Adds the entries in their order, all or none of them, and trims the oldest. An entry
        whose number was added before, by the same writer, is not added again."""

    async def page(
        self,
        stream: Stream,
        limit: int,
        *,
        before: str | None = None,
        since: float | None = None,
        keep: Callable[[Fields], bool] = lambda _: True,
    ) -> Page:
        """The newest `limit` entries that `keep` accepts, older than the id `before`, and not
        older than `since` (seconds since the epoch).

        Raises ValueError where `before` is no id.
        """

    async def clear(self, stream: Stream) -> None:
        """Removes every entry."""

    async def connected(self) -> bool:
        """Whether Redis answers just now."""

    async def close(self) -> None:
        """Gives back what the store holds."""
