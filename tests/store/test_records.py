"""Prediction records, kept as numbers, as flat text."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskspace.store.protocol import Stream
from riskspace.store.queues import LEAST, RecordQueue
from riskspace.store.records import RecordForm, Records

FORM = RecordForm(
    model="pumps",
    version="2.1.0",
    threshold=0.3,
    bands=["new", "worn", "old"],
    uppers=[0.3, 0.6],
    fields=["hours", "liquid", "outdoor"],
    values=[None, ["water", "oil"], [False, True]],
)
MATRIX = np.array([[20_000, math.nan, 1], [0.5, 1, math.nan], [math.nan, 0, 0]])
RECORDS = Records(
    1731254400.25,
    ["p1", "p2", "p3"],
    [0.1 + 0.2, 0.6, math.nextafter(0.3, 0)],
    [0.0012345, 0.001, 0.002],
    ["r1", None, "r3"],
    MATRIX.tobytes(),
)


def test_a_record_has_its_parts() -> None:
    first = FORM.entries(RECORDS, 0, 3)[0]
    assert json.loads(first.pop("inputs")) == {"hours": 20_000, "liquid": None, "outdoor": True}
    assert first == {
        "id": "p1",
        "timestamp": "2024-11-10T16:00:00.250Z",
        "model": "pumps",
        "version": "2.1.0",
        "prediction": "1",
        "probability": "0.30000000000000004",
        "band": "worn",
        "latency_ms": "1.234",
        "request_id": "r1",
    }
    assert float(first["probability"]) == RECORDS.probabilities[0]


def test_each_record_has_its_own_parts_wherever_one_begins() -> None:
    all_of_them = FORM.entries(RECORDS, 0, 3)
    assert [entry["band"] for entry in all_of_them] == ["worn", "old", "new"]
    assert [entry["prediction"] for entry in all_of_them] == ["1", "1", "0"]
    assert [json.loads(entry["inputs"])["liquid"] for entry in all_of_them] == [
        None,
        "oil",
        "water",
    ]
    assert [entry.get("request_id") for entry in all_of_them] == ["r1", None, "r3"]
    for start in range(4):
        for stop in range(start, 4):
            assert FORM.entries(RECORDS, start, stop) == all_of_them[start:stop]


def test_a_batch_shares_what_is_the_same() -> None:
    batch = Records(0.0, ["a", "b"], [0.0, 1.0], [0.5], ["r"], MATRIX[:2].tobytes(), "b1")
    for entry in FORM.entries(batch, 0, 2):
        assert entry["latency_ms"] == "500.000"
        assert entry["request_id"] == "r"
        assert entry["batch_id"] == "b1"


def test_inputs_that_are_not_kept_are_left_out() -> None:
    entries = FORM.entries(Records(0.0, ["a"], [0.5], [0.0], [None], b""), 0, 1)
    assert "inputs" not in entries[0]


# --- The queue --------------------------------------------------------------------------------


def many(first: int, count: int) -> Records:
    ids = [str(n) for n in range(first, first + count)]
    return Records(0.0, ids, [0.5] * count, [0.0], [None], b"")


def drained(queue: RecordQueue, most: int) -> list[int]:
    found = []
    while (following := queue.next(most))[0]:
        entries, mark = following
        assert len(entries) <= most
        assert queue.next(most) == following, "the same until they are written"
        assert mark.first == int(entries[0]["id"])
        found += [int(entry["id"]) for entry in entries]
        queue.written()
    return found


@given(st.lists(st.integers(1, 700), max_size=12), st.integers(1, 300))
def test_the_oldest_go_one_by_one_and_are_counted(sizes: list[int], most: int) -> None:
    queue = RecordQueue(Stream("records", 10), FORM, LEAST)
    total = 0
    for size in sizes:
        queue.put(many(total, size))
        total += size
    assert len(queue) == min(total, LEAST)
    assert queue.lost == max(0, total - LEAST)
    assert drained(queue, most) == list(range(queue.lost, total))
    assert len(queue) == 0


@pytest.mark.parametrize("size", [1, 10, LEAST])
def test_what_is_being_written_is_not_pushed_out(size: int) -> None:
    queue = RecordQueue(Stream("records", 10), FORM, LEAST)
    queue.put(many(0, LEAST))
    writing = [int(entry["id"]) for entry in queue.next(size)[0]]
    queue.put(many(LEAST, LEAST))
    assert [int(entry["id"]) for entry in queue.next(size)[0]] == writing
    queue.written()
    assert drained(queue, 200) == list(range(LEAST, 2 * LEAST))
    assert queue.lost == LEAST - size
