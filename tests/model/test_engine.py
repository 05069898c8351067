"""Rows to the table that an estimator takes, and back to one probability a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from riskspace.model import package
from riskspace.model.encoding import encode
from riskspace.model.manifest import Manifest, Record
from riskspace.model.package import Package
from riskspace.model.sklearn_engine import SklearnEngine, frame


@pytest.fixture(scope="module")
def loaded(pumps: Path) -> Package:
    return package.load(pumps)


def test_a_table_has_a_column_a_feature_in_the_schema_s_order(sealed: Manifest) -> None:
    backwards = dict(reversed(tiny.RECORD.items()))
    table = frame(sealed.features, [backwards])
    assert list(table) == [feature.name for feature in sealed.features]


def test_a_table_holds_numbers_as_float64_and_choices_as_objects(sealed: Manifest) -> None:
    table = frame(sealed.features, [tiny.RECORD, {}])
    choices = {"material", "liquid"}
    for name, dtype in table.dtypes.items():
        assert dtype == ("object" if name in choices else "float64"), name
    assert table["outdoor"][0] == 1.0


@pytest.mark.parametrize("record", [{}, dict.fromkeys(tiny.RECORD)])
def test_a_table_holds_nan_or_none_for_what_is_unknown(sealed: Manifest, record: Record) -> None:
    table = frame(sealed.features, [record])
    assert table.isna().all(axis=None)
    assert table["liquid"][0] is None
    assert np.isnan(table["hours"][0])


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_probabilities_are_one_a_row(loaded: Package, count: int) -> None:
    matrix = encode(loaded.manifest.features, [tiny.RECORD] * count)
    probabilities = loaded.engine.probabilities(matrix)
    assert probabilities.shape == (count,)
    assert probabilities.dtype == np.float64
    assert np.all((probabilities >= 0) & (probabilities <= 1))


def test_a_row_s_probability_is_its_own_whatever_stands_beside_it(loaded: Package) -> None:
    rows: list[dict[str, Any]] = [
        {"hours": 100.0 * hours, "material": "bronze", "inlet_bar": hours or None}
        for hours in range(50)
    ]
    alone = [loaded.probabilities([row])[0] for row in rows]
    np.testing.assert_allclose(loaded.probabilities(rows), alone, rtol=0, atol=1e-12)


def test_an_unknown_choice_is_the_same_whatever_stands_beside_it(sealed: Manifest) -> None:
    """An encoder that learnt a category for the unknown must find it, in a batch or alone."""
    liquid = (sealed.feature("liquid"),)
    rows: list[Record] = [{"liquid": "water"}, {"liquid": None}, {"liquid": "oil"}]
    estimator = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    engine = SklearnEngine(estimator.fit(frame(liquid, rows), [0, 1, 0]), liquid)
    together = engine.probabilities(encode(liquid, rows))
    assert together[1] > together[0]
    for row, probability in zip(rows, together, strict=True):
        assert engine.probabilities(encode(liquid, [row]))[0] == pytest.approx(
            probability, abs=1e-12
        )


@pytest.mark.parametrize("inlet", [0, 1e-320, 50])
def test_a_probability_is_a_number_when_a_ratio_has_no_end(loaded: Package, inlet: float) -> None:
    (probability,) = loaded.probabilities([{**tiny.RECORD, "inlet_bar": inlet}])
    assert 0 <= probability <= 1
