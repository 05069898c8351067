"""What the model says of some rows: probabilities, bands, and what is unusual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

import numpy as np

from riskspace.errors import NotReady
from riskspace.model.encoding import Matrix
from riskspace.model.engine import Engine, Probabilities
from riskspace.model.manifest import Manifest
from riskspace.model.neighbour import Neighbour
from riskspace.model.range import TrainedRange


class Assessed(NamedTuple):
    """Of each row of a matrix its probability, whether that reaches the threshold (1 or 0), the
    place of its band, and whether it needs no warning."""

    matrix: Matrix
    probabilities: list[float]
    predictions: list[int]
    bands: list[int]
    usual: list[bool]


class RowAssessor:
    """Assesses rows by one package's engine; while there is none yet it raises NotReady. May be
    called from any thread."""

    def __init__(self, manifest: Manifest) -> None:
        self.engine: Engine | None = None
        self._range = TrainedRange(manifest)
        self._threshold = manifest.threshold
        self._uppers = np.array([band.upper for band in manifest.bands[:-1]])
        self._beside = Neighbour("engine")

    def assess(self, matrix: Matrix) -> Assessed:
        return self._assessed(matrix, self._there().probabilities(matrix))

    def assess_parts(self, parts: Iterable[Matrix]) -> Iterator[Assessed]:
        """Assesses one part after the other. The engine has a thread of its own, where it doesn't
        hold the interpreter: meanwhile the next part is prepared, and the last one is used."""
        engine = self._there()
        working: tuple[Matrix, Future[Probabilities]] | None = None
        with self._beside.apart():
            for matrix in parts:
                following = matrix, self._beside.submit(engine.probabilities, matrix)
                if working is not None:
                    yield self._assessed(working[0], working[1].result())
                working = following
            if working is not None:
                yield self._assessed(working[0], working[1].result())

    def _assessed(self, matrix: Matrix, probabilities: Probabilities) -> Assessed:
        predictions = (probabilities >= self._threshold).view(np.int8)
        bands = self._uppers.searchsorted(probabilities, side="right")
        usual = self._range.usual(matrix)
        return Assessed(
            matrix, probabilities.tolist(), predictions.tolist(), bands.tolist(), usual.tolist()
        )

    def _there(self) -> Engine:
        if self.engine is None:
            raise NotReady("The model is still being loaded.", headers={"Retry-After": "1"})
        return self.engine
