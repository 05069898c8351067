"""Streams in this process's memory: for `LOGGING_HANDLER=stdout`, where no Redis is asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import count

from riskspace.store.entries import Fields, Page
from riskspace.store.protocol import ID, Mark, Stream


class MemoryStore:
    """Keeps entries until the process ends; `max_bytes` is counted in characters of text."""

    def __init__(self) -> None:
        self._streams: dict[str, deque[tuple[int, Fields]]] = {}
        self._sizes: dict[str, int] = {}
        self._ids = count(1)

    async def append(
        self,
        stream: Stream,
        entries: Sequence[Fields],
        mark: Mark,  # noqa: ARG002 - what was added is acknowledged: nobody adds it again
    ) -> None:
        kept = self._streams.setdefault(stream.key, deque())
        size = self._sizes.get(stream.key, 0)
        for fields in entries:
            kept.append((next(self._ids), fields))
            size += _size(fields)
        while len(kept) > stream.max_entries or size > stream.max_bytes:
            size -= _size(kept.popleft()[1])
        self._sizes[stream.key] = size

    async def page(
        self,
        stream: Stream,
        limit: int,
        *,
        before: str | None = None,
        since: float | None = None,  # noqa: ARG002 - `keep` is exact; this only saves Redis a scan
        keep: Callable[[Fields], bool] = lambda _: True,
    ) -> Page:
        kept = self._streams.get(stream.key, deque())
        if before is not None and not ID.fullmatch(before):
            raise ValueError("not an id of this stream")
        newest = int(before.partition("-")[0]) if before is not None else None
        older = [(i, f) for i, f in reversed(kept) if (newest is None or i < newest) and keep(f)]
        chosen = tuple((f"{i}-0", fields) for i, fields in older[:limit])
        return Page(chosen, len(kept), chosen[-1][0] if len(older) > limit else None)

    async def clear(self, stream: Stream) -> None:
        self._streams.pop(stream.key, None)
        self._sizes.pop(stream.key, None)

    async def connected(self) -> bool:
        return False

    async def close(self) -> None:
        self._streams.clear()


def _size(fields: Fields) -> int:
    return sum(len(name) + len(value) for name, value in fields.items())
