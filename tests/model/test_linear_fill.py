"""LinearFill: what is unknown, estimated from what is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from riskspace.model.transformers import LinearFill

NAN = float("nan")


@pytest.fixture
def known() -> pd.DataFrame:
    """Two columns that are exact lines of the given ones."""
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, 50))
    return pd.DataFrame({"a": a, "b": b, "sum": a + b + 1, "double": 2 * a, "other": "kept"})


def test_what_is_unknown_is_on_the_line(known: pd.DataFrame) -> None:
    fill = LinearFill(("sum", "double"), ("a", "b")).fit(known)
    asked = pd.DataFrame({"a": [1.0], "b": [2.0], "sum": [NAN], "double": [NAN], "other": ["kept"]})
    filled = fill.transform(asked)
    assert filled["sum"][0] == pytest.approx(4.0, abs=1e-12)
    assert filled["double"][0] == pytest.approx(2.0, abs=1e-12)
    assert list(filled.columns) == list(asked.columns)


def test_what_is_known_stays(known: pd.DataFrame) -> None:
    fill = LinearFill(("sum", "double"), ("a", "b")).fit(known)
    asked = known.assign(sum=7.0)
    pd.testing.assert_frame_equal(fill.transform(asked), asked)


def test_rows_without_the_answer_teach_nothing(known: pd.DataFrame) -> None:
    holes = known.assign(sum=known["sum"].where(known["a"] > 0))
    fill = LinearFill(("sum",), ("a", "b")).fit(holes)
    np.testing.assert_allclose(fill.transform(holes)["sum"], known["sum"], atol=1e-12)


def test_a_given_answer_that_is_unknown_counts_as_its_median(known: pd.DataFrame) -> None:
    fill = LinearFill(("double",), ("a",)).fit(known)
    filled = fill.transform(known.assign(a=NAN, double=NAN))
    assert filled["a"].unique() == [known["a"].median()]
    assert filled["double"].to_numpy() == pytest.approx(2 * known["a"].median(), abs=1e-12)


def test_the_table_that_was_given_is_left_alone(known: pd.DataFrame) -> None:
    holes = known.assign(sum=NAN)
    LinearFill(("sum",), ("a",)).fit(known).transform(holes)
    assert holes["sum"].isna().all()


def test_a_clone_has_the_same_columns() -> None:
    step = clone(LinearFill(("sum",), ("a", "b")))
    assert (step.columns, step.given) == (("sum",), ("a", "b"))
