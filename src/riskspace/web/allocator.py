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
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)  # threads share what is kept
        mallopt(_MMAP_THRESHOLD, KEPT)
        mallopt(_TRIM_THRESHOLD, KEPT)
