"""What waits to be written: bounded, the oldest go."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from riskspace.store.entries import Entry, Fields
from riskspace.store.protocol import Stream
from riskspace.store.records import RecordForm, Records

# Entries that every queue holds, however few its stream keeps.
LEAST = 1000


class Queue(Protocol):
    """Entries on their way to one stream. `most` may wait; past it the oldest go, counted in
    `lost`. `len` counts those that aren't written yet."""

    stream: Stream
    most: int
    lost: int

    def __len__(self) -> int: ...

    def next(self, most: int) -> Sequence[Fields]:
        """The oldest entries, as text: the same ones until they are `written`, and not lost."""

    def written(self) -> None:
        """The store has acknowledged what `next` gave."""


class EntryQueue:
    """Entries one by one; `put` may be called from any thread and never waits."""

    def __init__(self, stream: Stream, capacity: int) -> None:
        self.stream = stream
        self.most = most_of(stream, capacity)
        self.lost = 0
        self._waiting: deque[Entry] = deque(maxlen=self.most)
        self._writing: list[Fields] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._writing)

    def put(self, entry: Entry) -> None:
        if len(self._waiting) == self.most:
            self.lost += 1
        self._waiting.append(entry)

    def next(self, most: int) -> Sequence[Fields]:
        if not self._writing:
            count = min(most, len(self._waiting))
            self._writing = [self._waiting.popleft().fields() for _ in range(count)]
        return self._writing

    def written(self) -> None:
        self._writing = []


class RecordQueue:
    """Prediction records, many together; for the event loop's thread alone."""

    def __init__(self, stream: Stream, form: RecordForm, capacity: int) -> None:
        self.stream = stream
        self.most = most_of(stream, capacity)
        self.lost = 0
        self._form = form
        self._waiting: deque[Records] = deque()
        self._count = 0
        self._gone = 0  # of the first ones
        self._writing: list[Fields] = []

    def __len__(self) -> int:
        return self._count + len(self._writing)

    def put(self, records: Records) -> None:
        self._waiting.append(records)
        self._count += len(records)
        while self._count > self.most:
            _, start, stop = self._shift(self._count - self.most)
            self.lost += stop - start

    def next(self, most: int) -> Sequence[Fields]:
        if not self._writing:
            writing: list[Fields] = []
            while self._waiting and len(writing) < most:
                writing += self._form.entries(*self._shift(most - len(writing)))
            self._writing = writing
        return self._writing

    def written(self) -> None:
        self._writing = []

    def _shift(self, most: int) -> tuple[Records, int, int]:
        """Takes off the oldest, at most so many; where they are: from, and to before."""
        records, start = self._waiting[0], self._gone
        stop = min(len(records), start + most)
        self._gone = stop
        if stop == len(records):
            self._waiting.popleft()
            self._gone = 0
        self._count -= stop - start
        return records, start, stop


def most_of(stream: Stream, capacity: int) -> int:
    """Beyond what the stream keeps, none needs to wait."""
    return min(capacity, max(stream.max_entries, LEAST))
