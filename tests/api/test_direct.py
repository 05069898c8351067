"""The short way and the long way answer alike: the long one is taken when the media type has a
parameter, which changes nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import tiny
from api.apis import Api, entries
from hypothesis import given
from model.strategies import QUICK, anything, records
from real import RedisServer, eventually

from riskspace.model.engine import CompiledEngine
from riskspace.model.manifest import Feature

SHORT = "application/json"
LONG = "application/json; charset=utf-8"
FEATURES = tuple(Feature.model_validate(feature) for feature in tiny.FEATURES)
OWN = {"prediction_id", "request_id"}


class Ways:
    """How often each way was taken."""

    def __init__(self, api: Api, patch: pytest.MonkeyPatch) -> None:
        self.short = 0
        service = api.backend.service
        together = service.predict_together

        async def counted(*arguments: Any) -> Any:
            self.short += 1
            return await together(*arguments)

        patch.setattr(service, "predict_together", counted)


@pytest.fixture
def ways(lasting: Api) -> Iterator[Ways]:
    with pytest.MonkeyPatch.context() as patch:
        yield Ways(lasting, patch)


def ask(api: Api, body: bytes, media_type: str, **headers: str) -> Any:
    return api.client.post(
        "/predict", content=body, headers={"Content-Type": media_type, **headers}
    )


def shape(answer: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    """An answer without what is its own."""
    content = {name: value for name, value in answer.json().items() if name not in OWN}
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, content, headers


def test_the_package_is_compiled_so_that_there_is_a_short_way(lasting: Api, ways: Ways) -> None:
    assert isinstance(lasting.backend.service.engine, CompiledEngine)
    body = json.dumps(tiny.RECORD).encode()
    assert ask(lasting, body, SHORT).status_code == 200
    assert ways.short == 1
    assert ask(lasting, body, LONG).status_code == 200
    assert ways.short == 1


@given(record=records(FEATURES) | anything)
@QUICK
def test_both_ways_answer_any_record_alike(lasting: Api, record: object) -> None:
    body = json.dumps(record).encode()
    assert shape(ask(lasting, body, SHORT)) == shape(ask(lasting, body, LONG))


@pytest.mark.parametrize(
    "record",
    [
        tiny.RECORD,
        {**tiny.RECORD, "hours": 99_999},  # outside the trained range
        {**tiny.RECORD, "inlet_bar": 20, "outlet_bar": 10},  # in an unusual order
        {"hours": 0, "material": "bronze"},
        {**tiny.RECORD, "hours": -1},
        {**tiny.RECORD, "depth": 1},
        {},
    ],
)
def test_both_ways_answer_alike(lasting: Api, record: dict[str, Any]) -> None:
    body = json.dumps(record).encode()
    assert shape(ask(lasting, body, SHORT)) == shape(ask(lasting, body, LONG))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b" " * 70_000, b"[" * 60_000])
def test_both_ways_refuse_alike(lasting: Api, body: bytes) -> None:
    assert shape(ask(lasting, body, SHORT)) == shape(ask(lasting, body, LONG))


@pytest.mark.parametrize("media_type", [SHORT, LONG])
@pytest.mark.parametrize(
    ("given", "kept"), [("mine-1.2_3", True), ("two words", False), ("x" * 65, False), ("", False)]
)
def test_a_request_s_id_is_given_back_where_it_has_a_sane_shape(
    lasting: Api, media_type: str, given: str, kept: bool
) -> None:
    answer = ask(lasting, json.dumps(tiny.RECORD).encode(), media_type, **{"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) == kept
    assert answer.headers["x-request-id"]


def test_both_ways_keep_and_log_alike(redis_api: Api, redis_server: RedisServer) -> None:
    body = json.dumps(tiny.RECORD).encode()
    ids = {
        ask(redis_api, body, media_type, **{"X-Request-ID": media_type[-4:]}).json()[
            "prediction_id"
        ]
        for media_type in (SHORT, LONG)
    }
    eventually(lambda: len(entries(redis_server, "records")) == 2)
    eventually(lambda: len([e for e in entries(redis_server, "logs") if "prediction_id" in e]) == 2)
    kept = entries(redis_server, "records")
    assert {record.pop("id") for record in kept} == ids
    for record in kept:
        assert float(record.pop("latency_ms")) > 0
        assert record.pop("timestamp")
        assert record.pop("request_id") in {"json", "tf-8"}
    assert kept[0] == kept[1]
    lines = [line for line in entries(redis_server, "logs") if "prediction_id" in line]
    assert {line["prediction_id"] for line in lines} == ids
    assert len({line["message"] for line in lines}) == 1
    printed = [line for line in redis_api.log.splitlines() if "Prédiction" in line]
    assert len(printed) == 2
    assert printed[0][20:] == printed[1][20:]


def test_an_engine_that_fails_is_a_problem_that_tells_nothing(
    lasting: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(lasting.backend.service.engine, "probabilities", fail)
    answer = ask(lasting, json.dumps(tiny.RECORD).encode(), SHORT)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
