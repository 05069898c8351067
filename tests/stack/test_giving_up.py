"""A program that can't be kept up. Each case takes seconds of waiting, so all run side by side."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stack.stacks import Stack, restless_root

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]

STOP_BOUND = 10.0  # seconds: what Docker gives a container


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("giving-up")


@pytest.fixture(scope="module")
def stacks(start_early: Start, folder: Path) -> dict[str, Stack]:
    return {
        "ignores SIGTERM": start_early(api="ignores_term", ui="ignores_term"),
        "supervisord hangs": start_early(),
        "nobody listens": start_early(modules={"riskspace.supervision.listener": "false"}),
        "dies at once": start_early(api="dies"),
        "is killed at once": start_early(api="is_killed"),
        "dies again and again": start_early(
            api="dies_after 1.3", root=restless_root(folder / "root")
        ),
        "does not come back": start_early(ui=f"starts_once {folder / 'marker'}"),
        "model is refused": start_early(api=None, environ={"MODEL_PATH": str(folder)}),
    }


def test_what_does_not_stop_is_killed_in_time(stacks: dict[str, Stack]) -> None:
    stubborn = [stacks["ignores SIGTERM"].up(), stacks["supervisord hangs"].up()]
    os.kill(stubborn[1].supervisord_pid(), signal.SIGSTOP)
    asked = time.monotonic()
    for stack in stubborn:
        stack.send(signal.SIGTERM)
    assert [stack.status() for stack in stubborn] == [0, 0]
    assert time.monotonic() - asked < STOP_BOUND


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("dies at once", "❌ API: ne démarre pas: code 3: RuntimeError: no heart"),
        ("is killed at once", "❌ API: ne démarre pas: signal SIGKILL"),
        (
            "dies again and again",
            "❌ API: 5 arrêts en moins de 60 s: code 3: RuntimeError: no heart",
        ),
        ("does not come back", "❌ UI: ne démarre pas: code 3: RuntimeError: no heart"),
        (
            "nobody listens",
            "❌ listener: ne démarre pas, les programmes ne sont plus surveillés",
        ),
        ("model is refused", "❌ API: ne démarre pas: code 1: {folder}/manifest.json"),
    ],
)
def test_what_cannot_be_kept_up_takes_everything_down(
    stacks: dict[str, Stack], folder: Path, case: str, reason: str
) -> None:
    stack = stacks[case]
    assert stack.status() == 1
    # More may follow: the container's limit of memory, what is wrong with the manifest.
    assert stack.reason().startswith(reason.format(folder=folder))


def test_what_does_not_come_back_was_there_before(stacks: dict[str, Stack]) -> None:
    assert "Running on local URL:" in str(stacks["does not come back"].stdout)
