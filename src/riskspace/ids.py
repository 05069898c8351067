"""Ids that nobody gave before: 128 random bits in hexadecimal."""

from __future__ import annotations

import os

_SIZE = 16
_AT_ONCE = 128

_ready: list[str] = []


def new_id() -> str:
    """One id. May be called from any thread."""
    try:
        return _ready.pop()
    except IndexError:
        # The system's generator is asked for many at once: the call costs more than the id.
        *rest, one = new_ids(_AT_ONCE)
        _ready.extend(rest)
        return one


def new_ids(count: int) -> list[str]:
    return os.urandom(_SIZE * count).hex(" ", _SIZE).split()


# A forked process must not give what its parent gives.
os.register_at_fork(after_in_child=_ready.clear)
