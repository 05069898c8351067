"""Many records at once: each row is answered on its own."""

from __future__ import annotations

import asyncio
import json
import re
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import tiny
from api.apis import Api, entries, faults, problem
from real import RedisServer, eventually
from scopes import post
from starlette.types import Message

from riskspace.model.schema import MAX_ERRORS, MAX_ROW_ERRORS
from riskspace.service import Answered
from riskspace.web import bodies

GOOD, BAD = tiny.RECORD, {**tiny.RECORD, "hours": -1}
JSON, CSV = {"Content-Type": "application/json"}, {"Content-Type": "text/csv"}


def batch(api: Api, **sent: Any) -> dict[str, Any]:
    answer = api.client.post("/predict/batch", **sent)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_batches_wait_for_each_other(redis_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs the memory of its answer, and as many records at once as it has rows."""
    service, at_once = redis_api.backend.service, [0, 0]
    predict_rows = service.predict_rows

    def counted(body: bytes, *, csv: bool) -> Answered:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.05)  # long enough for the others to come in
        at_once[0] -= 1
        return predict_rows(body, csv=csv)

    monkeypatch.setattr(service, "predict_rows", counted)
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda _: batch(redis_api, json=[GOOD]), range(4)))
    assert at_once == [0, 1]


def test_what_a_batch_was_decoded_to_goes_after_its_answer(
    redis_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To free ten thousand records takes a millisecond, in which the answer would wait."""
    service = redis_api.backend.service
    predict_rows = service.predict_rows
    seen: list[str] = []

    class Decoded:
        def __del__(self) -> None:
            seen.append("freed")

    def noted(body: bytes, *, csv: bool) -> Answered:
        return predict_rows(body, csv=csv)._replace(decoded=Decoded())

    async def room(*_: object) -> None:
        await asyncio.sleep(0)

    async def asked() -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": json.dumps([GOOD]).encode()}

        async def send(message: Message) -> None:
            seen.append(message["type"])

        await redis_api.client.app(post("/predict/batch"), receive, send)

    monkeypatch.setattr(service, "predict_rows", noted)
    monkeypatch.setattr(redis_api.backend.writer, "room", room)
    assert redis_api.client.portal is not None
    redis_api.client.portal.call(asked)
    eventually(lambda: len(seen) == 3)
    assert seen == ["http.response.start", "http.response.body", "freed"]


def test_no_record_is_lost_when_batches_come_at_once(
    redis_api: Api, redis_server: RedisServer
) -> None:
    """More than the queue would hold, were they not answered one after the other."""
    rows = [tiny.RECORD] * 10_000
    with ThreadPoolExecutor(6) as callers:
        answers = list(
            callers.map(lambda _: redis_api.client.post("/predict/batch", json=rows), range(6))
        )
    assert [answer.status_code for answer in answers] == [200] * 6
    redis_api.client.get("/logs")  # written up to here
    newest = {entry["batch_id"] for entry in entries(redis_server, "records")}
    assert len(newest) >= 5, "50 000 are kept: those of five batches"
    assert redis_api.backend.writer.lost == 0


def test_a_batch_has_the_shape_of_the_contract(api: Api) -> None:
    answer = batch(api, json={"records": [GOOD, BAD]})
    assert set(answer) == {"batch_id", "model", "threshold", "total", "failed", "results"}
    assert (answer["total"], answer["failed"], answer["threshold"]) == (2, 1, 0.6)
    assert answer["model"] == {"name": "pumps", "version": "2.1.0"}
    good, bad = answer["results"]
    assert set(good) == {"row", "prediction", "probability", "risk", "prediction_id", "warnings"}
    assert bad == {
        "row": 1,
        "errors": [
            {
                "field": "hours",
                "code": "out_of_bounds",
                "message": "is out of bounds",
                "accepted": "a whole number from 0 to 100000 h",
            }
        ],
    }


def test_a_row_answers_as_it_would_alone(api: Api) -> None:
    rows = [{**GOOD, "hours": 1000 * hours, "liquid": "oil"} for hours in range(40)]
    results = batch(api, json=rows)["results"]
    for row, result in zip(rows, results, strict=True):
        alone = api.client.post("/predict", json=row).json()
        assert result["probability"] == pytest.approx(alone["probability"], abs=1e-12)
        assert (result["prediction"], result["risk"]) == (alone["prediction"], alone["risk"])


@pytest.mark.parametrize("row", [None, 1, "x", [], [GOOD], {}, {"hours": None}, BAD])
def test_a_wrong_row_fails_alone(api: Api, row: object) -> None:
    answer = batch(api, json=[GOOD, row, GOOD])
    assert answer["failed"] == 1
    first, second, third = answer["results"]
    assert second["errors"]
    assert first["probability"] == third["probability"]


def test_a_bare_list_is_a_batch_too(api: Api) -> None:
    bare, wrapped = batch(api, json=[GOOD]), batch(api, json={"records": [GOOD]})
    assert bare["results"][0]["probability"] == wrapped["results"][0]["probability"]


def test_csv_answers_as_json_does(api: Api) -> None:
    text = "hours,material,inlet_bar,outlet_bar,outdoor,liquid\n20000,steel,2.5,10,yes,\n"
    european = "hours;material;inlet_bar;outlet_bar;outdoor;liquid\n20000;steel;2,5;10;1;\n"
    results = [
        batch(api, json=[GOOD]),
        batch(api, content=text, headers=CSV),
        batch(
            api, content="\ufeff" + european, headers={"Content-Type": "text/csv; charset=utf-8"}
        ),
    ]
    assert len({result["results"][0]["probability"] for result in results}) == 1


def test_csv_has_errors_a_row(api: Api) -> None:
    text = "hours,material\n1,steel\nx,steel\n1,gold\n,steel\n1,steel,9\n1\n"
    results = batch(api, content=text, headers=CSV)["results"]
    assert [[(e["field"], e["code"]) for e in row.get("errors", ())] for row in results] == [
        [],
        [("hours", "wrong_type")],
        [("material", "not_a_choice")],
        [("hours", "missing")],
        [("extra cells", "unknown_field")],
        [("material", "missing")],
    ]


def test_ten_thousand_rows_are_answered(api: Api) -> None:
    answer = batch(api, json=[GOOD] * 10_000)
    assert (answer["total"], answer["failed"]) == (10_000, 0)
    assert len({row["prediction_id"] for row in answer["results"]}) == 10_000
    assert [row["row"] for row in answer["results"]] == list(range(10_000))


@pytest.mark.parametrize("form", ["list", "object", "csv"])
@pytest.mark.parametrize(("rows", "code"), [(10_001, "too_many"), (0, "too_few")])
def test_a_batch_is_refused_when_it_has_too_many_rows_or_none(
    api: Api, form: str, rows: int, code: str
) -> None:
    sent: dict[str, Any] = {
        "list": {"json": [GOOD] * rows},
        "object": {"json": {"records": [GOOD] * rows}},
        "csv": {"content": "hours,material\n" + "1,steel\n" * rows, "headers": CSV},
    }[form]
    assert faults(api.client.post("/predict/batch", **sent), 422) == [("records", code)]


@pytest.mark.parametrize(
    ("media_type", "mark"), [("application/json", b","), ("text/csv", b","), ("text/csv", b";")]
)
def test_a_batch_is_refused_before_it_is_decoded_when_it_has_too_many_values(
    api: Api, media_type: str, mark: bytes
) -> None:
    def told(values: bytes) -> list[str]:
        answer = api.client.post(
            "/predict/batch", content=b"[[%s]]" % values, headers={"Content-Type": media_type}
        )
        return [error["message"] for error in answer.json().get("errors") or []]

    most = b"1" + (mark + b"1") * 10_000 * (len(tiny.FEATURES) + MAX_ERRORS)
    assert "has too many values" not in told(most)
    assert told(most + mark + b"1") == ["has too many values"]


@pytest.mark.parametrize(
    "body", [{}, {"records": {}}, {"records": None}, {"rows": []}, GOOD, "x", 1, None]
)
def test_a_batch_is_refused_when_it_is_no_list(api: Api, body: object) -> None:
    answer = api.client.post("/predict/batch", content=json.dumps(body), headers=JSON)
    assert faults(answer, 422) == [("records", "wrong_type")]


def test_a_batch_is_refused_when_something_stands_beside_its_records(api: Api) -> None:
    answer = api.client.post("/predict/batch", json={"records": [GOOD], "more": 1})
    assert faults(answer, 422) == [("records", "wrong_type")]


@pytest.mark.parametrize("header", ["20000,steel,2.5", "heures;matiere", "hours,hours", ""])
def test_csv_is_refused_when_its_header_names_no_fields(api: Api, header: str) -> None:
    answer = api.client.post("/predict/batch", content=f"{header}\n1,steel\n", headers=CSV)
    assert problem(answer, 400)["errors"][0]["code"] == "malformed"


def test_a_batch_is_one_line_of_the_log_and_a_record_a_valid_row(
    redis_api: Api, redis_server: RedisServer
) -> None:
    answer = batch(redis_api, json=[GOOD, BAD, GOOD])
    eventually(lambda: len(entries(redis_server, "records")) == 2)
    records = entries(redis_server, "records")
    assert {record["batch_id"] for record in records} == {answer["batch_id"]}
    assert [record["id"] for record in records] == [
        row["prediction_id"] for row in answer["results"] if "errors" not in row
    ]
    assert all(json.loads(record["inputs"]) == GOOD for record in records)
    lines = [line for line in redis_api.log.splitlines() if answer["batch_id"] in line]
    assert len(lines) == 1
    assert re.search(
        r"INFO - Lot de prédictions effectué \(lignes: 3, refusées: 1, lot: [0-9a-f]{32}\)$",
        lines[0],
    )
    assert "Prédiction effectuée" not in redis_api.log


def test_an_answer_is_bounded_when_every_row_is_wrong(api: Api) -> None:
    """A body must not become an answer of twenty times its size."""
    row = {f"field{number}": 0 for number in range(50)}
    answer = api.client.post("/predict/batch", json=[row] * 10_000)
    assert answer.status_code == 200
    assert len(answer.content) < 25_000_000
    assert all(len(result["errors"]) == MAX_ROW_ERRORS for result in answer.json()["results"])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"hours\n" + b"1\n" * 4_000_000, CSV),
        (
            b"hours," + ",".join(f"{n:x}" for n in range(500_000)).encode() + b"\n" + b"1\n" * 2000,
            CSV,
        ),
        (b"[" + b"{}," * 2_700_000 + b"{}]", JSON),
        (b'[{"' + b'":0,"'.join(f"{n:x}".encode() for n in range(500_000)) + b'":0}]', JSON),
    ],
    ids=[
        "four million rows",
        "half a million columns",
        "millions of objects",
        "half a million keys",
    ],
)
def test_memory_is_bounded_when_a_body_is_a_bomb(
    api: Api, body: bytes, headers: dict[str, str]
) -> None:
    assert len(body) < bodies.BATCH_LIMIT
    tracemalloc.start()
    try:
        status = api.client.post("/predict/batch", content=body, headers=headers).status_code
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status in {200, 400, 422}
    assert peak < 250_000_000
