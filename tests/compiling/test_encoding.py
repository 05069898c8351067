"""Records as a matrix, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from compiling.compiled import FEATURES, table
from pandas.testing import assert_frame_equal

from riskspace.model.encoding import decode, encode
from riskspace.model.manifest import Value
from riskspace.model.sklearn_engine import frame

NAN = float("nan")


def column(name: str, values: list[Value]) -> list[float]:
    index = [feature.name for feature in FEATURES].index(name)
    return list(encode(FEATURES, [{name: value} for value in values])[:, index])


def test_numbers_are_as_they_are_and_booleans_0_or_1() -> None:
    assert column("a", [1, -2.5, None]) == pytest.approx([1, -2.5, NAN], nan_ok=True)
    assert column("flag", [True, False, None]) == pytest.approx([1, 0, NAN], nan_ok=True)


def test_a_choice_is_its_index_and_unknown_where_it_is_none_of_them() -> None:
    found = column("kind", ["z", "x", None, "none of them"])
    assert found == pytest.approx([2, 0, NAN, NAN], nan_ok=True)


def test_what_is_left_out_is_unknown() -> None:
    assert np.isnan(encode(FEATURES, [{}])).all()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_matrix_has_a_row_a_record_and_is_laid_out_by_rows(count: int) -> None:
    matrix = encode(FEATURES, [{"a": 1}] * count)
    assert matrix.shape == (count, len(FEATURES))
    assert matrix.dtype == np.float64
    assert matrix.flags.c_contiguous


def test_a_decoded_matrix_is_the_frame_of_its_records() -> None:
    """What is proven of a matrix is then proven of what scikit-learn would have been asked."""
    rows = table()
    records = rows.to_dict("records")
    columns = decode(FEATURES, encode(FEATURES, records)).items()
    again = pd.DataFrame({name: pd.Series(v, dtype=v.dtype) for name, v in columns})
    assert_frame_equal(again, frame(FEATURES, records))
    assert_frame_equal(again, rows)
