"""BentoML, as a service of one worker, with and without its adaptive batching."""

from __future__ import annotations

from typing import Any

import bentoml

from bench.peers import engine

QUIET = {"access": {"enabled": False}}


@bentoml.service(workers=1, logging=QUIET)
class Single:
    def __init__(self) -> None:
        self.probabilities = engine.load()

    @bentoml.api
    def predict(self, record: dict[str, Any]) -> dict[str, float]:
        return {"probability": self.probabilities([record])[0]}


@bentoml.service(workers=1, logging=QUIET)
class Batched:
    def __init__(self) -> None:
        self.probabilities = engine.load()

    @bentoml.api(batchable=True, max_batch_size=100, max_latency_ms=1000)
    def predict(self, records: list[dict[str, Any]]) -> list[float]:
        return self.probabilities(records)
