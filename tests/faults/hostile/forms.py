"""The short and the long form of a search through random cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

# Given the number of cases of each form, and what to draw, it runs the function that it decorates.
Explore = Callable[..., Callable[[Callable[..., None]], None]]


def explorer(*, long: bool, count: Callable[[int], None]) -> Explore:
    """`count` gets the number of cases that were tried."""

    def explore(short: int, many: int, **drawn: Any) -> Callable[[Callable[..., None]], None]:
        chosen = settings(
            max_examples=many if long else short,
            derandomize=not long,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )

        def run(holds: Callable[..., None]) -> None:
            tried = 0

            def counted(**values: Any) -> None:
                nonlocal tried
                tried += 1
                holds(**values)

            chosen(given(**drawn)(counted))()
            count(tried)

        return run

    return explore
