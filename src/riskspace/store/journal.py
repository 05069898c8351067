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

_HEAD = struct.Struct("<QQ")
_FORM = "form"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Records).decode


class Journal:
    """The journal of this process. `missed` counts the records that it couldn't write."""

    def __init__(self, root: Path, form: RecordForm) -> None:
        """Raises OSError where it can't be written."""
        self.id = new_id()
        self.missed = 0
        self._folder = root / self.id
        self._folder.mkdir(mode=0o700, parents=True)
        self._lock = _lock(self._folder)
        (self._folder / _FORM).write_bytes(msgspec.msgpack.encode(form))
        # Of each full segment its path and the number of the record behind its last.
        self._full: deque[tuple[Path, int]] = deque()
        self._number = self._count = self._size = 0
        self._begin()

    def append(self, number: int, records: Records) -> None:
        """Writes records, of which the first has this number. Where the disk refuses they are
        missed: an answer needs no journal while its process lives."""
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
            self._full.append((self._path, self._number))
            os.close(self._file)
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
        os.close(self._file)
        os.close(self._lock)

    def _begin(self) -> None:
        self._count += 1
        self._path = self._folder / f"{self._count:08d}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._path, flags, 0o600)
        self._size = 0


class Orphan:
    """The journal of a process that has ended, as it left it."""

    missed = 0

    def __init__(self, folder: Path, lock: int, form: RecordForm) -> None:
        self.id = folder.name
        self.form = form
        self._folder = folder
        self._lock: int | None = lock
        self._end = 0

    def records(self) -> Iterator[tuple[int, Records]]:
        """All that is whole, with the number of each first record."""
        for path in sorted(self._folder.glob("[0-9]*")):
            for number, records in _frames(path):
                self._end = number + len(records)
                yield number, records

    def cut(self, number: int) -> None:
        """Forgets it all once all of it is written."""
        if number >= self._end and self._lock is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)
            self._lock = None


def orphans(root: Path) -> list[Orphan]:
    """The journals that no living process has; from now on they are this one's."""
    found = []
    for folder in sorted(root.glob("*/")):
        try:
            lock = _lock(folder)
        except OSError:  # somebody's, or just gone
            continue
        try:
            form = msgspec.msgpack.decode((folder / _FORM).read_bytes(), type=RecordForm)
        except (OSError, msgspec.MsgspecError):
            if any(path.stat().st_size for path in folder.glob("[0-9]*")):
                logger.warning("Journal illisible, laissé là: %s", folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
        else:
            found.append(Orphan(folder, lock, form))
    return found


def _lock(folder: Path) -> int:
    """Raises OSError where another process has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


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
