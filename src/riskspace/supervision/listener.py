"""Ends supervisord when a program can't be kept up: an event listener, run by supervisord itself.

It writes `PROGRAM: REASON` to the file `failure` of its working directory, which is RUN_DIR.
supervisord would stay up with a program in the state FATAL, and exits with status 0 when it is
ended; start.sh turns the file into a message and into a status.
Protocol: https://supervisord.org/events.html#event-listener-notification-protocol
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from riskspace.supervision import memory
from riskspace.supervision.verdict import Event, Watch, explain, last_exit


def listen(events: BinaryIO, answers: BinaryIO, see: Callable[[Event], None], /) -> None:
    """Hands each event to `see` until supervisord closes the stream."""
    while True:
        _send(answers, b"READY\n")
        if not (header := events.readline()):
            return
        values = dict(pair.split(":", 1) for pair in header.decode().split())
        payload = events.read(int(values["len"])).decode()
        see(Event.parse(values["eventname"], payload))
        _send(answers, b"RESULT 2\nOK")


def _send(answers: BinaryIO, message: bytes) -> None:
    answers.write(message)
    answers.flush()


def reason(run_dir: Path, program: str, cause: str) -> str:
    """The cause, with what the logs in `run_dir` tell of it."""
    end = last_exit(_tail(run_dir / "log/supervisord.log"), program)
    return explain(cause, end, _tail(run_dir / f"log/{program}.log"), memory.limit())


def _tail(path: Path, size: int = 4096) -> str:
    try:
        return path.read_bytes()[-size:].decode(errors="replace")
    except FileNotFoundError:
        return ""


def give(verdict: str, run_dir: Path) -> None:
    """Writes the file `failure`: over a draft that start.sh has made, so that a full disk has room
    for it, and renamed into place, since start.sh may look at any moment."""
    draft = run_dir / "failure.draft"
    with draft.open("r+b" if draft.exists() else "wb") as file:
        file.write(f"{verdict}\n".encode())
        file.truncate()
    draft.rename(run_dir / "failure")


def main(run_dir: Path) -> None:
    supervisord = os.getppid()
    watch = Watch()

    def see(event: Event) -> None:
        cause = watch.see(event, time.monotonic())
        failure = run_dir / "failure"
        if cause is None or failure.exists():
            return
        with suppress(OSError):  # then start.sh says that supervisord has ended, at least
            give(f"{event.program}: {reason(run_dir, event.program, cause)}", run_dir)
        os.kill(supervisord, signal.SIGTERM)

    listen(sys.stdin.buffer, sys.stdout.buffer, see)


if __name__ == "__main__":
    main(Path.cwd())
