"""What is kept, as flat text."""

from __future__ import annotations

import json

from riskspace.store.entries import LogEntry, PredictionRecord

RECORD = PredictionRecord(
    id="p1",
    time=1731254400.25,
    model="pumps",
    version="2.1.0",
    prediction=1,
    probability=0.1 + 0.2,
    band="worn",
    latency=0.0012345,
    inputs={"hours": 20_000.0, "liquid": None, "outdoor": True},
    batch_id="b1",
    request_id="r1",
)


def test_a_log_entry_has_its_parts() -> None:
    entry = LogEntry(1731254400.25, "INFO", "api", "Prêt", "r1", "p1")
    assert entry.fields() == {
        "timestamp": "2024-11-10T16:00:00.250Z",
        "level": "INFO",
        "logger": "api",
        "message": "Prêt",
        "request_id": "r1",
        "prediction_id": "p1",
    }


def test_a_log_entry_leaves_out_what_is_unknown() -> None:
    fields = LogEntry(0, "INFO", "api", "", None, None).fields()
    assert set(fields) == {"timestamp", "level", "logger", "message"}


def test_a_record_has_its_parts() -> None:
    fields = RECORD.fields()
    assert json.loads(fields.pop("inputs")) == {"hours": 20_000, "liquid": None, "outdoor": True}
    assert fields == {
        "id": "p1",
        "timestamp": "2024-11-10T16:00:00.250Z",
        "model": "pumps",
        "version": "2.1.0",
        "prediction": "1",
        "probability": "0.30000000000000004",
        "band": "worn",
        "latency_ms": "1.234",
        "batch_id": "b1",
        "request_id": "r1",
    }
    assert float(fields["probability"]) == RECORD.probability
