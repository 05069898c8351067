"""The README's commands, as a reader types them once `make run` is up."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable

import pytest
from real import ROOT
from stack.stacks import Stack

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]


def curl_commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^(curl (?:.*\\\n)*.*)$", text, re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")
def test_every_curl_command_of_the_readme_is_answered(start: Start) -> None:
    stack = start(api=None, ui=None).up()
    commands = curl_commands()
    assert len(commands) >= 5
    for command in commands:
        here = command.replace(":8000", f":{stack.api_port}").replace(":7860", f":{stack.ui_port}")
        ran = subprocess.run(
            ["bash", "-c", here.replace("curl", "curl -fsS")], capture_output=True, text=True
        )
        assert ran.returncode == 0, f"{command}: {ran.stderr}"
        assert json.loads(ran.stdout), command
    assert stack.stop() == 0
