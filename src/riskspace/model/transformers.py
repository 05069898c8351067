"""The generic steps of a pipeline: column names are parameters, so that what is derived from the
inputs is derived inside the estimator, the same in training and in serving.

Each takes a DataFrame and gives it back with columns added or changed; NaN in gives NaN out, but
for LinearFill. Each is arithmetic on float64 columns, so it has an exact form in ONNX operators
(Div, Mul, Pow, Sub, Max, Min, MatMul, IsInf, IsNaN, Where).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LinearRegression

Numbers = npt.NDArray[np.float64]


class Step(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A step that learns nothing from the data."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Ratio(Step):
    """Adds `name` = scale · numerator / denominator ** power.

    A body mass index is the ratio of a weight in kilograms to a height in centimetres, with power
    2 and scale 10 000. A ratio without end (a denominator at or near 0) is unknown: NaN.
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
        return X.assign(**{self.name: value.mask(np.isinf(value))})


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
        names = list(self.bounds)
        low, high = zip(*self.bounds.values(), strict=True)
        return _replaced(X, names, np.clip(_numbers(X, names), low, high))


class LinearFill(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fills what is unknown in `columns` with a linear regression on the columns `given`, fitted
    by least squares on the rows where it is known; what is unknown in `given` itself is filled
    first, with its median.

    Learns `medians_`, shape (given,), `coef_`, shape (given, columns), and `intercept_`, shape
    (columns,).
    """

    def __init__(self, columns: Sequence[str], given: Sequence[str]) -> None:
        self.columns = columns
        self.given = given

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: ARG002
        self.medians_ = np.nanmedian(_numbers(X, self.given), axis=0)
        given = self._given(X)
        fitted = [_least_squares(given, column) for column in _numbers(X, self.columns).T]
        self.coef_ = np.stack([line.coef_ for line in fitted], axis=1)
        self.intercept_ = np.array([line.intercept_ for line in fitted])
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        given, asked = self._given(X), _numbers(X, self.columns)
        expected = given @ self.coef_ + self.intercept_
        filled = _replaced(X, self.given, given)
        return _replaced(filled, self.columns, np.where(np.isnan(asked), expected, asked))

    def _given(self, X: pd.DataFrame) -> Numbers:
        given = _numbers(X, self.given)
        return np.where(np.isnan(given), self.medians_, given)


def _least_squares(given: Numbers, column: Numbers) -> LinearRegression:
    known = ~np.isnan(column)
    return LinearRegression().fit(given[known], column[known])


def _numbers(table: pd.DataFrame, names: Sequence[str]) -> Numbers:
    return table[list(names)].to_numpy(dtype=np.float64)


def _replaced(table: pd.DataFrame, names: Sequence[str], values: Numbers) -> pd.DataFrame:
    return table.assign(**dict(zip(names, values.T, strict=True)))
