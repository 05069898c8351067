"""The engine's thread and its caller's are on two processors while they work together."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from riskspace.model.neighbour import Neighbour

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="nobody says which processors there are"
)


def mask() -> set[int]:
    return os.sched_getaffinity(0)


@pytest.fixture
def caller() -> ThreadPoolExecutor:
    """A thread whose processors no other test minds."""
    return ThreadPoolExecutor(1)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is but one processor")
def test_they_are_apart_and_the_caller_is_free_again_afterwards(caller: ThreadPoolExecutor) -> None:
    neighbour = Neighbour("test")
    free = mask()

    def together() -> tuple[set[int], set[int], set[int]]:
        with suppress(ZeroDivisionError), neighbour.apart():
            mine, its = mask(), neighbour.submit(mask).result()
            raise ZeroDivisionError
        return mine, its, mask()

    for _ in range(2):  # where they were apart the time before doesn't matter
        mine, its, afterwards = caller.submit(together).result()
        assert len(mine) == 1
        assert its == free - mine
        assert afterwards == free


def test_the_caller_is_freed_by_whoever_ends_it(caller: ThreadPoolExecutor) -> None:
    apart, free = Neighbour("test").apart(), mask()
    caller.submit(apart.__enter__).result()
    apart.__exit__(None, None, None)
    assert caller.submit(mask).result() == free == mask()


def test_a_caller_with_one_processor_shares_it(caller: ThreadPoolExecutor) -> None:
    neighbour = Neighbour("test")
    free = mask()

    def together() -> set[int]:
        os.sched_setaffinity(0, {min(free)})
        with neighbour.apart():
            return neighbour.submit(mask).result()

    assert caller.submit(together).result() == {min(free)}, "as it began it"


def test_who_may_not_choose_goes_on(
    caller: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", refused)
    neighbour = Neighbour("test")

    def together() -> int:
        with neighbour.apart():
            return neighbour.submit(sum, (1, 2)).result()

    assert caller.submit(together).result() == 3


def test_it_leaves_nothing_to_the_collector() -> None:
    """Which hardly ever comes: three kilobytes a batch were half a megabyte a minute."""
    neighbour = Neighbour("test")
    with neighbour.apart():
        pass
    gc.collect()
    gc.disable()
    try:
        for _ in range(100):
            with neighbour.apart():
                pass
        assert gc.collect() < 100
    finally:
        gc.enable()
