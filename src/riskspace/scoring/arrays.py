"""Arrow's arrays as the numbers that the checker takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from riskspace.model.manifest import Feature
from riskspace.scoring.cells import Cells
from riskspace.scoring.checker import NOT_FINITE, WRONG_TYPE, Numbers


def takes(feature: Feature, kind: Any) -> bool:
    """Whether a column of this type can hold a feature: text always can, as a CSV's cells do."""
    if types.is_dictionary(kind):
        return takes(feature, kind.value_type)
    if types.is_null(kind) or _is_text(kind):
        return True
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    if feature.type == "boolean":
        return bool(number or types.is_boolean(kind))
    return bool(number) and feature.numeric


def numbers(array: Any, feature: Feature, cells: Cells) -> Numbers:
    """Null and NaN are unknown, as those who have one or the other mean it."""
    kind = array.type
    if types.is_null(kind):
        return np.full(len(array), math.nan)
    if _is_text(kind):
        array = array.dictionary_encode()
        kind = array.type
    if types.is_dictionary(kind):
        return _chosen(array, feature, cells)
    if types.is_boolean(kind):
        return _filled(array.cast(pa.uint8()))
    found = _filled(array)
    if feature.type == "boolean":
        return np.where((found == 0) | (found == 1) | np.isnan(found), found, WRONG_TYPE)
    infinite = np.isinf(found)
    return np.where(infinite, NOT_FINITE, found) if infinite.any() else found


def _filled(array: Any) -> Numbers:
    found: Numbers = pc.fill_null(array.cast(pa.float64(), safe=False), math.nan).to_numpy()
    return found


def _chosen(array: Any, feature: Feature, cells: Cells) -> Numbers:
    values = array.dictionary
    if _is_text(values.type):
        known = cells.numbers([cell or "" for cell in values.to_pylist()])
    else:
        known = numbers(values, feature, cells)
    places = pc.fill_null(array.indices.cast(pa.int64()), len(known)).to_numpy()
    chosen: Numbers = np.append(known, math.nan).take(places)
    return chosen


def _is_text(kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))
