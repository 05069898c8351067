"""How far it is: a bar for whoever watches, and the counts for everybody."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self, TextIO


class Progress:
    """Counts what was scored; draws a bar on `stream` where that is a terminal and tqdm is there.
    `timer` gives seconds that never go back."""

    def __init__(
        self,
        stream: TextIO,
        total: int,
        unit: str,
        *,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.rows = 0
        self.refused = 0
        self._timer = timer
        self._started = timer()
        self._unit = unit
        self._bar = _bar(stream, total, unit)

    def add(self, rows: int, refused: int, position: int) -> None:
        self.rows += rows
        self.refused += refused
        if self._bar is not None:
            if self._unit != "rows":
                self._bar.set_postfix_str(
                    f"{self.rows:,} rows, {self._rate():,.0f}/s", refresh=False
                )
            self._bar.update(position - self._bar.n)

    def summary(self) -> str:
        seconds = self._timer() - self._started
        return (
            f"{self.rows} rows, {self.refused} refused, {seconds:.1f} s, {self._rate():.0f} rows/s"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _rate(self) -> float:
        return self.rows / max(self._timer() - self._started, 1e-9)


def _bar(stream: TextIO, total: int, unit: str) -> Any:
    if not stream.isatty():
        return None
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # of the extra `bulk`, and CSV needs nothing else of it
        return None
    return tqdm(total=total, unit=unit, unit_scale=True, file=stream, dynamic_ncols=True)
