"""A text a row, of which few are different."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# More groups than this, times a base, could overflow a key.
_SIZE = 1 << 48
# Keys up to this are looked up in a table; longer ones are sorted first.
_SMALL = 1 << 16


@dataclass(frozen=True, slots=True)
class Labels:
    """The text of each row is `texts[codes[row]]`; None is none."""

    texts: Sequence[str | None]
    codes: npt.NDArray[np.intp]

    def __iter__(self) -> Iterator[str | None]:
        return map(self.texts.__getitem__, self.codes.tolist())


def labelled(
    columns: Sequence[npt.NDArray[Any]], count: int, base: int, text: Callable[[int], str | None]
) -> Labels:
    """Labels `count` rows by the numbers (below `base`) that they have in the columns; `text` is
    asked once for each combination, with a row that has it."""
    key = np.zeros(count, dtype=np.int64)
    size = 1
    for column in columns:
        if size > _SIZE:
            _, key = np.unique(key, return_inverse=True)
            size = count
        key = key * base + column
        size *= base
    if size > _SMALL:
        _, key = np.unique(key, return_inverse=True)
        size = count
    # A row that has each key; the others have none.
    rows = np.full(size, -1)
    rows[key] = np.arange(count)
    known = np.flatnonzero(rows >= 0)
    places = np.empty(size, dtype=np.intp)
    places[known] = np.arange(len(known))
    return Labels([text(row) for row in rows[known].tolist()], places[key])
