"""Real stacks, started and broken by the tests beside this file.

start.sh, supervisord, the listener and redis-server are the real ones. The API and the UI are
stand-ins (`stand_in.py`) unless a test wants the real ones: PYTHON names a small script that
replaces some modules and hands everything else to the interpreter.
"""

from __future__ import annotations

import http.client
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from real import ROOT, eventually, free_port
from redis import Redis, RedisError
from supervisor.childutils import getRPCInterface

STAND_IN = shlex.join([sys.executable, str(Path(__file__).with_name("stand_in.py"))])
ENV = shutil.which("env") or "/usr/bin/env"  # PATH may be a test's own
PATIENCE = 20.0  # seconds, for what takes one on an idle machine


class Process(NamedTuple):
    pid: int
    command: str


def processes_of(run_dir: Path) -> list[Process]:
    """The living processes of a stack, told by RUN_DIR in their environment or by their working
    directory: redis-server overwrites its environment with its title."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            environment = (entry / "environ").read_bytes().split(b"\0")
            inside = (entry / "cwd").readlink().is_relative_to(run_dir)
            if inside or f"RUN_DIR={run_dir}".encode() in environment:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found.append(Process(int(entry.name), command))
    return found


class Lines:
    """What arrives on a pipe, collected as it arrives."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        with self._pipe:
            for line in self._pipe:
                self._lines.append(line.rstrip("\n"))

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._lines))

    def __str__(self) -> str:
        return "\n".join(self)

    def to_the_end(self) -> list[str]:
        self._reader.join(PATIENCE)
        return list(self)


class Stack:
    """One run of start.sh in a folder, with ports of its own.

    `api` and `ui` name a behaviour of `stand_in.py` with its argument, None being the real
    program; `modules` are other modules with the command that replaces them; `tools` are commands
    that come first on PATH; `under` is a command that runs start.sh.
    """

    def __init__(
        self,
        folder: Path,
        *,
        api: str | None = "answers",
        ui: str | None = "answers",
        modules: Mapping[str, str] | None = None,
        tools: Mapping[str, str] | None = None,
        root: Path = ROOT,
        under: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.redis_port, self.api_port, self.ui_port = free_port(), free_port(), free_port()
        replaced = dict(modules or {})
        if api is not None:
            replaced["riskspace.api"] = f'{STAND_IN} 127.0.0.1 "$API_PORT" {api}'
        if ui is not None:
            replaced["riskspace.ui"] = f'{STAND_IN} 0.0.0.0 "$GRADIO_SERVER_PORT" {ui}'
        for name, command in (tools or {}).items():
            script(folder / "bin" / name, f"exec {command}")
        variables = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHON": str(_interpreter(folder / "python", replaced)),
            "RUN_DIR": str(folder / "run"),
            "REDIS_PORT": str(self.redis_port),
            "API_PORT": str(self.api_port),
            "GRADIO_SERVER_PORT": str(self.ui_port),
            **(environ or {}),
        }
        self.run_dir = Path(variables["RUN_DIR"])
        self._process = subprocess.Popen(
            # Whoever runs the tests may ignore SIGHUP, as under nohup.
            [ENV, "--default-signal=HUP", *under, root / "start.sh"],
            env=variables,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.stdout = Lines(self._process.stdout)
        self.stderr = Lines(self._process.stderr)

    def processes(self) -> list[Process]:
        return processes_of(self.run_dir)

    def serves(self, port: int) -> int | None:
        """The process that has a port among its arguments, or in its title."""
        pids = (process.pid for process in self.processes() if str(port) in process.command)
        return next(pids, None)

    def until(self, text: str, within: float = PATIENCE) -> Stack:
        """Waits for a text on standard output; fails at once when start.sh has ended."""

        def seen_or_ended() -> bool:
            return text in str(self.stdout) or self._process.poll() is not None

        with suppress(AssertionError):  # the one below shows what was printed instead
            eventually(seen_or_ended, within)
        assert text in str(self.stdout), f"never printed {text!r}:\n{self.stdout}\n{self.stderr}"
        return self

    def up(self) -> Stack:
        return self.until("Running on local URL:")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def interrupt_group(self) -> None:
        """As Ctrl-C on a terminal does."""
        os.killpg(self._process.pid, signal.SIGINT)

    def status(self, within: float = PATIENCE, alone: bool = True) -> int:
        """Waits for start.sh to end. Nothing of the stack may be left at that moment, unless
        another one lives in its folder."""
        status = self._process.wait(within)
        left = self.processes() if alone else []
        assert left == [], f"left behind by start.sh: {left}"
        return status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send(number)
        return self.status()

    def reason(self) -> str:
        """The last line of standard error."""
        return self.stderr.to_the_end()[-1]

    def supervisord_pid(self) -> int:
        with self._supervisord() as server:
            return int(server.supervisor.getPID())

    def pid(self, program: str) -> int:
        """0 while it isn't running."""
        return int(self._info(program)["pid"])

    def state(self, program: str) -> str:
        return str(self._info(program)["statename"])

    def _info(self, program: str) -> dict[str, Any]:
        with self._supervisord() as server:
            return dict(server.supervisor.getProcessInfo(program))

    def _supervisord(self) -> Any:
        address = f"unix://{self.run_dir / 'supervisor.sock'}"
        return getRPCInterface({"SUPERVISOR_SERVER_URL": address})

    def kill(self, program: str) -> None:
        """`kill -9`, and waits until supervisord has another one in its place."""
        before = self.pid(program)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: self.pid(program) not in (0, before))

    def answers(self, program: str) -> bool:
        if program == "redis":
            with suppress(RedisError):
                return bool(self.redis("PING"))
            return False
        port = self.api_port if program == "api" else self.ui_port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health" if program == "api" else "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def redis(self, *words: str) -> Any:
        with Redis(port=self.redis_port, socket_timeout=5, decode_responses=True) as client:
            return client.execute_command(*words)

    def destroy(self) -> None:
        """For the end of a test that may have failed."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        while left := self.processes():
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.02)
        self.stdout.to_the_end()
        self.stderr.to_the_end()


def contract(stack: Stack) -> list[str]:
    """The lines that a start-up prints, when the first try is long enough."""
    return [
        "📦 Démarrage de Redis en arrière-plan...",
        "⏳ Attente que Redis soit prêt...",
        "Tentative 1/10...",
        "✅ Redis prêt!",
        "🚀 Démarrage de l'API FastAPI en arrière-plan...",
        "⏳ Attente que l'API soit prête...",
        "Tentative 1/30...",
        "✅ API prête!",
        f"🎨 Démarrage de l'UI Gradio sur le port {stack.ui_port}...",
        f"Running on local URL:  http://0.0.0.0:{stack.ui_port}",
    ]


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def _interpreter(path: Path, replaced: Mapping[str, str]) -> Path:
    cases = "\n".join(f"  '-m {module}') exec {command} ;;" for module, command in replaced.items())
    return script(path, f'case "$*" in\n{cases}\nesac\nexec {shlex.quote(sys.executable)} "$@"')


def restless_root(folder: Path) -> Path:
    """A copy of the product whose supervisord calls a program RUNNING after 1 s instead of 5, so
    that "dies after a while" takes a while less."""
    folder.mkdir()
    (folder / "src").symlink_to(ROOT / "src")
    (folder / "start.sh").symlink_to(ROOT / "start.sh")
    text = (ROOT / "supervisord.conf").read_text(encoding="utf-8")
    assert "startsecs = 5" in text
    (folder / "supervisord.conf").write_text(text.replace("startsecs = 5", "startsecs = 1"))
    return folder
