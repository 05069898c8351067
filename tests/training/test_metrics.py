"""The weighted metrics agree with scikit-learn's, and the bootstrap with resampling by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, precision_score, recall_score, roc_auc_score

from riskspace.training import metrics

RANDOM = np.random.default_rng(5)
SCORES = RANDOM.uniform(0.02, 0.98, 300).round(2)  # two digits: many ties
TARGET = (RANDOM.uniform(size=300) < SCORES**1.3).astype(np.int64)
WEIGHTS = metrics.weightings(300, 20, seed=1)
SAMPLES = [np.repeat(np.arange(300), row.astype(int)) for row in WEIGHTS]


def test_the_first_weighting_is_everyone_once_and_the_others_are_samples() -> None:
    assert (WEIGHTS[0] == 1).all()
    assert (WEIGHTS.sum(axis=1) == 300).all()


def test_auc_is_that_of_each_sample_ties_included() -> None:
    expected = [roc_auc_score(TARGET[rows], SCORES[rows]) for rows in SAMPLES]
    np.testing.assert_allclose(metrics.auc(TARGET, SCORES, WEIGHTS), expected)


def test_brier_is_that_of_each_sample() -> None:
    expected = [brier_score_loss(TARGET[rows], SCORES[rows]) for rows in SAMPLES]
    np.testing.assert_allclose(metrics.brier(TARGET, SCORES, WEIGHTS), expected)


def test_calibration_is_an_unpenalised_logistic_regression_on_the_logit() -> None:
    logit = np.log(SCORES / (1 - SCORES)).reshape(-1, 1)
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(logit, TARGET)
    intercept, slope = metrics.calibration(TARGET, SCORES, WEIGHTS)
    assert slope[0] == pytest.approx(fitted.coef_[0, 0], abs=1e-5)
    assert intercept[0] == pytest.approx(fitted.intercept_[0], abs=1e-5)


def test_probabilities_that_are_right_have_slope_one_and_intercept_zero() -> None:
    random = np.random.default_rng(0)
    scores = random.uniform(0.05, 0.95, 200_000)
    target = (random.uniform(size=200_000) < scores).astype(np.int64)
    intercept, slope = metrics.calibration(target, scores, np.ones((1, 200_000)))
    assert slope[0] == pytest.approx(1, abs=0.02)
    assert intercept[0] == pytest.approx(0, abs=0.02)


def test_figures_at_a_threshold() -> None:
    called = (SCORES >= 0.4).astype(int)
    found = {
        name: metric(TARGET, SCORES, WEIGHTS)[0]
        for name, metric in metrics.at_threshold(0.4).items()
    }
    assert found == pytest.approx(
        {
            "sensitivity": recall_score(TARGET, called),
            "specificity": recall_score(TARGET, called, pos_label=0),
            "positive_predictive_value": precision_score(TARGET, called),
            "negative_predictive_value": precision_score(TARGET, called, pos_label=0),
            "called_positive": called.mean(),
        }
    )


def test_observed_to_expected() -> None:
    ratio = metrics.observed_to_expected(TARGET, SCORES, WEIGHTS)[0]
    assert ratio == pytest.approx(TARGET.sum() / SCORES.sum())


def test_an_interval_holds_the_middle_95_per_cent_of_the_draws() -> None:
    figures = np.r_[0.5, np.linspace(0, 1, 1001)]
    assert metrics.interval(figures) == {"value": 0.5, "low": 0.025, "high": 0.975}


def test_over_repeats_averages_the_figures_and_not_the_predictions() -> None:
    repeats = np.stack([SCORES, 1 - SCORES])
    mean = metrics.over_repeats(metrics.auc, TARGET, repeats, WEIGHTS)
    np.testing.assert_allclose(mean, 0.5)
