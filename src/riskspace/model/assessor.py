"""What the model says of some rows: probabilities, bands, and what is unusual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from riskspace.errors import NotReady
from riskspace.model.encoding import Matrix
from riskspace.model.engine import Engine, Probabilities
from riskspace.model.manifest import Manifest
from riskspace.model.range import TrainedRange


class Assessed(NamedTuple):
    """Of each row of a matrix its probability, the place of its band, and whether it needs no
    warning."""

    matrix: Matrix
    probabilities: list[float]
    bands: list[int]
    usual: list[bool]


class RowAssessor:
    """Assesses rows by one package's engine; while there is none yet it raises NotReady. May be
    called from any thread."""

    def __init__(self, manifest: Manifest) -> None:
        self.engine: Engine | None = None
        self._range = TrainedRange(manifest)
        self._uppers = np.array([band.upper for band in manifest.bands[:-1]])
        self._beside = ThreadPoolExecutor(1, "engine")

    def assess(self, matrix: Matrix) -> Assessed:
        return self._assessed(matrix, self._there().probabilities(matrix))

    def assess_parts(self, parts: Iterable[Matrix]) -> Iterator[Assessed]:
        """Assesses one part after the other. The engine has a thread of its own, where it doesn't
        hold the interpreter: meanwhile the next part is prepared, and the last one is used."""
        engine = self._there()
        working: tuple[Matrix, Future[Probabilities]] | None = None
        for matrix in parts:
            following = matrix, self._beside.submit(engine.probabilities, matrix)
            if working is not None:
                yield self._assessed(working[0], working[1].result())
            working = following
        if working is not None:
            yield self._assessed(working[0], working[1].result())

    def _assessed(self, matrix: Matrix, probabilities: Probabilities) -> Assessed:
        bands = self._uppers.searchsorted(probabilities, side="right")
        usual = self._range.usual(matrix)
        return Assessed(matrix, probabilities.tolist(), bands.tolist(), usual.tolist())

    def _there(self) -> Engine:
        if self.engine is None:
            raise NotReady("The model is still being loaded.", headers={"Retry-After": "1"})
        return self.engine
