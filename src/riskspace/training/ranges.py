"""The range of each number that the model has seen enough of, and where a slider starts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from riskspace.model.manifest import Feature
from riskspace.training.features import FEATURES

Ranges = Mapping[str, tuple[float, float]]

# Beyond these quantiles the survey has a handful of people: too few to have learnt from.
TRAINED_QUANTILES = (0.001, 0.999)


def ranges(inputs: pd.DataFrame) -> Ranges:
    """The range of each number that the data hold, in whole steps of the form."""
    found = {}
    for feature in FEATURES:
        if feature.numeric:
            low, high = inputs[feature.name].quantile(TRAINED_QUANTILES)
            step = feature.step or 1.0
            found[feature.name] = (round(low / step) * step, round(high / step) * step)
    return found


def trained(inputs: pd.DataFrame) -> tuple[Feature, ...]:
    """The features, each number with the range that the data hold, and with their median as its
    default where it has none: a visitor who says "I know" starts from the usual."""
    known = ranges(inputs)
    return tuple(
        _trained(feature, known[feature.name], inputs[feature.name]) if feature.numeric else feature
        for feature in FEATURES
    )


def _trained(feature: Feature, known: tuple[float, float], values: pd.Series) -> Feature:
    step = feature.step or 1.0
    usual = round(values.median() / step) * step
    default = usual if feature.default is None else feature.default
    return feature.model_copy(update={"trained": known, "default": default})
