"""The compose file's containers and a swarm's tasks, for real, and a steady load on them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.parse
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from containers.engines import PATIENCE, DockerError, docker
from real import ROOT, eventually, free_port

TAG = "tests"
FILES = ("docker-compose.yml", "docker-compose.override.yml")
JSON = {"Content-Type": "application/json"}
RECORD = json.dumps(
    json.loads((ROOT / "models/prediabetes/manifest.json").read_bytes())["example"]["record"]
).encode()


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    url: str,
    method: str = "GET",
    body: bytes | Iterator[bytes] | None = None,
    timeout: float = 30,
    **headers: str,
) -> Answer:
    """One request on a connection of its own. Raises OSError where nobody answers. In the names of
    `headers` an underscore stands for a dash; those of the answer are in small letters."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {type(error).__name__}") from None
    finally:
        connection.close()


def predict(url: str, request_id: str | None = None) -> Answer:
    id_ = request_id or uuid.uuid4().hex
    return ask(f"{url}/predict", "POST", RECORD, Content_Type="application/json", X_Request_ID=id_)


def answers(url: str) -> bool:
    try:
        return ask(url, timeout=3).status == 200
    except OSError:
        return False


class Load:
    """Predictions asked for by several clients, one after the other each, until the block ends."""

    def __init__(self, url: str, clients: int = 4, pause: float = 0.02) -> None:
        self._url = url
        self._pause = pause
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._outcomes: list[tuple[int | str, float]] = []
        self._clients = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Load:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()

    @property
    def count(self) -> int:
        return len(self._outcomes)

    def goes_on(self, count: int = 40) -> None:
        """Waits until so many more were answered."""
        before = self.count
        eventually(lambda: self.count >= before + count, PATIENCE)

    def failures(self) -> Counter[int | str]:
        return Counter(outcome for outcome, _ in self._outcomes if outcome != 200)

    def __str__(self) -> str:
        failed = sum(self.failures().values())
        slowest = max(seconds for _, seconds in self._outcomes)
        return f"{self.count} predictions, {failed} failed, the slowest took {slowest:.2f} s"

    def _ask(self) -> None:
        while not self._stop.wait(self._pause) and time.monotonic() - self._started < 3 * PATIENCE:
            began = time.monotonic()
            try:
                outcome: int | str = predict(self._url).status
            except OSError as error:
                outcome = f"{type(error).__name__}: {error}"
            self._outcomes.append((outcome, time.monotonic() - began))


@cache
def compose_command() -> tuple[str, ...] | None:
    """Compose as a part of docker, as a program of its own, or None."""
    try:
        docker("compose", "version")
    except DockerError:
        return ("docker-compose",) if shutil.which("docker-compose") else None
    return ("docker", "compose")


