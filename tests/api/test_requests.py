"""What every request meets on its way: an id, a problem where it fails, HEAD as GET."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import tiny
from api.apis import Api, entries, on_redis, problem
from api.hostile import CANARY
from real import RedisServer, eventually

Serve = Callable[..., Api]
GENERATED = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("given", ["visit-1", "A.b_c-9", "x" * 64, "7"])
def test_a_request_s_id_is_taken_when_its_shape_is_sane(lasting: Api, given: str) -> None:
    answer = lasting.client.get("/livez", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given


STRANGE = ("", " ", "a b", "x" * 65, "a\tb", "<b>", "a/b", "a,b", "é", "{}", CANARY + "\u00a0")


@pytest.mark.parametrize("given", STRANGE)
def test_a_request_s_id_is_made_when_its_shape_is_not(lasting: Api, given: str) -> None:
    headers: Any = {"X-Request-ID": given.encode()}
    answer = lasting.client.get("/livez", headers=headers)
    assert GENERATED.fullmatch(answer.headers["x-request-id"])


def test_a_request_s_id_is_made_when_none_is_given(lasting: Api) -> None:
    ids = {lasting.client.get("/livez").headers["x-request-id"] for _ in range(10)}
    assert len(ids) == 10
    assert all(GENERATED.fullmatch(identity) for identity in ids)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("POST", "/predict"), ("GET", "/logs?limit=0"), ("DELETE", "/logs")],
)
def test_a_request_s_id_comes_back_with_an_error(lasting: Api, method: str, path: str) -> None:
    answer = lasting.client.request(method, path, headers={"X-Request-ID": "visit-1"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "visit-1"


def test_a_request_s_id_is_in_its_log_lines_alone(redis_server: RedisServer, serve: Serve) -> None:
    api = serve(on_redis(redis_server, LOG_FORMAT="json"))
    for identity in ("visit-1", "visit-2"):
        api.client.post("/predict", json=tiny.RECORD, headers={"X-Request-ID": identity})
        api.client.post("/predict/batch", json=[tiny.RECORD], headers={"X-Request-ID": identity})
    lines = [json.loads(line) for line in api.log.splitlines()]
    assert [line["request_id"] for line in lines] == [
        *(None, None),
        *("visit-1", "visit-1", "visit-2", "visit-2"),
    ]
    eventually(lambda: len(entries(redis_server, "records")) == 4)
    kept = [record["request_id"] for record in entries(redis_server, "records")]
    assert kept == ["visit-1", "visit-1", "visit-2", "visit-2"]


NOWHERE = ("/nowhere", "/docs/nowhere.js", "/docs/..%2f..%2fapp.py", "/docs/%00", "/", "/logs/x")


@pytest.mark.parametrize("path", NOWHERE)
def test_an_address_is_not_found_as_a_problem(lasting: Api, path: str) -> None:
    answer = lasting.client.get(path)
    assert problem(answer, 404)["detail"] == "There is nothing at this address."


@pytest.mark.parametrize("path", ["/health/", "/docs/", "/predict/batch/"])
def test_an_address_is_not_guessed_when_it_ends_with_a_slash(lasting: Api, path: str) -> None:
    """A redirect would name the host that the request named: whoever wrote it."""
    answer = lasting.client.get(path, headers={"Host": "elsewhere.example"})
    assert "location" not in answer.headers
    problem(answer, 404)


METHODS = {
    "/health": {"GET", "HEAD"},
    "/livez": {"GET", "HEAD"},
    "/readyz": {"GET", "HEAD"},
    "/model": {"GET", "HEAD"},
    "/predict": {"POST"},
    "/predict/batch": {"POST"},
    "/logs": {"GET", "HEAD", "DELETE"},
    "/docs": {"GET", "HEAD"},
    "/openapi.json": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path", METHODS)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_is_refused_as_a_problem_that_lists_the_others(
    lasting: Api, method: str, path: str
) -> None:
    answer = lasting.client.request(method, path)
    if method in METHODS[path]:
        assert answer.status_code != 405
        return
    assert problem(answer, 405)["detail"] == "This address doesn't take this method."
    assert set(answer.headers["allow"].split(", ")) == METHODS[path]


@pytest.mark.parametrize("path", [*METHODS, "/logs?limit=0", "/docs/swagger-ui.css", "/nowhere"])
def test_head_follows_get(lasting: Api, path: str) -> None:
    get, head = lasting.client.get(path), lasting.client.head(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    volatile = {"x-request-id", "date"}
    for name in set(get.headers) - volatile:
        assert head.headers[name] == get.headers[name]


class Broken:
    """An engine that quotes what it was asked."""

    def probabilities(self, records: Any) -> Any:
        raise RuntimeError(f"{CANARY}: can't do {records}")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_unexpected_error_tells_nothing_and_logs_where(
    redis_server: RedisServer, serve: Serve, log_format: str
) -> None:
    api = serve(on_redis(redis_server, LOG_FORMAT=log_format))
    api.backend.service.engine = Broken()
    answer = api.client.post("/predict", json={**tiny.RECORD, "hours": 31_337})
    assert problem(answer, 500)["detail"] == "Something went wrong here; it was logged."
    assert set(answer.json()) == {
        *("type", "title", "status", "detail", "instance", "request_id"),
    }
    eventually(lambda: "ERROR" in str(entries(redis_server, "logs")))
    for place in (answer.text, api.log, str(entries(redis_server, "logs"))):
        assert CANARY not in place
        assert "31337" not in place
    assert "Erreur inattendue" in api.log
    assert "RuntimeError" in api.log
    assert "in probabilities" in api.log
    assert api.client.get("/health").status_code == 200
