"""Once up: what dies comes back, and what can't come back takes everything down."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from real import eventually
from stack.stacks import Stack, restless_root

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]


def test_a_killed_program_is_back_within_three_seconds(start: Start) -> None:
    stack = start().up()
    for program in ("redis", "api", "ui"):
        os.kill(stack.pid(program), signal.SIGKILL)
        killed = time.monotonic()
        eventually(lambda: stack.answers(program), seconds=3)  # noqa: B023
        assert time.monotonic() - killed < 3
    assert stack.stop() == 0


def test_a_program_that_was_running_is_started_again_at_once(start: Start, tmp_path: Path) -> None:
    """Left to itself, supervisord does so a second later (`riskspace.supervision.wakeup`)."""
    stack = start(root=restless_root(tmp_path / "root")).up()
    ports = {"redis": stack.redis_port, "api": stack.api_port, "ui": stack.ui_port}
    for program, port in ports.items():
        eventually(lambda: stack.state(program) == "RUNNING")  # noqa: B023
        killed = stack.pid(program)
        os.kill(killed, signal.SIGKILL)
        # Told by the processes themselves: a question to supervisord would wake it.
        eventually(lambda: stack.serves(port) not in (None, killed), seconds=0.7)  # noqa: B023
    assert stack.stop() == 0


def test_redis_keeps_what_it_acknowledged_when_it_is_killed(start: Start) -> None:
    stack = start().up()
    for number in range(100):
        assert stack.redis("SET", f"key{number}", str(number))
    stack.kill("redis")
    eventually(lambda: stack.answers("redis"))
    assert stack.redis("GET", "key99") == "99"
    assert stack.redis("DBSIZE") == 100
    assert stack.stop() == 0


def test_redis_keeps_what_it_acknowledged_from_one_run_to_the_next(
    start: Start, tmp_path: Path
) -> None:
    first = start(folder=tmp_path).up()
    first.redis("SET", "key", "value")
    assert first.stop() == 0
    second = start(folder=tmp_path).up()
    assert second.redis("GET", "key") == "value"
    assert second.stop() == 0


def test_a_killed_listener_is_back_and_the_stack_stays_up(start: Start) -> None:
    stack = start().up()
    eventually(lambda: stack.state("listener") == "RUNNING")
    stack.kill("listener")
    assert [program for program in ("redis", "api", "ui") if not stack.answers(program)] == []
    assert stack.stop() == 0


def test_a_killed_supervisord_takes_its_programs_along(start: Start) -> None:
    stack = start().up()
    os.kill(stack.supervisord_pid(), signal.SIGKILL)
    # Asked to stop, not left to the last resort: that would take 9 s.
    assert stack.status(within=5) == 1
    assert stack.reason() == "❌ supervisord: tué par SIGKILL, mémoire insuffisante ?"


def test_a_supervisord_that_is_asked_to_stop_is_a_failure_too(start: Start) -> None:
    stack = start().up()
    os.kill(stack.supervisord_pid(), signal.SIGTERM)
    assert stack.status() == 1
    assert stack.reason() == "❌ supervisord: s'est arrêté (code 0)"


def test_a_killed_start_sh_takes_everything_along(start: Start) -> None:
    stack = start().up()
    stack.send(signal.SIGKILL)
    eventually(lambda: not stack.processes())
