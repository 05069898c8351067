"""What the model was trained on, for many rows at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskspace.model.encoding import Matrix
from riskspace.model.manifest import Manifest


class TrainedRange:
    """The numbers that a package's manifest calls trained, and the order that it expects."""

    def __init__(self, manifest: Manifest) -> None:
        places = {feature.name: i for i, feature in enumerate(manifest.features)}
        ranges = [feature.trained or (-np.inf, np.inf) for feature in manifest.features]
        self._low, self._high = np.array(ranges, dtype=np.float64).T
        self._lower = np.array([places[lower] for lower, _ in manifest.order], np.intp)
        self._upper = np.array([places[upper] for _, upper in manifest.order], np.intp)

    def usual(self, matrix: Matrix) -> npt.NDArray[np.bool_]:
        """Of each row whether nothing in it is worth a warning; what is unknown is not."""
        # For a few rows `any` takes twice as long as what it calls.
        outside = _in_any((matrix < self._low) | (matrix > self._high))
        if len(self._lower):
            lower, upper = matrix[:, self._lower], matrix[:, self._upper]
            outside |= _in_any(lower >= upper)
        return ~outside


def _in_any(found: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    anywhere: npt.NDArray[np.bool_] = np.logical_or.reduce(found, axis=1)
    return anywhere
