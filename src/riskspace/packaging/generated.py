"""Rows made up to look for a difference: within the features' bounds, and at the estimator's
edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskspace.model.encoding import Matrix
from riskspace.model.manifest import Feature
from riskspace.packaging.columns import Numbers, Origin
from riskspace.packaging.graph import Landmark

CHUNK = 10_000
# How often an optional input is missing, and a number at an edge.
_MISSING, _AT_AN_EDGE = 0.1, 0.5
# How many chunks more than asked, at most, to find the last edges.
_PATIENCE = 20
# How close a column made of several inputs counts as at its edge: it has been rounded on the way.
_CLOSE = 1e-12

Indices = npt.NDArray[np.int64]


@dataclass
class Sought:
    """Values wanted of a column made of several inputs, each from below, at and above."""

    origin: Origin
    values: Numbers
    met: npt.NDArray[np.bool_]  # shape (values, 3)


class Generator:
    """Rows for an estimator with these landmarks. `edges` counts what it looks for, and
    `edges_met` what it has found so far, from below, at it and above it."""

    def __init__(
        self,
        features: Sequence[Feature],
        landmarks: Sequence[Landmark],
        random: np.random.Generator,
    ) -> None:
        self._features = features
        self._random = random
        self._edges = [self._of_feature(i, landmarks) for i in range(len(features))]
        self._next = [0] * len(features)
        self._sought = [
            Sought(mark.origin, mark.values, np.zeros((len(mark.values), 3), dtype=np.bool_))
            for mark in landmarks
            if mark.origin.others
        ]

    @property
    def edges(self) -> int:
        derived = sum(len(sought.values) for sought in self._sought)
        return sum(len(edges) // 3 for edges in self._edges) + derived

    @property
    def edges_met(self) -> int:
        direct = sum(min(n, len(e)) // 3 for n, e in zip(self._next, self._edges, strict=True))
        return direct + sum(int(sought.met.all(axis=1).sum()) for sought in self._sought)

    def chunks(self, count: int) -> Iterator[Matrix]:
        """At least `count` rows, and more while edges are still to be met."""
        made = 0
        while made < count:
            size = min(CHUNK, count - made)
            made += size
            yield self.rows(size)
        for _ in range(_PATIENCE):
            before = self.edges_met
            if before == self.edges:
                return
            yield self.rows(min(CHUNK, count))
            if self.edges_met == before:
                return  # the rest is out of the inputs' reach

    def rows(self, count: int) -> Matrix:
        rows = np.stack([self._plain(feature, count) for feature in self._features], axis=1)
        complete = rows.copy()
        for index, feature in enumerate(self._features):
            self._put_edges(rows, index)
            if not feature.required:
                rows[self._random.random(count) < _MISSING, index] = np.nan
        self._put_derived(rows, complete)
        return rows

    def _plain(self, feature: Feature, count: int) -> Numbers:
        if feature.bounds is None:
            choices = 2 if feature.type == "boolean" else len(feature.values)
            return self._random.integers(0, choices, count).astype(np.float64)
        values = self._random.uniform(*feature.bounds, count)
        return np.clip(np.round(values), *feature.bounds) if feature.type == "integer" else values

    def _of_feature(self, index: int, landmarks: Sequence[Landmark]) -> Numbers:
        """The input's values at its edges: under, at and over each, in any order of edges."""
        feature = self._features[index]
        if feature.type == "choice":
            return np.empty(0)
        low, high = feature.bounds or (0.0, 1.0)
        found = [np.array([low, high])]
        for mark in landmarks:
            if mark.origin.feature == index and not mark.origin.others:
                rows = np.full((len(mark.values), len(self._features)), np.nan)
                rows[:, index] = mark.origin.solve(rows, mark.values)
                near = np.isclose(mark.origin.read(rows), mark.values, rtol=_CLOSE, atol=_CLOSE)
                found.append(rows[near, index])
        values = np.unique(np.concatenate(found))
        values = self._random.permutation(values[(low <= values) & (values <= high)])
        return np.stack(_beside(values), axis=1).ravel()

    def _put_edges(self, rows: Matrix, index: int) -> None:
        edges, start = self._edges[index], self._next[index]
        if not len(edges):
            return
        [chosen] = np.nonzero(self._random.random(len(rows)) < _AT_AN_EDGE)
        rows[chosen, index] = edges[(start + np.arange(len(chosen))) % len(edges)]
        self._next[index] += len(chosen)

    def _put_derived(self, rows: Matrix, complete: Matrix) -> None:
        """In some rows, the input that brings a derived column to an edge."""
        wanted = [
            np.column_stack([np.full((~sought.met).sum(), index), np.argwhere(~sought.met)])
            for index, sought in enumerate(self._sought)
        ]
        if not wanted:
            return
        tasks = self._random.permutation(np.concatenate(wanted))[: len(rows) // 2]
        places = self._random.permutation(len(rows))[: len(tasks)]
        for index, sought in enumerate(self._sought):
            own = tasks[:, 0] == index
            self._solve(rows, complete, sought, places[own], *tasks[own, 1:].T)

    def _solve(
        self,
        rows: Matrix,
        complete: Matrix,
        sought: Sought,
        places: Indices,
        values: Indices,
        sides: Indices,
    ) -> None:
        origin, wanted = sought.origin, sought.values[values]
        part = np.where(np.isnan(rows[places]), complete[places], rows[places])
        with np.errstate(all="ignore"):
            solved = origin.solve(part, wanted)
        low, high = self._features[origin.feature].bounds or (0.0, 1.0)
        reached = (low <= solved) & (solved <= high)
        part[reached, origin.feature] = solved[reached]
        reached &= np.isclose(origin.read(part), wanted, rtol=_CLOSE, atol=_CLOSE)
        part[reached, origin.feature] = np.choose(sides, _beside(solved))[reached]
        rows[places] = part
        sought.met[values[reached], sides[reached]] = True


def _beside(values: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    return np.nextafter(values, -np.inf), values, np.nextafter(values, np.inf)
