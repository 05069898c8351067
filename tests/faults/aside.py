"""A client in a process of its own, so that it waits for nobody but the server."""

from __future__ import annotations

import http.client
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self


class Aside:
    """Runs a file of this folder until it is left; then `found` is what it printed, as JSON."""

    def __init__(self, file: str, *arguments: object) -> None:
        self.found: Any = None
        self._command = [sys.executable, file, *map(str, arguments)]

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        self._process = subprocess.Popen(self._command, env=environ, stdin=pipe, stdout=pipe)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it has begun
        return self

    def __exit__(self, *_: object) -> None:
        output, _ = self._process.communicate()
        self.found = json.loads(output)


def until_left(step: Callable[[], None], found: Callable[[], Any]) -> None:
    """What such a file does: one step after another until its standard input ends."""
    sys.stdout.write("\n")
    sys.stdout.flush()
    while not select.select([sys.stdin], [], [], 0)[0]:
        step()
    json.dump(found(), sys.stdout)


def status(connection: http.client.HTTPConnection, *request: Any) -> int | None:
    """What a request is answered with; None, and the connection is closed, where it isn't."""
    try:
        connection.request(*request)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return None
    return answer.status
