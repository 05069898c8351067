"""Columns as they are known while a graph is built: sums of what has been computed so far.

An atom is a column of a tensor that the graph computes. Choosing, scaling and adding columns is
done here, on the weights of the atoms; only what isn't linear becomes a node of the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Atom = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """How a column comes from the inputs, so that inputs can be found that give it a value.

    `read` computes it from the matrix of inputs; `solve` gives, for a matrix and a value a row,
    what to put into the input `feature` for the column to have that value. `others` are the
    inputs that this depends on.
    """

    feature: int
    read: Callable[[Numbers], Numbers]
    solve: Callable[[Numbers, Numbers], Numbers]
    others: frozenset[int] = frozenset()


def of_input(feature: int) -> Origin:
    return Origin(feature, lambda rows: rows[:, feature], lambda _, wanted: wanted)


@dataclass(frozen=True, slots=True)
class Column:
    """The sum of the atoms by their weights, and `bias`. Where `symbols` are given, it is a
    choice: the index of one of them, NaN for unknown."""

    weights: Mapping[Atom, float] = field(default_factory=dict)
    bias: float = 0.0
    symbols: tuple[str, ...] | None = None
    origin: Origin | None = None

    @property
    def atom(self) -> Atom | None:
        """The one atom that this column is a copy of."""
        if self.bias == 0 and len(self.weights) == 1:
            [(atom, weight)] = self.weights.items()
            return atom if weight == 1 else None
        return None

    def times(self, factor: float) -> Column:
        weights = {atom: weight * factor for atom, weight in self.weights.items()}
        return Column(weights, self.bias * factor, origin=self._scaled(factor, 0.0))

    def plus(self, constant: float) -> Column:
        return Column(self.weights, self.bias + constant, origin=self._scaled(1.0, constant))

    def moved(self, source: str, target: str) -> Column:
        """The same, read from the columns of another tensor."""
        weights = {
            (target if tensor == source else tensor, position): weight
            for (tensor, position), weight in self.weights.items()
        }
        return replace(self, weights=weights)

    def _scaled(self, factor: float, constant: float) -> Origin | None:
        origin = self.origin
        if origin is None or factor == 0:
            return None
        return Origin(
            origin.feature,
            lambda rows: origin.read(rows) * factor + constant,
            lambda rows, wanted: origin.solve(rows, (wanted - constant) / factor),
            origin.others,
        )


def total(columns: Iterable[Column], factors: Iterable[float], bias: float = 0.0) -> Column:
    """The sum of columns, each by its factor, and a constant."""
    weights: dict[Atom, float] = {}
    for column, factor in zip(columns, factors, strict=True):
        if factor == 0:
            continue
        bias += column.bias * factor
        for atom, weight in column.weights.items():
            weights[atom] = weights.get(atom, 0.0) + weight * factor
    return Column(weights, bias)


@dataclass(frozen=True, slots=True)
class Table:
    """What a step takes and gives; `names` where it would be a DataFrame."""

    columns: tuple[Column, ...]
    names: tuple[str, ...] | None = None

    def __getitem__(self, name: str) -> Column:
        assert self.names is not None
        return self.columns[self.names.index(name)]

    def select(self, names: Sequence[str]) -> list[Column]:
        return [self[name] for name in names]

    def assign(self, changed: Mapping[str, Column]) -> Table:
        """With columns replaced or, where the name is new, added: as DataFrame.assign does."""
        assert self.names is not None
        columns = {**dict(zip(self.names, self.columns, strict=True)), **changed}
        return Table(tuple(columns.values()), tuple(columns))

    def moved(self, source: str, target: str) -> Table:
        return Table(tuple(column.moved(source, target) for column in self.columns), self.names)

    def positions(self, tensor: str) -> set[int]:
        """The columns of a tensor that this table is made of."""
        return {
            position
            for column in self.columns
            for name, position in column.weights
            if name == tensor
        }
