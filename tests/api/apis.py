"""The real application, in this process, over one package."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from real import RedisServer, eventually
from redis import Redis
from starlette.testclient import TestClient

from riskspace import logs, settings
from riskspace.api.app import create_app
from riskspace.backend import Backend, assemble
from riskspace.model.package import Package

TOKEN = "the-owner-s-own"
PROBLEM = {"type", "title", "status", "detail", "instance", "request_id"}


@dataclass
class Api:
    """An application that answers, and what it wrote on standard output."""

    backend: Backend
    client: TestClient
    output: logs.Output
    refusals: list[Exception] = field(default_factory=list)

    @property
    def log(self) -> str:
        self.output.write()
        assert isinstance(self.output.stream, io.StringIO)
        return self.output.stream.getvalue()


@contextmanager
def logging_to(chosen: settings.Settings) -> Iterator[logs.Output]:
    """The product's own log lines, for a while, in place of pytest's handlers."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    try:
        yield logs.configure(chosen, io.StringIO())
    finally:
        root.handlers, root.level = before


@contextmanager
def serving(
    folder: Path,
    environ: dict[str, str],
    load: Callable[[], Package] | None = None,
    change: Callable[[Backend], Backend] = lambda backend: backend,
) -> Iterator[Api]:
    """The API over a package; with a `load` of its own it is not awaited."""
    chosen = settings.load({"MODEL_PATH": str(folder), **environ})
    refusals: list[Exception] = []
    with logging_to(chosen) as output:
        backend = change(assemble(chosen, output, refusals.append))
        if load is not None:
            backend = replace(backend, load=load)
        with TestClient(create_app(backend), follow_redirects=False) as client:
            if load is None:
                eventually(lambda: backend.service.ready)
            yield Api(backend, client, output, refusals)


def on_redis(server: RedisServer, **more: str) -> dict[str, str]:
    return {
        "LOGGING_HANDLER": "redis",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(server.port),
        "RUN_DIR": str(server.folder),
        **more,
    }


def entries(server: RedisServer, key: str) -> list[dict[str, str]]:
    """What Redis holds of one stream, oldest first."""
    with Redis(port=server.port, decode_responses=True) as client:
        found: Any = client.xrange(f"riskspace:{key}")
    return [fields for _, fields in found]


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem that an answer is, whatever asked for it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert set(content) - {"errors"} == PROBLEM
    assert content["status"] == status
    assert content["type"] == "about:blank"
    assert content["instance"] == answer.request.url.path
    assert content["request_id"] == answer.headers["x-request-id"]
    for error in content.get("errors", []):
        assert set(error) == {"field", "code", "message", "accepted"}
    return content


def faults(answer: Any, status: int) -> list[tuple[str, str]]:
    """The field and the code of each error in a problem."""
    return [(error["field"], error["code"]) for error in problem(answer, status)["errors"]]
