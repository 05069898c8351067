"""SIGTERM, SIGINT, SIGHUP and Ctrl-C: a clean end at any moment, with status 0."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stack.stacks import STAND_IN, Stack

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]

DOCKER_STOP = 5.0  # seconds; docker itself kills after 10
SILENT_REDIS = {"redis-server": f'{STAND_IN} 127.0.0.1 "$REDIS_PORT" never_answers'}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stack_that_is_up_stops(start: Start, number: signal.Signals) -> None:
    stack = start().up()
    asked = time.monotonic()
    assert stack.stop(number) == 0
    assert time.monotonic() - asked < DOCKER_STOP
    assert "❌" not in str(stack.stderr)


@pytest.mark.parametrize(
    ("stage", "options"),
    [
        ("📦", {}),
        ("Tentative 1/10", {"tools": SILENT_REDIS}),
        ("✅ Redis prêt!", {}),
        ("Tentative 1/30", {"api": "never_answers"}),
        ("✅ API prête!", {}),
        ("🎨", {"ui": "never_answers"}),
    ],
)
def test_a_boot_stops_at_any_stage(start: Start, stage: str, options: dict[str, object]) -> None:
    # A try longer than the time it may take: nothing waits for the end of one.
    stack = start(**options, environ={"TRY_SECONDS": "60"}).until(stage)
    asked = time.monotonic()
    assert stack.stop() == 0
    assert time.monotonic() - asked < DOCKER_STOP
    assert "Running on local URL" not in str(stack.stdout)
    assert "❌" not in str(stack.stderr)


def test_ctrl_c_on_a_terminal_is_clean_too(start: Start) -> None:
    """It reaches every process of the terminal's group, not start.sh alone."""
    stack = start(ui="needs_at_its_end redis://127.0.0.1:$REDIS_PORT").up()
    stack.interrupt_group()
    assert stack.status() == 0
    # What the programs say while they stop still comes through.
    assert stack.stdout.to_the_end()[-1] == f"reached redis://127.0.0.1:{stack.redis_port}"
    assert "Traceback" not in str(stack.stderr)
    assert "❌" not in str(stack.stderr)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stack_stops_though_it_was_started_with_the_signal_ignored(
    start: Start, number: signal.Signals
) -> None:
    """As the background jobs of a script are."""
    stack = start(under=["env", "--ignore-signal=INT,TERM"]).up()
    assert stack.stop(number) == 0


def test_a_second_signal_changes_nothing(start: Start) -> None:
    stack = start(ui="needs_at_its_end http://127.0.0.1:$API_PORT").up()
    stack.send(signal.SIGTERM)
    stack.send(signal.SIGTERM)
    stack.send(signal.SIGINT)
    assert stack.status() == 0
    assert stack.stdout.to_the_end()[-1].startswith("reached")


def test_each_program_stops_before_what_it_needs(start: Start) -> None:
    """The UI's last requests find the API, and the API's queue drains into Redis."""
    stack = start(
        ui="needs_at_its_end http://127.0.0.1:$API_PORT/",
        api="needs_at_its_end redis://127.0.0.1:$REDIS_PORT",
    ).up()
    assert stack.stop() == 0
    assert stack.stdout.to_the_end()[-2:] == [
        f"reached http://127.0.0.1:{stack.api_port}/",
        f"reached redis://127.0.0.1:{stack.redis_port}",
    ]
    written = b"".join(path.read_bytes() for path in _files(stack.run_dir / "data"))
    assert b"last" in written


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
