"""Bad input is refused in words that help, and its values go nowhere: not into the answer, not
into the log, not into the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from api.apis import Api, entries, faults, on_redis, problem
from api.hostile import BATCHES, CANARY, CSV, JSON, RECORDS, ROWS, Sent
from real import RedisServer, eventually

Serve = Callable[..., Api]


def send(api: Api, path: str, sent: Sent) -> Any:
    headers = {"Content-Type": sent.media_type} if sent.media_type else {}
    return api.client.post(path, content=sent.body, headers=headers)


@pytest.mark.parametrize("sent", RECORDS.values(), ids=RECORDS)
def test_a_record_is_refused_when_it_holds(lasting: Api, sent: Sent) -> None:
    answer = send(lasting, "/predict", sent)
    assert (sent.field, sent.code) in faults(answer, sent.status)
    assert sent.field in problem(answer, sent.status)["detail"] or sent.status != 422


@pytest.mark.parametrize("sent", BATCHES.values(), ids=BATCHES)
def test_a_batch_is_refused_when_it_holds(lasting: Api, sent: Sent) -> None:
    assert faults(send(lasting, "/predict/batch", sent), sent.status) == [(sent.field, sent.code)]


@pytest.mark.parametrize("sent", ROWS.values(), ids=ROWS)
def test_a_row_is_refused_when_it_holds(lasting: Api, sent: Sent) -> None:
    answer = send(lasting, "/predict/batch", Sent(b"[" + sent.body + b"]", 200, "", ""))
    assert answer.status_code == 200
    (row,) = answer.json()["results"]
    assert sent.field in {error["field"] for error in row["errors"]}


QUERIES = {
    "limit=0": ("limit", "out_of_bounds"),
    "limit=1001": ("limit", "out_of_bounds"),
    "limit=-1": ("limit", "out_of_bounds"),
    f"limit={CANARY}": ("limit", "wrong_type"),
    "limit=": ("limit", "wrong_type"),
    "limit=1.5": ("limit", "wrong_type"),
    f"limit={'7731' * 1250}": ("limit", "wrong_type"),
    f"level={CANARY}": ("level", "not_a_choice"),
    "level=info": ("level", "not_a_choice"),
    f"since={CANARY}": ("since", "wrong_type"),
    "since=2024-13-01": ("since", "wrong_type"),
    "since=1731254400": ("since", "wrong_type"),
    "since=0.5": ("since", "wrong_type"),
    "since=": ("since", "wrong_type"),
    "level=": ("level", "not_a_choice"),
    "cursor=": ("cursor", "malformed"),
    "since=1e300": ("since", "wrong_type"),
    "since=nan": ("since", "wrong_type"),
    f"cursor={CANARY}": ("cursor", "malformed"),
    "cursor=1-1%0A": ("cursor", "malformed"),
    "cursor=0-0": ("cursor", "malformed"),
    "cursor=99999999999999999999-0": ("cursor", "malformed"),
    "cursor=%D9%A1-%D9%A1": ("cursor", "malformed"),
    "cursor=%00": ("cursor", "malformed"),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.items(), ids=lambda item: str(item)[:40])
def test_a_log_page_is_refused_when_it_is_asked_with(
    lasting: Api, query: str, expected: tuple[str, str]
) -> None:
    answer = lasting.client.get(f"/logs?{query}")
    assert faults(answer, 422) == [expected]
    assert CANARY not in answer.text


def test_no_value_is_echoed_logged_or_kept(redis_api: Api, redis_server: RedisServer) -> None:
    for sent in RECORDS.values():
        assert_clean(send(redis_api, "/predict", sent))
    for sent in BATCHES.values():
        assert_clean(send(redis_api, "/predict/batch", sent))
    for sent in ROWS.values():
        row = Sent(b"[" + sent.body + b"]", 200, "", "")
        assert_clean(send(redis_api, "/predict/batch", row))
    cells = f"hours,liquid,depth\n{CANARY},{CANARY},{CANARY}\n1,water,2,{CANARY}\n"
    assert_clean(send(redis_api, "/predict/batch", Sent(cells.encode(), 200, "", "", CSV)))
    assert_clean(redis_api.client.get("/logs", headers={"X-Request-ID": f"{CANARY} {CANARY}"}))
    eventually(lambda: "Lot" in json.dumps(entries(redis_server, "logs")))
    assert entries(redis_server, "records") == []
    for place in (redis_api.log, json.dumps(entries(redis_server, "logs"))):
        assert CANARY not in place
        assert "77317731" not in place
        assert "ERROR" not in place


def assert_clean(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    kept = json.dumps(_without_own_ids(answer.json())) + str(answer.headers)
    assert CANARY not in kept
    assert "77317731" not in kept


def _without_own_ids(content: Any) -> Any:
    """Random ids could hold any digits."""
    if isinstance(content, dict):
        return {k: _without_own_ids(v) for k, v in content.items() if not k.endswith("_id")}
    if isinstance(content, list):
        return [_without_own_ids(item) for item in content]
    return content


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_valid_record_is_not_in_the_log(
    redis_server: RedisServer, serve: Serve, log_format: str
) -> None:
    api = serve(on_redis(redis_server, LOG_FORMAT=log_format, LOG_LEVEL="DEBUG"))
    record = {"hours": 31_337, "material": "bronze", "inlet_bar": 13.375, "liquid": "oil"}
    assert api.client.post("/predict", json=record).status_code == 200
    assert api.client.post("/predict/batch", json=[record]).status_code == 200
    eventually(lambda: len(entries(redis_server, "records")) == 2)
    logged = api.log + json.dumps(entries(redis_server, "logs"))
    for value in ("31337", "bronze", "13.375", '"oil"'):
        assert value not in logged
        assert value in json.dumps(entries(redis_server, "records")).replace('\\"', '"')


def test_a_media_type_may_have_parameters(lasting: Api) -> None:
    sent = Sent(b'{"hours": 1, "material": "steel"}', 200, "", "", f"{JSON.upper()}; charset=utf-8")
    assert send(lasting, "/predict", sent).status_code == 200
