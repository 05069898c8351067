"""Rows to probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskspace.model.manifest import Feature, Value

Probabilities = npt.NDArray[np.float64]


class Engine(Protocol):
    """Answers for the fitted estimator of one package."""

    def probabilities(self, records: Sequence[Mapping[str, Value]]) -> Probabilities:
        """The probability of the positive class of each record, shape (n,)."""


class SklearnEngine:
    """A fitted scikit-learn classifier of two classes, on a DataFrame of the schema's columns."""

    def __init__(self, estimator: Any, features: Sequence[Feature]) -> None:
        self._estimator = estimator
        self._features = features

    def probabilities(self, records: Sequence[Mapping[str, Value]]) -> Probabilities:
        if not records:
            return np.empty(0)
        answer: Probabilities = self._estimator.predict_proba(frame(self._features, records))
        return answer[:, 1]


def frame(features: Sequence[Feature], records: Sequence[Mapping[str, Value]]) -> pd.DataFrame:
    """Records as the table that an estimator is trained on and asked with: a column a feature, in
    the schema's order; numbers and booleans (0, 1) as float64 with NaN for unknown, choices as
    objects with None for unknown."""
    columns: dict[str, Any] = {}
    for feature in features:
        values = [record.get(feature.name) for record in records]
        if feature.type == "choice":
            # A Series: of an array of objects pandas makes its own strings where it can, so that
            # an unknown choice would be None or NaN as the rows beside it have it.
            columns[feature.name] = pd.Series(values, dtype=object)
        else:
            columns[feature.name] = np.array(values, dtype=np.float64)
    return pd.DataFrame(columns)
