"""One record in, one risk out, one line in the log, one record kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from api.apis import Api, entries, on_redis
from real import RedisServer, eventually

from riskspace.model import manifest

Serve = Callable[..., Api]


def predict(api: Api, record: dict[str, Any] = tiny.RECORD) -> dict[str, Any]:
    answer = api.client.post("/predict", json=record)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_a_prediction_has_the_shape_of_the_contract(api: Api, pumps: Path) -> None:
    answer = predict(api)
    identity = answer.pop("prediction_id")
    expected = manifest.read(pumps).example.probability
    assert re.fullmatch(r"[0-9a-f]{32}", identity)
    assert answer.pop("probability") == pytest.approx(expected, abs=1e-9)
    assert answer == {
        "prediction": 0,
        "risk": "worn",
        "threshold": 0.6,
        "model": {"name": "pumps", "version": "2.1.0"},
        "warnings": [],
    }


@pytest.mark.parametrize(("hours", "prediction", "risk"), [(0, 0, "calm"), (40_000, 1, "failing")])
def test_a_prediction_is_1_when_the_probability_reaches_the_threshold(
    api: Api, hours: int, prediction: int, risk: str
) -> None:
    answer = predict(api, {**tiny.RECORD, "hours": hours})
    assert (answer["prediction"], answer["risk"]) == (prediction, risk)
    assert (answer["probability"] >= answer["threshold"]) == bool(prediction)


def test_a_prediction_warns_when_the_model_has_seen_none_like_it(api: Api) -> None:
    answer = predict(api, {**tiny.RECORD, "hours": 90_000, "inlet_bar": 20, "outlet_bar": 10})
    assert [(item["field"], item["code"]) for item in answer["warnings"]] == [
        ("hours", "outside_trained_range"),
        ("inlet_bar", "unusual_order"),
    ]
    assert all(set(item) == {"field", "code", "message"} for item in answer["warnings"])


def test_a_prediction_is_the_same_when_the_unknown_is_null_or_left_out(api: Api) -> None:
    short = {"hours": 20_000, "material": "steel"}
    full = dict.fromkeys(tiny.RECORD) | short
    assert predict(api, short)["probability"] == predict(api, full)["probability"]


def test_a_prediction_s_id_is_its_own(api: Api) -> None:
    assert len({predict(api)["prediction_id"] for _ in range(20)}) == 20


def test_a_prediction_is_one_line_of_the_log(api: Api) -> None:
    predict(api)
    lines = [line for line in api.log.splitlines() if "Prédiction" in line]
    assert len(lines) == 1
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - api - INFO - Prédiction effectuée: 0 \(prob=0\.\d\d\)",
        lines[0],
    )


def test_a_prediction_s_id_is_its_record_s_and_its_log_entry_s(
    redis_api: Api, redis_server: RedisServer
) -> None:
    sent = redis_api.client.post("/predict", json=tiny.RECORD, headers={"X-Request-ID": "visit-1"})
    identity = sent.json()["prediction_id"]
    eventually(lambda: len(entries(redis_server, "records")) == 1)
    (record,) = entries(redis_server, "records")
    assert record["id"] == identity
    assert record["request_id"] == "visit-1"
    logged = redis_api.client.get("/logs?limit=1").json()["logs"][0]
    assert logged["prediction_id"] == identity
    assert logged["request_id"] == "visit-1"
    assert logged["message"].startswith("Prédiction effectuée: 0 (prob=0.")


def test_a_record_holds_what_was_asked_and_answered(
    redis_api: Api, redis_server: RedisServer
) -> None:
    answer = predict(redis_api, {"hours": 20_000, "material": "steel", "outdoor": True})
    eventually(lambda: len(entries(redis_server, "records")) == 1)
    (record,) = entries(redis_server, "records")
    assert set(record) == {
        *("id", "timestamp", "model", "version", "prediction", "probability", "band"),
        *("latency_ms", "inputs", "request_id"),
    }
    assert json.loads(record["inputs"]) == {
        **dict.fromkeys(tiny.RECORD),
        "hours": 20_000,
        "material": "steel",
        "outdoor": True,
    }
    assert float(record["probability"]) == answer["probability"]
    assert (record["model"], record["version"]) == ("pumps", "2.1.0")
    assert (record["prediction"], record["band"]) == (str(answer["prediction"]), answer["risk"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["timestamp"])
    assert 0 < float(record["latency_ms"]) < 5000


def test_a_record_leaves_the_inputs_out_when_they_are_not_to_be_kept(
    redis_server: RedisServer, serve: Serve
) -> None:
    api = serve(on_redis(redis_server, RECORD_INPUTS="false"))
    predict(api)
    api.client.post("/predict/batch", json=[tiny.RECORD])
    eventually(lambda: len(entries(redis_server, "records")) == 2)
    assert not any("inputs" in record for record in entries(redis_server, "records"))
    assert api.client.get("/model").json()["inputs_recorded"] is False


def test_a_refused_record_is_not_kept(redis_api: Api, redis_server: RedisServer) -> None:
    redis_api.client.post("/predict", json={"hours": -1})
    predict(redis_api)
    eventually(lambda: len(entries(redis_server, "records")) == 1)


def test_the_model_tells_all_that_a_form_needs(api: Api) -> None:
    model = api.client.get("/model").json()
    assert set(model) == {
        *("name", "version", "title", "description", "disclaimer", "target", "groups"),
        *("features", "order", "bands", "threshold", "presets", "metrics", "provenance"),
        "inputs_recorded",
    }
    hours = model["features"][0]
    assert hours["name"] == "hours"
    assert hours["unit"] == "h"
    assert hours["bounds"] == [0, 100_000]
    assert hours["label"] == {"fr": "Heures de marche", "en": "Running hours"}
    assert [choice["value"] for choice in model["features"][1]["choices"]] == ["steel", "bronze"]
    assert [band["name"] for band in model["bands"]] == ["calm", "worn", "failing"]
    assert model["inputs_recorded"] is True
