"""Predictions as JSON, in C but for what is the same in every answer."""

from __future__ import annotations

import msgspec

from riskspace.predictions import Batch, Prediction


class Encoder:
    """The answers of one model."""

    def __init__(self, name: str, version: str, threshold: float) -> None:
        common = {"threshold": threshold, "model": {"name": name, "version": version}}
        self._encode = msgspec.json.Encoder().encode
        # Without the brace that opens it: it follows what differs.
        self._common = b"," + self._encode(common)[1:]

    def prediction(self, answer: Prediction) -> bytes:
        return self._encode(answer)[:-1] + self._common

    def batch(self, batch: Batch) -> bytes:
        return self._encode(batch)[:-1] + self._common
