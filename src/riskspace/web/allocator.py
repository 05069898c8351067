"""What glibc does with memory that was freed. Where there is another C library, nothing here does
anything."""

from __future__ import annotations

import ctypes
from contextlib import suppress

# mallopt(3): their numbers in glibc's <malloc.h>.
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8

# The most that stays while nobody uses it: a batch of the largest size, in and out, and what it is
# decoded to.
KEPT = 32 * 1024 * 1024


def share_freed_memory() -> None:
    """Makes all threads from here on use one heap. What one of them freed, another can have: with a
    heap for each, a process of many threads grows for hours."""
    _set(_ARENA_MAX, 1)


def keep_freed_memory() -> None:
    """Makes glibc keep what was freed, up to KEPT bytes, instead of giving it back at once: the
    system clears each page anew, which takes longer than all copies of a batch."""
    share_freed_memory()
    _set(_MMAP_THRESHOLD, KEPT)
    _set(_TRIM_THRESHOLD, KEPT)


def _set(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(option, value)
