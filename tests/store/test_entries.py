"""What is kept, as flat text."""

from __future__ import annotations

from riskspace.store.entries import LogEntry


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
