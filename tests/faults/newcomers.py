"""Clients that come once, each on a connection of its own: how soon are they refused?"""

from __future__ import annotations

import http.client
import sys
import time
from pathlib import Path
from typing import Any

from faults.aside import Aside, status, until_left

EVERY = 0.05
PATIENCE = 5.0


class Newcomers(Aside):
    """They send what is in the file `body`. Afterwards `refused` says how many ms each refusal with
    503 took, the quickest first, and `failures` how many got another answer than 200 and 503, or
    none."""

    def __init__(self, port: int, body: Path) -> None:
        super().__init__(__file__, port, body)

    @property
    def refused(self) -> list[float]:
        return sorted(seconds * 1000 for seconds in self.found["refused"])

    @property
    def failures(self) -> int:
        return int(self.found["failures"])


def _main(port: int, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    refused: list[float] = []
    failures = 0

    def ask() -> None:
        nonlocal failures
        time.sleep(EVERY)
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        answer = status(connection, "POST", "/predict", body, headers)
        if answer == 503:
            refused.append(time.monotonic() - began)
        failures += answer not in (200, 503)
        connection.close()

    def found() -> dict[str, Any]:
        return {"refused": refused, "failures": failures}

    until_left(ask, found)


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes())
