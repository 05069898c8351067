"""The API as a user runs it, but without its supervisor: one process, and its Redis."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import load
from faults.load import example
from real import ROOT, RedisServer, eventually, free_port
from space import answers


@dataclass(frozen=True, slots=True)
class Api:
    process: subprocess.Popen[bytes]
    port: int
    redis: RedisServer
    body: Path
    output: Path

    def most_memory(self) -> float:
        """The largest resident memory so far, in MB (10^6 bytes)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def rate(self, seconds: int, connections: int = 16) -> float:
        """Predictions a second, as many as it answers."""
        return load.wrk(self.port, "/predict", self.body, seconds, connections).rate


@contextmanager
def api(under: Sequence[str] = (), **variables: str) -> Iterator[Api]:
    """An API that is ready; `under` is a command that runs it."""
    with TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        body, output = folder / "body.json", folder / "output"
        body.write_bytes(example())
        server, port = RedisServer(folder), free_port()
        server.start()
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "src"),
            "MODEL_PATH": str(ROOT / "models/prediabetes"),
            "API_PORT": str(port),
            "LOGGING_HANDLER": "redis",
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(server.port),
            "RUN_DIR": str(folder / "run"),
            **variables,
        }
        with output.open("wb") as out:
            process = subprocess.Popen(
                [*under, sys.executable, "-m", "riskspace.api"],
                cwd=folder,
                env=environ,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 20)
            yield Api(process, port, server, body, output)
        finally:
            process.kill()
            process.wait()
            server.stop()