def call(
    *command: str, cwd: Path = ROOT, timeout: float = 600, environ: Mapping[str, str] | None = None
) -> str:
    """Runs a command with no variable of the product but those in `environ`; its standard output.

    Raises DockerError with what it printed where it fails.
    """
    kept = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "SSL_CERT_FILE")
    builders = {"DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    ran = subprocess.run(
        command,
        env={**inherited, **builders, **(environ or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
    )
    if ran.returncode != 0:
        raise DockerError(f"{' '.join(command)}:\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


@cache
def build_images() -> None:
    """The images that the compose files name, of this checkout, tagged TAG."""
    command = compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor docker-compose")
    call(*command, "build", environ={"TAG": TAG}, timeout=1800)


class Project:
    """The compose files in a folder of their own, with a `.env`, on free ports."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.name = f"riskspace-{uuid.uuid4().hex[:8]}"
        self._folder = folder
        for file in FILES:
            shutil.copy(ROOT / file, folder)
        (folder / "deploy").symlink_to(ROOT / "deploy")
        self.variables = {
            "TAG": TAG,
            "API_PORT": str(free_port()),
            "GRADIO_SERVER_PORT": str(free_port()),
            **variables,
        }
        lines = (f"{name}={value}\n" for name, value in self.variables.items())
        (folder / ".env").write_text("".join(lines))

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.variables['API_PORT']}"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.variables['GRADIO_SERVER_PORT']}"

    def compose(self, *arguments: str) -> str:
        command = compose_command()
        assert command is not None
        return call(*command, "--project-name", self.name, *arguments, cwd=self._folder)

    def up(self, *arguments: str) -> None:
        """Starts what isn't up, from the images that are there, and waits until all is healthy."""
        self.compose("up", "--detach", "--no-build", *arguments)
        try:
            eventually(lambda: set(self.health().values()) == {"healthy"}, PATIENCE, every=0.2)
        except AssertionError:
            raise AssertionError(f"{self.health()}\n{self.compose('logs')}") from None

    def down(self, *arguments: str) -> None:
        self.compose("down", "--remove-orphans", "--timeout", "5", *arguments)

    def ids(self, service: str | None = None) -> list[str]:
        """The containers of a service, or of all, whether they run or not."""
        labels = [f"label=com.docker.compose.project={self.name}"]
        if service is not None:
            labels.append(f"label=com.docker.compose.service={service}")
        filters = [word for label in labels for word in ("--filter", label)]
        return docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()

    def id(self, service: str) -> str:
        (found,) = self.ids(service)
        return found

    def health(self) -> dict[str, str]:
        states = [inspect(id_) for id_ in self.ids()]
        return {state["Name"]: state["State"]["Health"]["Status"] for state in states}


def inspect(id_: str) -> dict[str, Any]:
    (found,) = json.loads(docker("inspect", id_))
    return dict(found)


def running(id_: str) -> bool:
    return bool(inspect(id_)["State"]["Running"])


def predictions(id_: str) -> set[str]:
    """The requests that a replica of the API, logging JSON, made a prediction for."""
    entries = [json.loads(line) for line in docker("logs", id_).splitlines()]
    return {entry["request_id"] for entry in entries if entry["message"].startswith("Prédiction")}


@contextmanager
def swarm() -> Iterator[None]:
    """A swarm of this engine alone."""
    state = docker("info", "--format", "{{.Swarm.LocalNodeState}}")
    assert state == "inactive", f"this engine is in a swarm already ({state}): it is left alone"
    docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1")
    try:
        yield
    finally:
        docker("swarm", "leave", "--force")


def has_ipvs() -> bool:
    """Whether the ingress of a swarm answers here; the module may wait to be loaded."""
    if not Path("/proc/net/ip_vs").exists() and shutil.which("modprobe"):
        subprocess.run(["modprobe", "ip_vs"], capture_output=True)
    return Path("/proc/net/ip_vs").exists()


class Stack:
    """`docker stack deploy` of the compose file, on free ports."""

    def __init__(self) -> None:
        self.name = f"riskspace-{uuid.uuid4().hex[:8]}"
        self._variables = {
            "TAG": TAG,
            "API_PORT": str(free_port()),
            "GRADIO_SERVER_PORT": str(free_port()),
        }
        self.url = f"http://127.0.0.1:{self._variables['API_PORT']}"
        self.page = f"http://127.0.0.1:{self._variables['GRADIO_SERVER_PORT']}"

    def deploy(self, **variables: str) -> None:
        """As a user does it; the images are on this node only."""
        files = ["--compose-file", "docker-compose.yml"]
        if not has_ipvs():
            files += ["--compose-file", "deploy/swarm.yml"]
        command = ("docker", "stack", "deploy", "--resolve-image", "never", *files, self.name)
        call(*command, environ={**self._variables, **variables})

    def update(self, service: str, *options: str) -> None:
        docker("service", "update", "--detach", *options, f"{self.name}_{service}")

    def update_state(self, service: str) -> str:
        found = inspect(f"{self.name}_{service}")
        return str(found.get("UpdateStatus", {}).get("State"))

    def tasks(self, service: str) -> set[str]:
        """Those that run."""
        command = ("service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running")
        return set(docker(*command, f"{self.name}_{service}").split())

    def story(self) -> str:
        """What became of every task, for a test that failed."""
        return docker("stack", "ps", "--no-trunc", self.name)

    def remove(self) -> None:
        docker("stack", "rm", self.name)
        mine = ("--filter", f"label=com.docker.stack.namespace={self.name}")
        eventually(lambda: docker("ps", "--all", "--quiet", *mine) == "", PATIENCE, every=0.2)
        eventually(lambda: docker("network", "ls", "--quiet", *mine) == "", PATIENCE, every=0.2)
        docker("volume", "rm", f"{self.name}_redis-data", f"{self.name}_journals")
