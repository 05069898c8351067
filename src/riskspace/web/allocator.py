"""Memory that a large body needed, kept for the next one."""

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


def keep_freed_memory() -> None:
    """Makes glibc keep what was freed, up to KEPT bytes, instead of giving it back at once: the
    system clears each page anew, which takes longer than all copies of a batch. Where there is
    another C library it does nothing."""
    share_arena()
    _set(_MMAP_THRESHOLD, KEPT)
    _set(_TRIM_THRESHOLD, KEPT)


def share_arena() -> None:
    """Makes threads share what glibc keeps of freed memory: else each keeps its own."""
    _set(_ARENA_MAX, 1)


def _set(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(option, value)
