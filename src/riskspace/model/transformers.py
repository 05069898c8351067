"""The generic steps of a pipeline: column names are parameters, so that what is derived from the
inputs is derived inside the estimator, the same in training and in serving.

Each takes a DataFrame and gives it back with a column added or changed; NaN in gives NaN out. Each
is arithmetic on float64 columns, so it has an exact form in ONNX operators (Div, Mul, Pow, Sub,
Max, Min).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


class Step(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A step that learns nothing from the data."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Ratio(Step):
    """Adds `name` = scale · numerator / denominator ** power.

    A body mass index is the ratio of a weight in kilograms to a height in centimetres, with power
    2 and scale 10 000. A denominator of 0 gives an infinity: the schema's bounds keep it out.
    """

    def __init__(
        self, name: str, numerator: str, denominator: str, *, power: int = 1, scale: float = 1.0
    ) -> None:
        self.name = name
        self.numerator = numerator
        self.denominator = denominator
        self.power = power
        self.scale = scale

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        value = self.scale * X[self.numerator] / X[self.denominator] ** self.power
        return X.assign(**{self.name: value})


class Difference(Step):
    """Adds `name` = minuend - subtrahend."""

    def __init__(self, name: str, minuend: str, subtrahend: str) -> None:
        self.name = name
        self.minuend = minuend
        self.subtrahend = subtrahend

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(**{self.name: X[self.minuend] - X[self.subtrahend]})


class Clip(Step):
    """Brings each named column within its (low, high): beyond what was seen in training, the
    estimator answers as for the nearest value that was."""

    def __init__(self, bounds: Mapping[str, tuple[float, float]]) -> None:
        self.bounds = bounds

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(
            **{name: X[name].clip(low, high) for name, (low, high) in self.bounds.items()}
        )
