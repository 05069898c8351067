"""The engine of a package that could not be compiled: scikit-learn itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from riskspace.model.encoding import Matrix, decode, encode
from riskspace.model.engine import Probabilities
from riskspace.model.manifest import Feature, Value


class SklearnEngine:
    """A fitted scikit-learn classifier of two classes, on a DataFrame of the schema's columns."""

    def __init__(self, estimator: Any, features: Sequence[Feature]) -> None:
        self._estimator = estimator
        self._features = features

    def probabilities(self, matrix: Matrix) -> Probabilities:
        if not len(matrix):
            return np.empty(0)
        answer: Probabilities = self._estimator.predict_proba(table(self._features, matrix))
        return answer[:, 1]


def frame(features: Sequence[Feature], records: Sequence[Mapping[str, Value]]) -> pd.DataFrame:
    """Records as the table that an estimator is trained on and asked with: a column a feature, in
    the schema's order; numbers and booleans (0, 1) as float64 with NaN for unknown, choices as
    objects with None for unknown."""
    return table(features, encode(features, records))


def table(features: Sequence[Feature], matrix: Matrix) -> pd.DataFrame:
    """The same, of encoded records."""
    # A Series: of an array of objects pandas makes its own strings where it can, so that an unknown
    # choice would be None or NaN as the rows beside it have it.
    columns = {
        name: pd.Series(column, dtype=object) if column.dtype == object else column
        for name, column in decode(features, matrix).items()
    }
    return pd.DataFrame(columns)
