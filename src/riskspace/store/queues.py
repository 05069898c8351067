"""What waits to be written: bounded, the oldest go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from riskspace.ids import new_id
from riskspace.store.entries import Entry, Fields
from riskspace.store.protocol import Mark, Stream
from riskspace.store.records import RecordForm, Records

# Entries that every queue holds, however few its stream keeps.
LEAST = 1000
# Bytes that a queue of records holds at most, and its journal.
BYTES = 64 * 1024 * 1024
# Of a record without its inputs.
_SIZE = 128


class Queue(Protocol):
    """Entries on their way to one stream. `most` may wait; past it the oldest go, counted in
    `lost`. `missed` counts those that a journal couldn't take. `len` counts those that aren't
    written yet."""

    stream: Stream
    most: int
    lost: int

    def __len__(self) -> int: ...

    @property
    def missed(self) -> int: ...

    def next(self, most: int) -> tuple[Sequence[Fields], Mark]:
        """The oldest entries, as text, and where they stand: the same ones until they are
        `written`, and not lost."""

    def written(self) -> None:
        """The store has acknowledged what `next` gave."""


class EntryQueue:
    """Entries one by one; `put` may be called from any thread and never waits."""

    missed = 0

    def __init__(self, stream: Stream, capacity: int) -> None:
        self.stream = stream
        self.most = most_of(stream, capacity)
        self.lost = 0
        self._id = new_id()
        self._number = 0
        self._waiting: deque[Entry] = deque(maxlen=self.most)
        self._writing: list[Fields] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._writing)

    def put(self, entry: Entry) -> None:
        if len(self._waiting) == self.most:
            self.lost += 1
        self._waiting.append(entry)

    def next(self, most: int) -> tuple[Sequence[Fields], Mark]:
        if not self._writing:
            count = min(most, len(self._waiting))
            self._writing = [self._waiting.popleft().fields() for _ in range(count)]
        return self._writing, Mark(self._id, self._number)

    def written(self) -> None:
        self._number += len(self._writing)
        self._writing = []


class Book(Protocol):
    """A journal in which records stand while they wait."""

    id: str
    missed: int

    def cut(self, number: int) -> None:
        """Forgets what comes before this number."""


class WrittenBook(Book, Protocol):
    """One that more is written into."""

    def append(self, number: int, records: Records) -> None: ...


class RecordQueue:
    """Prediction records, many together, at most BYTES of them, too; for the event loop's thread
    alone. The `book` is where they come from, or else `write_into` one."""

    def __init__(
        self, stream: Stream, form: RecordForm, capacity: int, book: Book | None = None
    ) -> None:
        self.stream = stream
        self.most = most_of(stream, capacity)
        self.lost = 0
        self.form = form
        self._book = book
        self._append: Callable[[int, Records], None] | None = None
        self._id = book.id if book else new_id()
        self._waiting: deque[tuple[int, Records]] = deque()
        self._number = 0
        self._count = self._bytes = 0
        self._gone = 0  # of the first ones
        self._writing: list[Fields] = []
        self._mark = Mark(self._id, 0)

    def write_into(self, book: WrittenBook) -> None:
        """From now on what is put is there before `put` returns."""
        self._book, self._append, self._id = book, book.append, book.id

    def __len__(self) -> int:
        return self._count + len(self._writing)

    @property
    def missed(self) -> int:
        return self._book.missed if self._book else 0

    def put(self, records: Records) -> None:
        if not records:
            return
        number = self._number
        if self._append:
            self._append(number, records)
        self.restore(number, records)

    def restore(self, number: int, records: Records) -> None:
        """Puts what the book holds already."""
        self._number = number + len(records)
        self._waiting.append((number, records))
        self._count += len(records)
        self._bytes += size_of(records)
        while self._count > self.most:
            self._lose(self._count - self.most)
        while self._bytes > BYTES and len(self._waiting) > 1:
            self._lose(len(self._waiting[0][1]))

    def next(self, most: int) -> tuple[Sequence[Fields], Mark]:
        if not self._writing and self._waiting:
            self._mark = Mark(self._id, self._oldest)
            writing: list[Fields] = []
            # What a journal missed leaves a gap, over which no mark can count.
            while (
                self._waiting
                and len(writing) < most
                and self._oldest == self._mark.first + len(writing)
            ):
                writing += self.form.entries(*self._shift(most - len(writing)))
            self._writing = writing
        return self._writing, self._mark

    def written(self) -> None:
        self._writing = []
        self._cut()

    @property
    def _oldest(self) -> int:
        """The number of the oldest that waits, or else of the next to come."""
        return self._waiting[0][0] + self._gone if self._waiting else self._number

    def _lose(self, most: int) -> None:
        _, start, stop = self._shift(most)
        self.lost += stop - start
        self._cut()

    def _cut(self) -> None:
        if self._book:
            self._book.cut(self._mark.first if self._writing else self._oldest)

    def _shift(self, most: int) -> tuple[Records, int, int]:
        """Takes off the oldest, at most so many; where they are: from, and to before."""
        _, records = self._waiting[0]
        start = self._gone
        stop = min(len(records), start + most)
        self._gone = stop
        if stop == len(records):
            self._waiting.popleft()
            self._bytes -= size_of(records)
            self._gone = 0
        self._count -= stop - start
        return records, start, stop


def most_of(stream: Stream, capacity: int) -> int:
    """Beyond what the stream keeps, none needs to wait."""
    return min(capacity, max(stream.max_entries, LEAST))


def size_of(records: Records) -> int:
    """Bytes that records take, here and in the journal, roughly."""
    return len(records.inputs) + _SIZE * len(records)
