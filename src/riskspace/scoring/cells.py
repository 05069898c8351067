"""The cells of one feature's column of text, read as the API reads a CSV's."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from riskspace.model import table
from riskspace.model.manifest import Feature
from riskspace.scoring.checker import NOT_FINITE, WRONG_TYPE, Numbers

# What is remembered, of each feature: columns repeat themselves.
_CELLS = 10_000
_LENGTH = 32


class Cells(dict[str, float]):
    """Each cell that was seen, and its number as the checker takes it."""

    def __init__(self, feature: Feature, *, european: bool = False) -> None:
        super().__init__()
        self._feature = feature
        self._european = european
        self._codes = {value: float(code) for code, value in enumerate(feature.values)}

    def numbers(self, cells: Collection[str]) -> Numbers:
        return np.fromiter(map(self.__getitem__, cells), np.float64, len(cells))

    def __missing__(self, cell: str) -> float:
        number = self._number(cell)
        if len(cell) <= _LENGTH:
            if len(self) == _CELLS:
                self.clear()
            self[cell] = number
        return number

    def _number(self, cell: str) -> float:
        value = table.value(self._feature, cell, self._european)
        if value is None:
            return math.nan
        if isinstance(value, str):
            return self._codes.get(value, WRONG_TYPE)
        return float(value) if math.isfinite(value) else NOT_FINITE
