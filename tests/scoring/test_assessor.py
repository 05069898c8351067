"""Probabilities to classes and bands, at their very edges; and what the engine is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nextafter

import numpy as np
import pytest
import tiny

from riskspace.model.encoding import Matrix, encode
from riskspace.model.engine import Probabilities
from riskspace.model.manifest import Manifest
from riskspace.model.package import Package
from riskspace.scoring.assessor import Assessor

EDGES = [0.0, nextafter(0.3, 0), 0.3, nextafter(0.6, 0), 0.6, nextafter(0.6, 1), 1.0]


@dataclass
class Told:
    """An engine that answers what it is told to."""

    answers: list[float]
    asked: list[Matrix] = field(default_factory=list)

    def probabilities(self, matrix: Matrix) -> Probabilities:
        self.asked.append(matrix)
        return np.array(self.answers)


def test_classes_and_bands_are_the_manifest_s_at_every_edge(sealed: Manifest) -> None:
    columns = list(encode(sealed.features, [tiny.RECORD] * len(EDGES)).T)
    assessor = Assessor(Package(sealed, Told(EDGES)))
    answers = assessor.assess(columns, len(EDGES))
    assert answers.predictions.tolist() == [p >= sealed.threshold for p in EDGES]
    bands = [assessor.bands[place] for place in answers.bands]
    assert bands == [sealed.band(p).name for p in EDGES]


def test_the_engine_is_asked_for_valid_rows_only(sealed: Manifest) -> None:
    engine = Told([0.25, 0.75])
    rows = [{**tiny.RECORD, "hours": hours} for hours in (-1, 1, None, 2, 1e9)]
    answers = Assessor(Package(sealed, engine)).assess(list(encode(sealed.features, rows).T), 5)
    assert [matrix[:, 0].tolist() for matrix in engine.asked] == [[1, 2]]
    assert answers.valid.tolist() == [False, True, False, True, False]
    assert answers.probabilities[answers.valid].tolist() == [0.25, 0.75]
    assert answers.refused == 3


@pytest.mark.parametrize("rows", [0, 3])
def test_the_engine_is_not_asked_for_nothing(sealed: Manifest, rows: int) -> None:
    engine = Told([])
    matrix = encode(sealed.features, [{**tiny.RECORD, "hours": -1}] * rows)
    assert Assessor(Package(sealed, engine)).assess(list(matrix.T), rows).refused == rows
    assert not engine.asked
