"""Prediction records: those of one moment together, as numbers, until they are written as text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np

from riskspace.logs import timestamp

Value = float | bool | str | None

T = TypeVar("T")


class Records(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The predictions of one moment. `time` is in seconds since the epoch; `ids` and
    `probabilities` have one a record; `latencies`, in seconds from the record to its answer, and
    `requests` one a record, or one for all. `inputs` is a matrix of float64, a row a record, as
    bytes, and empty where inputs aren't kept."""

    time: float
    ids: list[str]
    probabilities: list[float]
    latencies: list[float]
    requests: list[str | None]
    inputs: bytes
    batch_id: str | None = None

    def __len__(self) -> int:
        return len(self.ids)


class RecordForm(msgspec.Struct, frozen=True):
    """How the records of one model are put into words. `bands` are their names, `uppers` the upper
    ends of all but the last; `values` has for each field what its codes stand for, None where it is
    a number."""

    model: str
    version: str
    threshold: float
    bands: list[str]
    uppers: list[float]
    fields: list[str]
    values: list[list[Value] | None]

    def fits(self, records: Records) -> bool:
        """Whether they have all that this form puts into words."""
        count = len(records)
        return (
            count > 0
            and len(records.probabilities) == count
            and len(records.latencies) in (1, count)
            and len(records.requests) in (1, count)
            and len(records.inputs) in (0, count * len(self.fields) * 8)
        )

    def record(self, row: Sequence[float]) -> dict[str, Value]:
        """A row of the matrix as the record that it was made of; None for unknown."""
        return {
            field: None if number != number else values[int(number)] if values else number
            for field, values, number in zip(self.fields, self.values, row, strict=True)
        }

    def entries(self, records: Records, start: int, stop: int) -> list[dict[str, str]]:
        """Some of the records as flat text; what is unknown is left out."""
        inputs = self._inputs(records.inputs, start, stop)
        return [
            self._entry(records, i, inputs[i - start] if inputs else None)
            for i in range(start, stop)
        ]

    def _inputs(self, matrix: bytes, start: int, stop: int) -> list[str]:
        width = len(self.fields)
        count = (stop - start) * width if matrix else 0
        rows = np.frombuffer(matrix, np.float64, count, start * width * 8 if matrix else 0)
        encode = msgspec.json.encode
        return [encode(self.record(row)).decode() for row in rows.reshape(-1, width).tolist()]

    def _entry(self, records: Records, i: int, inputs: str | None) -> dict[str, str]:
        probability = records.probabilities[i]
        entry = {
            "id": records.ids[i],
            "timestamp": timestamp(records.time),
            "model": self.model,
            "version": self.version,
            "prediction": "1" if probability >= self.threshold else "0",
            "probability": repr(probability),
            "band": self.bands[bisect_right(self.uppers, probability)],
            "latency_ms": f"{_of(records.latencies, i) * 1000:.3f}",
        }
        if inputs is not None:
            entry["inputs"] = inputs
        if records.batch_id is not None:
            entry["batch_id"] = records.batch_id
        request = _of(records.requests, i)
        if request is not None:
            entry["request_id"] = request
        return entry


def _of(values: Sequence[T], i: int) -> T:
    return values[i] if len(values) > 1 else values[0]
