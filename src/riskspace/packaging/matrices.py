"""Columns made into tensors, with as few nodes as they allow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from riskspace.packaging.columns import Atom, Column
from riskspace.packaging.graph import INPUT, Graph


def matrix(
    graph: Graph, columns: Sequence[Column], *, codes: bool = False, missing: bool = True
) -> str:
    """A tensor of exactly these columns. `missing` is false where the estimator refuses a row
    with NaN in any of them: then one product of all may stand for each. `codes` takes choices,
    by their index.

    Raises NotCompilable for a choice where a number is needed.
    """
    if not codes:
        numbers_only(graph, columns)
    atoms = [atom for column in columns if (atom := column.atom) is not None]
    if len(atoms) == len(columns):
        return _chosen(graph, atoms)
    if missing and not all(graph.is_complete(column.weights) for column in columns):
        return _careful(graph, columns)
    return _product(graph, columns)


def aligned(
    graph: Graph, columns: Sequence[Column], *, codes: bool = False
) -> tuple[str, list[int]]:
    """A tensor that holds the columns, perhaps among others, and where: an operator on a few
    more columns costs less than choosing them."""
    if not codes:
        numbers_only(graph, columns)
    atoms = {atom for column in columns if (atom := column.atom) is not None}
    tensors = {tensor for tensor, _ in atoms}
    if len(atoms) == len(columns) and len(tensors) == 1:
        [tensor] = tensors
        if graph.width(tensor) <= 2 * len(columns) + 8:
            return tensor, [column.atom[1] for column in columns if column.atom is not None]
    return matrix(graph, columns, codes=codes), list(range(len(columns)))


def numbers_only(graph: Graph, columns: Iterable[Column]) -> None:
    """Raises NotCompilable where a column is a choice."""
    if any(column.symbols is not None for column in columns):
        raise graph.refusal("takes a choice as a number")


def elementwise(
    graph: Graph, op: str, columns: Sequence[Column], values: npt.ArrayLike, neutral: float
) -> list[Column]:
    """The columns after an operator with a constant each; `neutral` is the one that changes
    nothing."""
    tensor, positions = aligned(graph, columns)
    spread = np.full(graph.width(tensor), neutral)
    spread[positions] = values
    result = graph.columns(graph.each(op, tensor, graph.constant(spread)))
    return [result[position] for position in positions]


def _chosen(graph: Graph, atoms: Sequence[Atom]) -> str:
    tensors = list(dict.fromkeys(tensor for tensor, _ in atoms))
    places = _places(graph, tensors)
    return graph.gather(graph.concat(tensors), [places[atom] for atom in atoms])


def _places(graph: Graph, tensors: Iterable[str]) -> dict[Atom, int]:
    atoms = [(tensor, p) for tensor in tensors for p in range(graph.width(tensor))]
    return {atom: place for place, atom in enumerate(atoms)}


def _careful(graph: Graph, columns: Sequence[Column]) -> str:
    """So that a NaN stays in its own columns: nothing is multiplied by a weight of 0."""
    single = [column for column in columns if len(column.weights) == 1]
    scaled = iter(_scaled(graph, single))
    return _chosen(
        graph,
        [
            next(scaled) if len(column.weights) == 1 else (_product(graph, [column]), 0)
            for column in columns
        ],
    )


def _scaled(graph: Graph, columns: Sequence[Column]) -> list[Atom]:
    """Columns of one atom each."""
    if not columns:
        return []
    tensor = _chosen(graph, [atom for column in columns for atom in column.weights])
    weights = np.array([weight for column in columns for weight in column.weights.values()])
    biases = np.array([column.bias for column in columns])
    if (weights != 1).any():
        tensor = graph.each("Mul", tensor, graph.constant(weights))
    if biases.any():
        tensor = graph.each("Add", tensor, graph.constant(biases))
    return [(tensor, position) for position in range(len(columns))]


def _product(graph: Graph, columns: Sequence[Column]) -> str:
    used = {atom for column in columns for atom in column.weights}
    order = dict.fromkeys(atom for column in columns for atom in column.weights)
    parts = [_safe(graph, tensor, used) for tensor in dict.fromkeys(t for t, _ in order)]
    parts = parts or [(_nothing(graph), [])]
    places: dict[Atom, int] = {}
    width = 0
    for tensor, held in parts:
        places |= {atom: width + place for place, atom in enumerate(held)}
        width += graph.width(tensor)
    weights = np.zeros((width, len(columns)))
    for index, column in enumerate(columns):
        for atom, weight in column.weights.items():
            weights[places[atom], index] = weight
    inputs = [graph.concat([tensor for tensor, _ in parts]), graph.constant(weights)]
    biases = np.array([column.bias for column in columns])
    if biases.any():
        inputs.append(graph.constant(biases))
    result = graph.node("Gemm", *inputs, width=len(columns))
    graph.complete(result)
    return result


def _safe(graph: Graph, tensor: str, used: set[Atom]) -> tuple[str, list[Atom]]:
    """A whole tensor, or those of its columns that are used where another could be NaN."""
    atoms = [(tensor, position) for position in range(graph.width(tensor))]
    if graph.is_complete(atom for atom in atoms if atom not in used):
        return tensor, atoms
    kept = [atom for atom in atoms if atom in used]
    return graph.gather(tensor, [position for _, position in kept]), kept


def _nothing(graph: Graph) -> str:
    """A column of zeros, for what depends on no input."""
    missing = graph.missing(graph.gather(INPUT, [0]))
    return graph.where(missing, graph.constant([0.0]), graph.constant([0.0]))
