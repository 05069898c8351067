"""Reference distributions: how each input and the probability are spread in the training data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskspace.model.manifest import Distribution, Feature, Reference

BINS = 10


def reference(
    features: tuple[Feature, ...],
    inputs: pd.DataFrame,
    probabilities: npt.NDArray[np.float64],
) -> Reference:
    """`probabilities`: out-of-fold, shape (repeats, people), all repeats pooled."""
    return Reference(
        features={feature.name: _feature(feature, inputs[feature.name]) for feature in features},
        probability=_number(pd.Series(probabilities.ravel()), probabilities.shape[1]),
    )


def _feature(feature: Feature, column: pd.Series) -> Distribution:
    if feature.numeric:
        return _number(column, len(column))
    values: tuple[str, ...] = feature.values
    if feature.type == "boolean":
        column = column.map({1.0: "true", 0.0: "false"})
        values = ("false", "true")
    known = column.value_counts(normalize=True)
    return Distribution(
        count=len(column),
        missing=float(column.isna().mean()),
        categories={value: float(known.get(value, 0.0)) for value in values},
    )


def _number(column: pd.Series, count: int) -> Distribution:
    """Deciles. A bin holds its lower edge and not its upper one; the outer two are open. Where
    many share a value, two deciles can be one, and there are fewer bins."""
    known = column.dropna().to_numpy(dtype=np.float64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)))
    bins = np.searchsorted(edges[1:-1], known, side="right")
    fractions = np.bincount(bins, minlength=len(edges) - 1) / len(known)
    return Distribution(
        count=count,
        missing=float(column.isna().mean()),
        edges=tuple(map(float, edges)),
        fractions=tuple(map(float, fractions)),
    )
