"""A server under test, from its start to its end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bench import processes
from bench.load import HOST

ROOT = Path(__file__).parents[1]
# How far an answer's probability may be from the package's.
TOLERANCE = 1e-9
PATIENCE = 90.0


class ServerError(Exception):
    """A server that doesn't start, or answers wrongly."""


@dataclass(frozen=True, slots=True)
class Contender:
    """How a server is started and asked.

    `command` gets the port and an empty folder; `probability` finds it in an answer's JSON, and is
    None where the server doesn't predict. `redis` says that the server writes to one; `processes`
    are those that answer on its port.
    """

    name: str
    title: str
    command: Callable[[int, Path], Sequence[str]]
    body: bytes
    path: str = "/predict"
    environ: Mapping[str, str] = field(default_factory=dict)
    probability: Callable[[Any], float] | None = None
    redis: bool = False
    processes: int = 1


class Server:
    """A contender as a process of its own session. Its output goes through a pipe that is read.

    `answered` counts what `ask` was answered with 200.
    """

    def __init__(
        self, contender: Contender, expected: float, environ: Mapping[str, str] | None = None
    ) -> None:
        self.contender = contender
        self.port = free_port()
        self.start_seconds = 0.0
        self.answered = 0
        self._expected = expected
        # A process that isn't ready yet is met sooner or later by one of so many new connections.
        self._asked = 1 if contender.processes == 1 else 20 * contender.processes
        self._environ = {**contender.environ, **(environ or {})}
        self._temporary = tempfile.TemporaryDirectory(prefix="bench-")
        self.folder = Path(self._temporary.name)
        self.body = self.folder / "body.json"

    def __enter__(self) -> Self:
        self.body.write_bytes(self.contender.body)
        output = (self.folder / "output").open("wb")
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output)
        output.close()
        self._reader = reader
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self.contender.command(self.port, self.folder),
            cwd=ROOT,
            env=_environment()
            | self._environ
            | {"API_PORT": str(self.port), "RUN_DIR": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=reader.stdin,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert reader.stdin is not None
        reader.stdin.close()
        try:
            self._until_it_answers(started + PATIENCE)
        except BaseException:
            self._end()
            raise
        self.start_seconds = time.perf_counter() - started
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def id(self) -> int:
        """The process's."""
        return self._process.pid

    @property
    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.id)

    @property
    def memory(self) -> float:
        return processes.memory(self.id)

    def check(self) -> None:
        """Asks once. Raises ServerError where the status or the probability is not as expected."""
        status, content = self.ask()
        if status != 200:
            raise ServerError(f"{self.contender.name}: status {status}: {content[:500]!r}")
        if self.contender.probability is not None:
            found = self.contender.probability(json.loads(content))
            if not abs(found - self._expected) <= TOLERANCE:
                raise ServerError(f"{self.contender.name}: {found}, not {self._expected}")

    def ask(self) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", self.contender.path, self.contender.body, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.answered += answer.status == 200
            return answer.status, content
        finally:
            connection.close()

    def _until_it_answers(self, deadline: float) -> None:
        while time.perf_counter() < deadline:
            if self._process.poll() is not None:
                raise ServerError(f"{self.contender.name} ended: {self._last_output()}")
            with suppress(OSError, http.client.HTTPException):
                if all(self.ask()[0] == 200 for _ in range(self._asked)):
                    return
            time.sleep(0.005)
        raise ServerError(f"{self.contender.name} doesn't answer: {self._last_output()}")

    def _last_output(self) -> str:
        return (self.folder / "output").read_bytes()[-2000:].decode(errors="replace")

    def _end(self) -> None:
        """Asks it to end, then makes it, and everything that it started."""
        family = processes.family(self.id)
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        processes.end(family, signal.SIGKILL)
        self._process.wait()
        self._reader.wait(10)
        self._temporary.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    """Nothing of this one that could change a server, but for where programs are."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
