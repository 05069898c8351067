"""Records as the matrix that an engine takes, and back: float64, a row a record, a column a
feature in the schema's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from riskspace.model.manifest import Feature, Value

Matrix = npt.NDArray[np.float64]


class Encoder:
    """Encodes the records of one schema, knowing each choice's index beforehand."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self._fields = [(feature.name, _codes(feature)) for feature in features]

    def __call__(self, records: Sequence[Mapping[str, Value]]) -> Matrix:
        fields = self._fields
        values: list[Any] = [
            record.get(name) if codes is None else codes.get(record.get(name))
            for record in records
            for name, codes in fields
        ]
        return np.array(values, dtype=np.float64).reshape(len(records), len(fields))


def encode(features: Sequence[Feature], records: Sequence[Mapping[str, Value]]) -> Matrix:
    """Numbers as they are, booleans as 0 or 1, a choice as its index in the feature's `values`.
    NaN is unknown: what is null, left out, or none of the choices."""
    return Encoder(features)(records)


def decode(features: Sequence[Feature], matrix: Matrix) -> dict[str, npt.NDArray[Any]]:
    """The columns of a matrix by their features' names: choices as objects, None for unknown;
    everything else as float64, NaN for unknown."""
    return {
        feature.name: _values(feature, column)
        for feature, column in zip(features, matrix.T, strict=True)
    }


def _values(feature: Feature, column: Matrix) -> npt.NDArray[Any]:
    if feature.type != "choice":
        return column.copy()
    values = np.array([*feature.values, None], dtype=object)
    return values[np.where(np.isnan(column), len(feature.values), column).astype(np.int64)]


def _codes(feature: Feature) -> dict[Value, float] | None:
    if feature.type != "choice":
        return None
    return {value: float(code) for code, value in enumerate(feature.values)}
