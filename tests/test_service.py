from __future__ import annotations

import json
from math import nextafter
from pathlib import Path

import numpy as np
import pytest
import tiny

from riskspace.model import manifest as manifests
from riskspace.model.encoding import Matrix
from riskspace.model.engine import Probabilities
from riskspace.predictions import RowPrediction
from riskspace.service import Service, form_of
from riskspace.store.protocol import Stream
from riskspace.store.queues import RecordQueue

RECORDS = Stream("records", 10)


class Saying:
    """An engine that gives every row one probability."""

    def __init__(self, probability: float) -> None:
        self._probability = probability

    def probabilities(self, matrix: Matrix) -> Probabilities:
        return np.full(len(matrix), self._probability)


@pytest.mark.parametrize("edge", [0.0, 0.3, 0.6, 1.0])
@pytest.mark.parametrize("towards", [0.0, None, 1.0])
def test_the_band_and_the_class_at_an_edge_are_the_manifest_s(
    pumps: Path, edge: float, towards: float | None
) -> None:
    probability = edge if towards is None else nextafter(edge, towards)
    described = manifests.read(pumps)
    queue = RecordQueue(RECORDS, form_of(described), 10)
    service = Service(described, queue, tell=lambda _: None)
    service.engine = Saying(probability)
    alone = service.answer(*service.assess_json(json.dumps(tiny.RECORD).encode()))
    batch = service.predict_rows(json.dumps([tiny.RECORD]).encode(), csv=False).batch
    (row,) = batch.results
    assert isinstance(row, RowPrediction)
    for answer in (alone, row):
        assert answer.risk == described.band(probability).name
        assert answer.prediction == int(probability >= described.threshold)
