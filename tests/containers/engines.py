"""Real containers, started and broken by the tests beside this file."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from real import ROOT, eventually

PATIENCE = 60.0  # seconds, for what takes a few on an idle machine
ENVIRON = {**os.environ, "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}


class DockerError(AssertionError):
    """A command that failed, with what it printed."""


def docker(*arguments: str, timeout: float = 600) -> str:
    """Runs docker; its standard output, without the newline at the end."""
    ran = subprocess.run(
        ["docker", *arguments],
        env=ENVIRON,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
    )
    if ran.returncode != 0:
        raise DockerError(f"docker {' '.join(arguments)}:\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout.removesuffix("\n")


@cache
def missing() -> str | None:
    """Why no container can be run here, or None."""
    try:
        docker("info", timeout=30)
    except (OSError, subprocess.TimeoutExpired, DockerError) as error:
        return f"no Docker engine: {str(error).strip().splitlines()[-1]}"
    return None


def build(tag: str, *options: str) -> str:
    """The tag of an image of this checkout."""
    docker("build", "--quiet", "--tag", tag, *options, str(ROOT), timeout=1800)
    return tag


def size(image: str) -> int:
    """In bytes, with the base image."""
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


class Container:
    """One run of an image; `port` is its public port, published on a free one of loopback."""

    def __init__(
        self,
        image: str,
        *options: str,
        port: int | None = 7860,
        environ: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        publish = [] if port is None else ["--publish", f"127.0.0.1::{port}"]
        variables = [f"--env={name}={value}" for name, value in (environ or {}).items()]
        self.started = time.time()
        self.id = docker("run", "--detach", *publish, *variables, *options, image, *command)
        self._port = port

    @property
    def url(self) -> str:
        address = docker("port", self.id, str(self._port)).splitlines()[0]
        return f"http://{address}"

    def get(self, path: str = "/", timeout: float = 5) -> tuple[int, bytes]:
        """The status and the body; 0 where nobody answers."""
        return self._ask(urllib.request.Request(self.url + path), timeout)

    def post(self, path: str, body: bytes, timeout: float = 30) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(self.url + path, body, headers), timeout)

    def _ask(self, request: urllib.request.Request, timeout: float) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def answers(self, path: str = "/") -> bool:
        return self.get(path)[0] == 200

    def up(self, path: str = "/", within: float = PATIENCE) -> Container:
        """Waits until it answers; fails at once when it has ended."""
        url = self.url + path
        request = urllib.request.Request(url)

        def answered_or_ended() -> bool:
            return self._ask(request, 5)[0] == 200 or not self.running()

        with suppress(AssertionError):
            eventually(answered_or_ended, within, every=0.1)
        assert self.running(), f"ended with {self.status()}:\n{self.output()}"
        assert self._ask(request, 5)[0] == 200, f"{url} never answered:\n{self.output()}"
        return self

    def inspect(self) -> dict[str, Any]:
        (found,) = json.loads(docker("inspect", self.id))
        return dict(found)

    def running(self) -> bool:
        return bool(self.inspect()["State"]["Running"])

    def health(self) -> str:
        return str(self.inspect()["State"]["Health"]["Status"])

    def status(self, within: float = PATIENCE) -> int:
        """Waits for the end; the exit status."""
        return int(docker("wait", self.id, timeout=within))

    def stop(self) -> int:
        docker("stop", self.id)
        return self.status()

    def run(self, *command: str, user: str | None = None) -> str:
        """Runs a command inside."""
        chosen = [] if user is None else ["--user", user]
        return docker("exec", *chosen, self.id, *command)

    def mounts(self) -> list[str]:
        """Device, place, kind and options of each, as the kernel tells it inside."""
        return self.run("cat", "/proc/mounts").splitlines()

    def python(self, program: str, *arguments: str) -> str:
        """Runs a program of Python inside, with the product's packages."""
        return self.run("python", "-c", program, *arguments)

    def output(self) -> str:
        """Standard output and standard error, in no sure order between the two."""
        ran = subprocess.run(
            ["docker", "logs", self.id],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return ran.stdout

    def stdout(self, *options: str) -> list[str]:
        return docker("logs", *options, self.id).splitlines()

    def stderr(self) -> list[str]:
        ran = subprocess.run(
            ["docker", "logs", self.id],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        return ran.stderr.splitlines()

    def remove(self) -> None:
        docker("rm", "--force", "--volumes", self.id)
