"""Is it alive? Asked all the time, on a connection of its own."""

from __future__ import annotations

import http.client
import sys
import time
from typing import Any

from faults.aside import Aside, status, until_left

# Seconds between two questions, and until one counts as unanswered.
EVERY = 0.05
PATIENCE = 5.0


class Pulse(Aside):
    """Afterwards `longest` is how many seconds `GET /livez` took at most, and `failures` how often
    it was not answered with 200."""

    def __init__(self, port: int) -> None:
        super().__init__(__file__, port)

    @property
    def longest(self) -> float:
        return float(max(self.found["waits"]))

    @property
    def failures(self) -> int:
        return int(self.found["failures"])


def _main(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    waits: list[float] = []
    failures = 0

    def ask() -> None:
        nonlocal failures
        time.sleep(EVERY)
        began = time.monotonic()
        failures += status(connection, "GET", "/livez") != 200
        waits.append(time.monotonic() - began)

    def found() -> dict[str, Any]:
        return {"waits": waits, "failures": failures}

    until_left(ask, found)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
