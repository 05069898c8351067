"""Is it alive, is it ready, is it well: the states, and the statuses that probes rely on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from api.apis import Api, problem
from real import RedisServer, eventually

from riskspace import __version__, backend
from riskspace.errors import PackageError
from riskspace.model import package
from riskspace.model.package import Package

Serve = Callable[..., Api]


def health(api: Api) -> tuple[int, dict[str, object]]:
    answer = api.client.get("/health")
    return answer.status_code, answer.json()


def test_health_is_healthy_when_model_and_redis_are_there(redis_api: Api) -> None:
    assert health(redis_api) == (
        200,
        {
            "status": "healthy",
            "model_loaded": True,
            "redis_connected": True,
            "version": __version__,
        },
    )


def test_health_is_degraded_when_only_redis_is_away(
    redis_api: Api, redis_server: RedisServer
) -> None:
    redis_server.stop()
    degraded = {
        "status": "degraded",
        "model_loaded": True,
        "redis_connected": False,
        "version": __version__,
    }
    assert health(redis_api) == (200, degraded)
    redis_server.start()
    assert health(redis_api)[1]["status"] == "healthy"


def test_health_is_degraded_when_no_redis_was_asked_for(api: Api) -> None:
    assert health(api)[1]["status"] == "degraded"


class Gate:
    """A loader that waits until it may go on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = threading.Event()

    def __call__(self) -> Package:
        self._open.wait(10)
        return package.load(self._folder)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def gate(pumps: Path) -> Gate:
    return Gate(pumps)


@pytest.fixture
def loading(serve: Serve, gate: Gate) -> Api:
    return serve(load=gate)


def test_health_is_unhealthy_while_the_model_is_loading(loading: Api, gate: Gate) -> None:
    unhealthy = {
        "status": "unhealthy",
        "model_loaded": False,
        "redis_connected": False,
        "version": __version__,
    }
    assert health(loading) == (503, unhealthy)
    gate.open()
    eventually(lambda: health(loading)[0] == 200)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/readyz", None),
        ("POST", "/predict", tiny.RECORD),
        ("POST", "/predict/batch", [tiny.RECORD]),
    ],
)
def test_what_needs_the_model_answers_503_while_it_is_loading(
    loading: Api, gate: Gate, method: str, path: str, body: object
) -> None:
    answer = loading.client.request(method, path, json=body)
    assert problem(answer, 503)["detail"] == "The model is still being loaded."
    assert answer.headers["retry-after"] == "1"
    gate.open()
    eventually(lambda: loading.client.request(method, path, json=body).status_code == 200)


@pytest.mark.parametrize("path", ["/livez", "/model", "/docs", "/openapi.json", "/logs"])
def test_what_needs_no_model_answers_while_it_is_loading(
    loading: Api, gate: Gate, path: str
) -> None:
    assert loading.client.get(path).status_code == 200
    gate.open()


def test_livez_and_readyz_say_ok(api: Api) -> None:
    for path in ("/livez", "/readyz"):
        answer = api.client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "error", [PackageError("estimator.joblib: tampered"), OSError("disk"), MemoryError()]
)
def test_the_process_is_told_to_end_when_the_model_cannot_be_loaded(
    serve: Serve, error: Exception
) -> None:
    """Whatever the reason: an API that never becomes ready and says nothing helps nobody."""

    def load() -> Package:
        raise error

    api = serve(load=load)
    eventually(lambda: bool(api.refusals))
    assert "api - CRITICAL - Modèle refusé" in api.log
    assert health(api)[0] == 503


def test_the_first_request_of_all_finds_a_compiled_model_there(
    serve: Serve, pumps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is awaited here between the start and the question."""
    monkeypatch.setattr(backend, "AT_ONCE", 10)  # on a busy machine, too
    api = serve(load=lambda: package.load(pumps))
    assert api.backend.service.ready
    assert api.client.post("/predict", json=tiny.RECORD).status_code == 200
