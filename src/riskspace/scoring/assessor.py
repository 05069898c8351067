"""Columns to the columns that are added to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from riskspace.model.encoding import Matrix
from riskspace.model.engine import CompiledEngine
from riskspace.model.package import Package
from riskspace.scoring.checker import Checker, Mask, Numbers
from riskspace.scoring.labels import Labels

# Rows that a compiled engine takes at once: what it computes for them stays in a processor's cache.
COMPILED_ROWS = 1024

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Answers:
    """Of each row whether it is `valid`; where it is, its class, its probability, the place of its
    band and its warnings; where it isn't, what is wrong with it."""

    valid: Mask
    predictions: npt.NDArray[np.int8]
    probabilities: Numbers
    bands: npt.NDArray[np.int32]
    warnings: Labels
    errors: Labels

    @property
    def refused(self) -> int:
        return len(self.valid) - int(np.count_nonzero(self.valid))


class Assessor:
    """Answers for one package. May be called from any thread."""

    def __init__(self, package: Package) -> None:
        manifest = package.manifest
        self.features = manifest.features
        self.bands = [band.name for band in manifest.bands]
        self._engine = package.engine
        self._rows = COMPILED_ROWS if isinstance(package.engine, CompiledEngine) else None
        self._checker = Checker(manifest)
        self._uppers = np.array([band.upper for band in manifest.bands[:-1]])
        self._threshold = manifest.threshold

    def assess(self, columns: Sequence[Numbers | None], count: int) -> Answers:
        """Answers `count` rows of a column a feature; wrong ones don't reach the engine."""
        matrix, valid, errors = self._checker.check(columns, count)
        probabilities = self._probabilities(matrix if valid.all() else matrix[valid])
        bands = self._uppers.searchsorted(probabilities, side="right").astype(np.int32)
        return Answers(
            valid,
            _spread((probabilities >= self._threshold).astype(np.int8), valid),
            _spread(probabilities, valid),
            _spread(bands, valid),
            self._checker.warnings(columns, valid),
            errors,
        )

    def _probabilities(self, matrix: Matrix) -> Numbers:
        rows = self._rows or max(len(matrix), 1)
        starts = range(0, len(matrix), rows)
        parts = [self._engine.probabilities(matrix[start : start + rows]) for start in starts]
        return np.concatenate([np.empty(0), *parts])


def _spread(values: npt.NDArray[Number], valid: Mask) -> npt.NDArray[Number]:
    """The values of the valid rows, each at its row's place."""
    if len(values) == len(valid):
        return values
    spread = np.zeros(len(valid), dtype=values.dtype)
    spread[valid] = values
    return spread
