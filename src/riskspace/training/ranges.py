"""The range of each number that the model has seen enough of."""

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
    """The features, each number with the range that the data hold."""
    known = ranges(inputs)
    return tuple(
        feature.model_copy(update={"trained": known[feature.name]}) if feature.numeric else feature
        for feature in FEATURES
    )
