"""Several processes that answer on one port."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

# prctl(2)
_SET_PARENT_DEATH_SIGNAL = 1


def run(count: int, work: Callable[[], int]) -> int:
    """Runs `work` in so many processes until SIGTERM or SIGINT; one alone runs in this one. They
    end together: where one fails, the others are ended too, and its status is the answer, since
    whoever supervises this process can start all of them afresh.
    """
    if count == 1:
        return work()
    workers = {_fork(work) for _ in range(count)}

    def end(number: int = signal.SIGTERM, _: FrameType | None = None) -> None:
        for worker in workers:
            os.kill(worker, number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    answer = 0
    while workers:
        worker, status = os.wait()
        workers.discard(worker)
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, -signal.SIGTERM, -signal.SIGINT) and answer == 0:
            answer = code if code > 0 else 1
            end()
    return answer


def _fork(work: Callable[[], int]) -> int:
    parent = os.getpid()
    worker = os.fork()
    if worker != 0:
        return worker
    code = 1
    try:
        _end_with(parent)
        code = work()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _end_with(parent: int) -> None:
    """Has the kernel end this process when its parent is killed: it would hold the port."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(1)
