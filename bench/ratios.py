"""Arithmetic of figures that were measured in rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some figures, and how far apart they are."""

    median: float
    low: float
    high: float


def spread(figures: Sequence[float]) -> Spread:
    return Spread(median(figures), min(figures), max(figures))


def ratios(figures: Sequence[float], base: Sequence[float]) -> Spread:
    """Each figure to the base's of the same round: what slows a machine down for a while slows
    both."""
    return spread([figure / other for figure, other in zip(figures, base, strict=True)])


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest of the ordered figures that `percent` of them don't exceed (nearest rank)."""
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]
