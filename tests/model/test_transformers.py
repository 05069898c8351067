"""The generic steps: arithmetic on columns, and nothing learnt."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from riskspace.model.transformers import Clip, Difference, Ratio, Step

NAN = math.nan
STEPS = [
    Ratio("bmi", "weight", "height", power=2, scale=10_000),
    Difference("pulse", "high", "low"),
    Clip({"weight": (40, 150)}),
]


def column(**values: list[float]) -> pd.DataFrame:
    return pd.DataFrame(values, dtype="float64")


def test_a_ratio_is_scale_times_numerator_by_denominator_to_the_power() -> None:
    table = column(weight=[80, 81, NAN, 80], height=[200, 180, 180, NAN])
    bmi = Ratio("bmi", "weight", "height", power=2, scale=10_000).fit_transform(table)["bmi"]
    assert bmi.tolist() == pytest.approx([20, 25, NAN, NAN], nan_ok=True)


@pytest.mark.parametrize(
    ("numerator", "denominator"), [(1, 0), (-1, 0), (0, 0), (1, -0.0), (10, 1e-320), (1e308, 1e-2)]
)
def test_a_ratio_is_unknown_when_it_has_no_end(numerator: float, denominator: float) -> None:
    """An infinity would end in a 500: scikit-learn's imputers refuse it."""
    gain = Ratio("gain", "out", "in").fit_transform(
        column(**{"out": [numerator], "in": [denominator]})
    )["gain"]
    assert math.isnan(gain[0])


def test_a_difference_is_minuend_less_subtrahend() -> None:
    table = column(high=[120, NAN, 120, 80], low=[80, 80, NAN, 120])
    pulse = Difference("pulse", "high", "low").fit_transform(table)["pulse"]
    assert pulse.tolist() == pytest.approx([40, NAN, NAN, -40], nan_ok=True)


def test_a_clip_brings_each_column_within_its_own_bounds() -> None:
    table = column(weight=[10, 40, 99, 200, NAN], height=[1, 2, 3, 400, NAN])
    clipped = Clip({"weight": (40, 150), "height": (2, 300)}).fit_transform(table)
    assert clipped["weight"].tolist() == pytest.approx([40, 40, 99, 150, NAN], nan_ok=True)
    assert clipped["height"].tolist() == pytest.approx([2, 2, 3, 300, NAN], nan_ok=True)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_step_leaves_its_input_and_the_other_columns_alone(step: Step) -> None:
    table = column(weight=[10, NAN], height=[170, 180], high=[120, 130], low=[80, 90])
    before = table.copy()
    after = step.fit(table).transform(table)
    assert_frame_equal(table, before)
    untouched = [name for name in before if name != "weight"]
    assert_frame_equal(after[untouched], before[untouched])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: type(step).__name__)
def test_a_step_is_made_again_from_its_parameters(step: Step) -> None:
    again: Any = clone(step)
    assert type(again) is type(step)
    assert again.get_params() == step.get_params()
    assert type(step)(**step.get_params()).get_params() == step.get_params()


def test_a_step_needs_no_fit_when_it_is_asked() -> None:
    table = column(high=[120], low=[80])
    pipeline = make_pipeline(Difference("pulse", "high", "low"), Clip({"pulse": (0, 30)}))
    assert pipeline.transform(table)["pulse"].tolist() == [30]
