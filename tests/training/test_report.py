"""Cross-validation, the choice, the bands and the reference: what each must not get wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.neighbors import KNeighborsClassifier

from riskspace.training import bands, report
from riskspace.training.features import CHOLESTEROL, FEATURES
from riskspace.training.nhanes import Survey
from riskspace.training.ranges import ranges
from riskspace.training.reference import reference
from riskspace.training.validation import REPEATS, forget, out_of_fold


def test_out_of_fold_nobody_is_predicted_by_an_estimator_that_saw_them() -> None:
    """A nearest neighbour knows everyone it saw perfectly, and nothing of labels at random."""
    random = np.random.default_rng(3)
    target = random.integers(0, 2, 400)
    inputs = pd.DataFrame({"x": random.uniform(size=400)})
    people = Survey(inputs, target, np.full(400, "any", dtype=object))
    with parallel_config(backend="sequential"):
        [repeats] = out_of_fold(people, [KNeighborsClassifier(1)], (), lambda work, _: work)
    assert repeats.shape == (REPEATS, 400)
    assert abs((repeats == target).mean() - 0.5) < 0.1


def test_forgetting_leaves_the_rest_and_the_types_as_they_were(survey: Survey) -> None:
    forgotten = forget(survey.inputs, ["hdl_mgdl", "smoking"])
    assert forgotten[["hdl_mgdl", "smoking"]].isna().all().all()
    assert list(forgotten.dtypes) == list(survey.inputs.dtypes)
    rest = [name for name in forgotten if name not in {"hdl_mgdl", "smoking"}]
    pd.testing.assert_frame_equal(forgotten[rest], survey.inputs[rest])


def test_the_choice_is_the_highest_auc_among_those_that_reach_every_bar() -> None:
    fit = {"auc": 0.75, "brier": 0.19, "calibration_slope": 1.0}
    timid = fit | {"auc": 0.77, "calibration_slope": 1.1}
    blunt = fit | {"auc": 0.76, "brier": 0.20}
    better = fit | {"auc": 0.752}
    assert report.choose([fit, timid, blunt, better]) == 3
    with pytest.raises(ValueError, match="no candidate reaches the bars"):
        report.choose([timid, blunt])


def test_the_edges_of_the_bands_keep_what_they_promise() -> None:
    random = np.random.default_rng(11)
    truth = random.uniform(size=5000)
    probabilities = np.clip(truth + random.normal(0, 0.02, size=(2, 5000)), 0, 1)
    target = (random.uniform(size=5000) < truth).astype(np.int64)
    at = bands.edges(target, probabilities)
    pooled, happened = probabilities.ravel(), np.tile(target, 2)
    found = happened[pooled >= at.high].sum() / happened.sum()
    one_more = happened[pooled >= at.high + 0.01].sum() / happened.sum()
    assert one_more < bands.SENSITIVITY <= found
    assert happened[pooled < at.moderate].mean() <= bands.LOW_RATE
    assert happened[pooled >= at.very_high].mean() >= bands.VERY_HIGH_RATE


def _luminance(color: str) -> float:
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_white_text_is_readable_on_every_band() -> None:
    """WCAG 2.2, success criterion 1.4.3: a contrast of 4.5."""
    for band in bands.bands(bands.Edges(0.2, 0.3, 0.6)):
        assert 1.05 / (_luminance(band.color) + 0.05) >= 4.5, band.name


def test_the_reference_describes_the_survey(survey: Survey) -> None:
    found = reference(FEATURES, survey.inputs, np.full((1, len(survey)), 0.5))
    assert set(found.features) == {feature.name for feature in FEATURES}
    for feature in FEATURES:
        spread = found.features[feature.name]
        column = survey.inputs[feature.name]
        assert spread.count == len(survey)
        assert spread.missing == column.isna().mean()
        assert sum(spread.fractions or spread.categories.values()) == pytest.approx(1)
        assert len(spread.edges) == (len(spread.fractions) + 1 if feature.numeric else 0)
    assert found.features["stroke"].categories["true"] == pytest.approx(
        survey.inputs["stroke"].mean()
    )
    assert set(found.features["smoking"].categories) == set(FEATURES[9].values)


def test_the_trained_ranges_leave_out_a_handful_of_people(survey: Survey) -> None:
    found = ranges(survey.inputs)
    assert found["age_years"] == (20, 80)
    for name in CHOLESTEROL:
        low, high = found[name]
        outside = (survey.inputs[name] < low) | (survey.inputs[name] > high)
        assert 0 < outside.sum() <= 10
