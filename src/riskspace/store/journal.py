"""What was answered and isn't in the store yet, on disk: it outlives the process, not the machine.

A process has a folder of its own under RUN_DIR/journal, locked while it lives: `form` (how its
records are put into words) and numbered segments. A segment is frames one after the other: eight
bytes that say how long it is and eight that say the number of its first record, little-endian, and
then the records as MessagePack.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import struct
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from riskspace.ids import new_id
from riskspace.store.records import RecordForm, Records

logger = logging.getLogger("api")

# Bytes of a segment, after which another one is begun: what is in the store goes a segment at a
# time, or at once where nothing waits.
SEGMENT = 4 * 1024 * 1024
# Seconds between two tries to begin on a disk that refuses.
AGAIN = 1.0
# Seconds after which a folder that was never finished is nobody's.
ABANDONED = 60.0

_HEAD = struct.Struct("<QQ")
_FORM = "form"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Records).decode


class Journal:
    """The journal of this process. `missed` counts the records that it couldn't write: an answer
    needs no journal while its process lives."""

    def __init__(self, root: Path, form: RecordForm) -> None:
        self.id = new_id()
        self.missed = 0
        self._root = root
        self._folder = root / self.id
        self._form = form
        self._lock = self._file = -1
        self._path = self._folder
        # Of each full segment its path and the number of the record behind its last.
        self._full: deque[tuple[Path, int]] = deque()
        self._number = self._count = self._size = 0
        self._try_again = 0.0

    def open(self) -> None:
        """Raises OSError where the disk refuses; `append` tries again."""
        # Nobody takes it for a dead one's while it has no lock and no form.
        draft = self._root / f".{self.id}"
        draft.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._lock = _lock(draft)
            (draft / _FORM).write_bytes(msgspec.msgpack.encode(self._form))
            draft.rename(self._folder)
            self._begin()
        except OSError:
            self._close(self._lock)
            self._lock = -1
            for folder in (draft, self._folder):
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def append(self, number: int, records: Records) -> None:
        """Writes records, of which the first has this number."""
        if not self._is_open():
            self.missed += len(records)
            return
        content = _encode(records)
        head = _HEAD.pack(len(content), number)
        size = len(head) + len(content)
        try:
            if os.writev(self._file, (head, content)) < size:
                raise OSError("the disk is full")
        except OSError:
            self.missed += len(records)
            # Half a frame would hide what follows it.
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            return
        self._size += size
        self._number = number + len(records)
        if self._size >= SEGMENT:
            with suppress(OSError):  # then this one becomes longer
                self._begin()

    def cut(self, number: int) -> None:
        """Forgets what comes before this number."""
        while self._full and self._full[0][1] <= number:
            with suppress(OSError):
                self._full.popleft()[0].unlink()
        if self._size and self._number <= number:
            with suppress(OSError):
                os.ftruncate(self._file, 0)
                self._size = 0

    def close(self) -> None:
        """What is left is for the next process."""
        if not self._full and not self._size:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._close(self._file)
        self._close(self._lock)
        self._file = self._lock = -1
        self._try_again = float("inf")

    def _is_open(self) -> bool:
        if self._file < 0 and time.monotonic() >= self._try_again:
            self._try_again = time.monotonic() + AGAIN
            with suppress(OSError):
                self.open()
        return self._file >= 0

    def _begin(self) -> None:
        """Begins a segment; the one before it is closed only when there is one."""
        path = self._folder / f"{self._count + 1:08d}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        file = os.open(path, flags, 0o600)
        if self._file >= 0:
            self._full.append((self._path, self._number))
            self._close(self._file)
        self._file, self._path = file, path
        self._count += 1
        self._size = 0

    @staticmethod
    def _close(descriptor: int) -> None:
        if descriptor >= 0:
            os.close(descriptor)


class Orphan:
    """The journal of a process that has ended, as it left it. Until it is closed, nobody else takes
    it."""

    missed = 0

    def __init__(self, folder: Path, lock: int, form: RecordForm) -> None:
        self.id = folder.name
        self.form = form
        self._folder = folder
        self._lock = lock
        self._end = 0

    def records(self) -> Iterator[tuple[int, Records]]:
        """All that is whole, with the number of each first record. Raises OSError."""
        for path in _segments(self._folder):
            for number, records in _frames(path):
                if not self.form.fits(records):
                    break
                self._end = number + len(records)
                yield number, records

    def cut(self, number: int) -> None:
        """Forgets it all once all of it is written."""
        if number >= self._end:
            self.forget()

    def forget(self) -> None:
        # The form goes last: without it nobody could say what a segment holds.
        for path in _segments(self._folder):
            with suppress(OSError):
                path.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)
        self.close()

    def close(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


class Journals:
    """All that are under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unreadable: set[Path] = set()

    def orphan(self) -> Orphan | None:
        """The oldest that no living process has, and no one has taken: now it is the caller's."""
        for folder in self._folders():
            with suppress(OSError):  # somebody's, or just gone
                if orphan := self._taken(folder, _lock(folder)):
                    return orphan
        return None

    def shed(self, most: int) -> int:
        """Removes the oldest that no living process has, beyond so many bytes of them; the number
        of records in them."""
        lost = size = 0
        for folder in reversed(self._folders()):
            with suppress(OSError):
                lock = _lock(folder)
                size += sum(path.stat().st_size for path in _segments(folder))
                if size <= most:
                    os.close(lock)
                elif orphan := self._taken(folder, lock):
                    lost += sum(len(records) for _, records in orphan.records())
                    orphan.forget()
        return lost

    def _folders(self) -> list[Path]:
        """From the oldest to the newest."""
        found = []
        for folder in self.root.glob("*/"):
            with suppress(OSError):
                changed = folder.stat().st_mtime
                if not folder.name.startswith("."):
                    found.append((changed, folder))
                elif time.time() - changed > ABANDONED:
                    shutil.rmtree(folder, ignore_errors=True)
        return [folder for _, folder in sorted(found)]

    def _taken(self, folder: Path, lock: int) -> Orphan | None:
        try:
            form = msgspec.msgpack.decode((folder / _FORM).read_bytes(), type=RecordForm)
            return Orphan(folder, lock, form)
        except (OSError, msgspec.MsgspecError):
            if folder not in self._unreadable and any(_segments(folder)):
                self._unreadable.add(folder)
                logger.warning("Journal illisible, laissé là: %s", folder)
            os.close(lock)
            return None


def _lock(folder: Path) -> int:
    """Raises OSError where another process has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*"))


def _frames(path: Path) -> Iterator[tuple[int, Records]]:
    """Up to the first that isn't whole."""
    content = memoryview(path.read_bytes())
    start = _HEAD.size
    while start <= len(content):
        size, number = _HEAD.unpack_from(content, start - _HEAD.size)
        if not 0 < size <= len(content) - start:
            return
        try:
            yield number, _decode(content[start : start + size])
        except msgspec.MsgspecError:
            return
        start += size + _HEAD.size
