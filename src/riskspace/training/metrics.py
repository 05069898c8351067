"""Discrimination and calibration under many weightings of the same people at once.

The rows of a weighting matrix, shape (draws + 1, people), say how often each person counts: the
first counts everyone once and gives the figure, each other one is a draw of the bootstrap. Two
estimators measured on the same matrix give paired differences.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int_]
# (target, scores, weights) → a figure a row of weights
Metric = Callable[[Labels, Array, Array], Array]

# Digits kept in reports: far more than the intervals allow, and fewer than rounding could change.
DIGITS = 4


def weightings(people: int, draws: int, seed: int) -> Array:
    """Everyone once, then `draws` bootstrap samples."""
    rng = np.random.default_rng(seed)
    samples = rng.multinomial(people, np.full(people, 1 / people), size=draws)
    return np.vstack([np.ones(people), samples.astype(np.float64)])


def interval(figures: Array) -> dict[str, float]:
    """The figure of row 0 and the 95 % percentile interval of the others."""
    low, high = np.percentile(figures[1:], [2.5, 97.5])
    rounded = [round(float(number), DIGITS) for number in (figures[0], low, high)]
    return dict(zip(("value", "low", "high"), rounded, strict=True))


def over_repeats(metric: Metric, target: Labels, repeats: Array, weights: Array) -> Array:
    """A metric's mean over the repeats of a cross-validation."""
    figures: Array = np.mean([metric(target, scores, weights) for scores in repeats], axis=0)
    return figures


def auc(target: Labels, scores: Array, weights: Array) -> Array:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    sorted_weights = weights[:, order]
    positive = np.add.reduceat(sorted_weights * target[order], starts, axis=1)
    negative = np.add.reduceat(sorted_weights * (1 - target[order]), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    wins: Array = (positive * below).sum(axis=1)
    pairs: Array = positive.sum(axis=1) * negative.sum(axis=1)
    return wins / pairs


def brier(target: Labels, scores: Array, weights: Array) -> Array:
    """Mean squared distance between a probability and what happened."""
    squared: Array = weights @ (scores - target) ** 2
    people: Array = weights.sum(axis=1)
    return squared / people


def slope(target: Labels, scores: Array, weights: Array) -> Array:
    """Calibration slope: 1 is ideal, below 1 too extreme, above 1 too timid."""
    return calibration(target, scores, weights)[1]


def intercept(target: Labels, scores: Array, weights: Array) -> Array:
    """The intercept that goes with the slope: 0 is ideal."""
    return calibration(target, scores, weights)[0]


def calibration(target: Labels, scores: Array, weights: Array) -> tuple[Array, Array]:
    """Intercept and slope of a logistic regression of what happened on the logit of the
    probabilities (Cox 1958, Biometrika 45:562), by Newton's method from the ideal."""
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    logit = np.log(clipped / (1 - clipped))
    a, b = np.zeros(len(weights)), np.ones(len(weights))
    for _ in range(8):
        expected = 1 / (1 + np.exp(-(a[:, None] + b[:, None] * logit)))
        residual = weights * (target - expected)
        curvature = weights * expected * (1 - expected)
        g0, g1 = residual.sum(axis=1), residual @ logit
        h00, h01, h11 = curvature.sum(axis=1), curvature @ logit, curvature @ logit**2
        determinant = h00 * h11 - h01**2
        a = a + (h11 * g0 - h01 * g1) / determinant
        b = b + (h00 * g1 - h01 * g0) / determinant
    return a, b


def observed_to_expected(target: Labels, scores: Array, weights: Array) -> Array:
    """How many were positive for each one that was expected."""
    observed: Array = weights @ target
    return observed / (weights @ scores)


def at_threshold(threshold: float) -> dict[str, Metric]:
    """What calling positive everyone at or above a threshold gets right."""

    def rate(of: Callable[[Labels, Labels], tuple[Labels, Labels]]) -> Metric:
        def metric(target: Labels, scores: Array, weights: Array) -> Array:
            right, among = of(target, (scores >= threshold).astype(int))
            found: Array = weights @ (right * among)
            return found / (weights @ among)

        return metric

    return {
        "sensitivity": rate(lambda target, called: (called, target)),
        "specificity": rate(lambda target, called: (1 - called, 1 - target)),
        "positive_predictive_value": rate(lambda target, called: (target, called)),
        "negative_predictive_value": rate(lambda target, called: (1 - target, 1 - called)),
        "called_positive": rate(lambda _, called: (called, np.ones_like(called))),
    }
