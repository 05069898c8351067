"""Whole columns at once: which rows are valid records, and what is wrong with the others. It says
what the schema says of a record, without a record."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from riskspace.model.encoding import Matrix
from riskspace.model.manifest import Feature, Manifest
from riskspace.scoring.labels import Labels, labelled

# A column as it was read: NaN is unknown, and what is no such number can't be one either.
Numbers = npt.NDArray[np.float64]
WRONG_TYPE = math.inf
NOT_FINITE = -math.inf

Mask = npt.NDArray[np.bool_]
Faults = npt.NDArray[np.uint8]
_CODES = ("", "missing", "wrong_type", "not_finite", "out_of_bounds", "not_a_choice")
_MISSING, _WRONG_TYPE, _NOT_FINITE, _OUT_OF_BOUNDS, _NOT_A_CHOICE = range(1, len(_CODES))


class Checker:
    """What a record of one package may be, and what of it is worth a warning."""

    def __init__(self, manifest: Manifest) -> None:
        self._features = manifest.features
        places = {feature.name: i for i, feature in enumerate(manifest.features)}
        self._trained = [(i, f.trained) for i, f in enumerate(manifest.features) if f.trained]
        self._order = [(places[lower], places[upper]) for lower, upper in manifest.order]

    def check(self, columns: Sequence[Numbers | None], count: int) -> tuple[Matrix, Mask, Labels]:
        """`count` rows, a column a feature (None where all of it is unknown), as a matrix; which
        of them are valid; and what is wrong with the others: fields and codes."""
        matrix = np.empty((count, len(columns)))
        faults: list[tuple[Feature, Faults]] = []
        valid = np.ones(count, dtype=np.bool_)
        for place, (feature, column) in enumerate(zip(self._features, columns, strict=True)):
            if column is None:
                matrix[:, place] = np.nan
                continue
            matrix[:, place] = column
            found = _faults(feature, column)
            if found is not None:
                faults.append((feature, found))
                valid &= found == 0

        def text(row: int) -> str | None:
            wrong = [
                f"{feature.name}:{_CODES[found[row]]}" for feature, found in faults if found[row]
            ]
            return " ".join(wrong) or None

        return matrix, valid, labelled([found for _, found in faults], count, len(_CODES), text)

    def warnings(self, columns: Sequence[Numbers | None], valid: Mask) -> Labels:
        """What in each valid row lies outside what the model was trained on: fields and codes."""
        flags: list[tuple[Mask, str]] = []
        for place, (low, high) in self._trained:
            if (column := columns[place]) is not None:
                code = f"{self._features[place].name}:outside_trained_range"
                flags.append(((column < low) | (column > high), code))
        for a, b in self._order:
            if (lower := columns[a]) is not None and (upper := columns[b]) is not None:
                flags.append((lower >= upper, f"{self._features[a].name}:unusual_order"))
        found = [(flag & valid, code) for flag, code in flags if flag.any()]

        def text(row: int) -> str | None:
            return " ".join(code for flag, code in found if flag[row]) or None

        return labelled([flag for flag, _ in found], len(valid), 2, text)


def _faults(feature: Feature, column: Numbers) -> Faults | None:
    """The code of what is wrong with each value, 0 for nothing; None where nothing is."""
    unknown = np.isnan(column)
    if feature.bounds is None:
        fine = np.isfinite(column)
    else:
        low, high = feature.bounds
        within = fine = (column >= low) & (column <= high)
        if feature.type == "integer":
            fine = within & (np.floor(column) == column)
    if (fine if feature.required else fine | unknown).all():
        return None
    faults = np.zeros(len(column), dtype=np.uint8)
    if feature.bounds is None:
        faults[column == WRONG_TYPE] = _NOT_A_CHOICE if feature.values else _WRONG_TYPE
    else:
        faults[~fine] = _WRONG_TYPE
        faults[~within] = _OUT_OF_BOUNDS
        faults[column == WRONG_TYPE] = _WRONG_TYPE
        faults[column == NOT_FINITE] = _NOT_FINITE
    faults[unknown] = _MISSING if feature.required else 0
    return faults
