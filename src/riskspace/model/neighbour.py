"""A thread that works while its caller does, on another processor."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Neighbour:
    """One thread, for calls that don't hold the interpreter. It begins with its first call."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)
        self._id: Future[int] | None = None
        self._processor = _processor()

    def submit(self, call: Callable[P, T], *given: P.args, **named: P.kwargs) -> Future[T]:
        return self._executor.submit(call, *given, **named)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keeps the calling thread on its processor meanwhile, and this one off it.

        They wake each other, and a thread is woken where the one is that wakes it: left to the
        scheduler both would soon be on one processor, and take turns. Where there is but one, or no
        way to choose, it does nothing.
        """
        allowed, here = _allowed(), self._processor()
        if here not in allowed or len(allowed) == 1:
            yield
            return
        if self._id is None:
            self._id = self.submit(threading.get_native_id)
        caller = threading.get_native_id()  # a generator may be closed by another thread
        with suppress(OSError):  # whoever may not choose leaves it to the scheduler
            os.sched_setaffinity(self._id.result(), allowed - {here})
            os.sched_setaffinity(caller, {here})
        try:
            yield
        finally:
            with suppress(OSError):
                os.sched_setaffinity(caller, allowed)


def _allowed() -> set[int]:
    """The processors that the calling thread may be on; none where nobody says."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _processor() -> Callable[[], int]:
    """What says which one the calling thread is on: -1 where nobody does. To ask for it costs two
    classes, and only the collector would free them."""
    with suppress(OSError, AttributeError):
        found: Callable[[], int] = ctypes.CDLL(None).sched_getcpu
        return found
    return lambda: -1
