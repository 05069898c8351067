"""Classifiers made of classifiers: votes, and calibration."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression

from riskspace.packaging.columns import Column, Table, total
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import matrix
from riskspace.packaging.steps import decision, probability, sigmoid, two_classes
from riskspace.packaging.trees import compares


@probability.register
def _(step: VotingClassifier, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    if step.voting != "soft":
        raise graph.refusal("votes without probabilities")
    voters = [
        (name, weight)
        for (name, voter), weight in zip(
            step.estimators, step.weights or [1.0] * len(step.estimators), strict=True
        )
        if voter != "drop"
    ]
    parts = []
    exact = graph.exact
    for (name, _), voter in zip(voters, step.estimators_, strict=True):
        graph.exact = compares(voter)
        with graph.inside(name):
            parts.append(probability(voter, table, graph))
    graph.exact = exact
    weights = np.array([weight for _, weight in voters], dtype=np.float64)
    return total(parts, map(float, weights / weights.sum()))


@decision.register
def _(step: FrozenEstimator, table: Table, graph: Graph) -> Column:
    return decision(step.estimator, table, graph)


@probability.register
def _(step: FrozenEstimator, table: Table, graph: Graph) -> Column:
    return probability(step.estimator, table, graph)


@probability.register
def _(step: CalibratedClassifierCV, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    parts = []
    for part in step.calibrated_classifiers_:
        # scikit-learn prefers the decision function, too.
        asked = decision if hasattr(part.estimator, "decision_function") else probability
        score = asked(part.estimator, table, graph)
        if part.method not in {"sigmoid", "isotonic"}:
            raise graph.refusal(f"calibrates by {part.method}")
        parts.append(_calibrated(score, part.calibrators[0], graph))
    return total(parts, [1 / len(parts)] * len(parts))


def _calibrated(score: Column, calibrator: Any, graph: Graph) -> Column:
    if isinstance(calibrator, IsotonicRegression):
        return _isotonic(score, calibrator, graph)
    return sigmoid(score.times(-float(calibrator.a_)).plus(-float(calibrator.b_)), graph)


def _isotonic(score: Column, calibrator: IsotonicRegression, graph: Graph) -> Column:
    """Straight lines between thresholds: each stretch adds its rise, as far as it is passed."""
    across = calibrator.X_thresholds_.astype(np.float64)
    up = calibrator.y_thresholds_.astype(np.float64)
    graph.landmark(score, across)
    rising = [
        (float(a), float(b - a), float(d - c))
        for (a, b), (c, d) in zip(pairwise(across), pairwise(up), strict=True)
        if d != c
    ]
    if not rising:
        return Column(bias=float(up[0]))
    # Less the start first: the other way round, a narrow stretch would lose its digits.
    tensor = matrix(graph, [score], missing=False)
    shifted = graph.node(
        "Sub", tensor, graph.constant([a for a, _, _ in rising]), width=len(rising)
    )
    passed = graph.each("Div", shifted, graph.constant([width for _, width, _ in rising]))
    clipped = graph.each("Clip", passed, graph.constant(0.0), graph.constant(1.0))
    graph.complete(clipped)
    return total(graph.columns(clipped), [rise for _, _, rise in rising], float(up[0]))
