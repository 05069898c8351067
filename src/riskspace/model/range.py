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
        self._lower = [places[lower] for lower, _ in manifest.order]
        self._upper = [places[upper] for _, upper in manifest.order]

    def usual(self, matrix: Matrix) -> npt.NDArray[np.bool_]:
        """Of each row whether nothing in it is worth a warning; what is unknown is not."""
        outside: npt.NDArray[np.bool_] = ((matrix < self._low) | (matrix > self._high)).any(axis=1)
        if self._lower:
            outside |= (matrix[:, self._lower] >= matrix[:, self._upper]).any(axis=1)
        return ~outside
