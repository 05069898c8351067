from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator

import pytest

from riskspace.supervision.wakeup import Wakeup


@pytest.fixture
def wakeup() -> Iterator[Wakeup]:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    wakeup = Wakeup()
    yield wakeup
    os.close(signal.set_wakeup_fd(-1))
    os.close(wakeup.fd)
    signal.signal(signal.SIGUSR1, before)


def turns(wakeup: Wakeup) -> int:
    """How often a loop that polls the wake-up would go round."""
    count = 0
    while select.select([wakeup.fd], [], [], 0)[0]:
        wakeup.handle_read_event()
        count += 1
    return count


def test_without_a_signal_the_loop_sleeps(wakeup: Wakeup) -> None:
    assert turns(wakeup) == 0


@pytest.mark.parametrize("signals", [1, 2])
def test_a_signal_is_worth_two_turns(wakeup: Wakeup, signals: int) -> None:
    """supervisord reaps in one turn and starts again in the next."""
    for _ in range(signals):
        signal.raise_signal(signal.SIGUSR1)
    assert turns(wakeup) == 2 * signals
