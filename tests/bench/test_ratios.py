"""The arithmetic of the rounds."""

from __future__ import annotations

import pytest
from bench.ratios import Spread, percentile, ratios, spread


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert spread([3, 1, 2]) == Spread(2, 1, 3)
    assert spread([4, 1, 2, 3]) == Spread(2.5, 1, 4)


def test_a_ratio_is_that_of_the_same_round() -> None:
    """A round in which the machine is slow for all changes no ratio."""
    assert ratios([200, 20, 200], [100, 10, 100]) == Spread(2, 2, 2)


def test_rounds_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios([1, 2], [1])


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (50, 5), (90, 9), (91, 10), (99, 10), (100, 10)]
)
def test_a_percentile_is_a_figure_that_was_measured(percent: float, expected: int) -> None:
    assert percentile(range(1, 11), percent) == expected
