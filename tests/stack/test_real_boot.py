"""The same with the real API and the real page: what the stand-ins can't show."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from real import ROOT, eventually, heaps
from stack.stacks import Stack, contract

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - \w+ - [A-Z]+ - .+")
BACK_WITHIN = {"redis": 3.0, "api": 3.0, "ui": 6.0}


def predict(stack: Stack) -> str:
    """Asks for a prediction as the page does; its id."""
    manifest = json.loads((ROOT / "models/prediabetes/manifest.json").read_text("utf-8"))
    url = f"http://127.0.0.1:{stack.ui_port}/api/predict"
    answer = httpx.post(url, json=manifest["example"]["record"])
    assert answer.status_code == 200, answer.text
    return str(answer.json()["prediction_id"])


def logged(stack: Stack) -> list[str | None]:
    answer = httpx.get(f"http://127.0.0.1:{stack.api_port}/logs", params={"limit": 50})
    return [entry["prediction_id"] for entry in answer.json()["logs"]]


def test_the_space_boots_answers_and_loses_nothing_when_it_stops(
    start: Start, tmp_path: Path
) -> None:
    # A compose file's REDIS_HOST, and a proxy that nobody answers behind, change nothing.
    environ = {"TRY_SECONDS": "20", "REDIS_HOST": "redis", "HTTP_PROXY": "http://127.0.0.1:9"}
    options = {"api": None, "ui": None, "folder": tmp_path, "environ": environ}
    stack = start(**options).up()
    health = httpx.get(f"http://127.0.0.1:{stack.api_port}/health").json()
    assert (health["status"], health["redis_connected"]) == ("healthy", True)
    # Stopped before its log can have been written to Redis for sure.
    prediction_id = predict(stack)
    # One thread may begin while Gradio is imported, before its program says that they share.
    assert heaps(stack.pid("ui")) <= 1
    assert stack.stop() == 0
    own = [line for line in stack.stdout.to_the_end() if not LOG_LINE.fullmatch(line)]
    assert own == contract(stack)

    again = start(**options).until("✅ API prête!")
    assert prediction_id in logged(again)
    assert again.stop() == 0


def test_each_killed_program_is_back_soon(start: Start) -> None:
    stack = start(api=None, ui=None).up()
    before = predict(stack)
    eventually(lambda: before in logged(stack))
    for program, seconds in BACK_WITHIN.items():
        eventually(lambda: stack.state(program) == "RUNNING")  # noqa: B023
        os.kill(stack.pid(program), signal.SIGKILL)
        eventually(lambda: stack.answers(program), seconds)  # noqa: B023
    after = predict(stack)
    eventually(lambda: {before, after} <= set(logged(stack)))
    assert stack.stop() == 0
