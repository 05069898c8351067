from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import pytest
from containers.engines import Container, build, missing

Run = Callable[..., Container]
Measured = Callable[[str], None]
FIGURES = pytest.StashKey[list[str]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where containers can be run, a test that doesn't run them has failed."""
    report = yield
    if report.skipped and missing() is None:
        report.outcome = "failed"
        report.longrepr = f"skipped, though a Docker engine is here: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if figures := terminalreporter.config.stash.get(FIGURES, []):
        terminalreporter.section("measured on containers")
        terminalreporter.write_line("\n".join(figures))


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Shows a figure at the end of the run, whether its test passes or fails."""
    return request.config.stash.setdefault(FIGURES, []).append


@pytest.fixture(scope="session")
def engine() -> None:
    if reason := missing():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def space_image(engine: None) -> str:
    """Dockerfile.hf: all in one."""
    return build("riskspace-test-space", "--file", "Dockerfile.hf")


@pytest.fixture(scope="session")
def ui_image(engine: None) -> str:
    """The stage `ui` of Dockerfile.hf: the page alone."""
    return build("riskspace-test-ui", "--file", "Dockerfile.hf", "--target", "ui")


@pytest.fixture(scope="session")
def api_image(engine: None) -> str:
    """Dockerfile: the API alone."""
    return build("riskspace-test-api")


def starting() -> Iterator[Run]:
    started: list[Container] = []

    def run(*arguments: object, **options: object) -> Container:
        started.append(Container(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    yield run
    for container in started:
        container.remove()


@pytest.fixture
def run(engine: None) -> Iterator[Run]:
    """Starts containers that end with the test."""
    yield from starting()


@pytest.fixture(scope="module")
def run_early(engine: None) -> Iterator[Run]:
    """Starts containers that end with the module."""
    yield from starting()


@pytest.fixture(scope="module", params=["api", "ui", "space"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each image in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def image(kind: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{kind}_image"))


@pytest.fixture(scope="module")
def inside(run_early: Run, image: str) -> Container:
    """A container of it that does nothing, to look into."""
    return run_early(image, port=None, command=("sleep", "600"))
