"""Scalers, and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

from riskspace.packaging.columns import Column, Table
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import elementwise, matrix, numbers_only
from riskspace.packaging.steps import convert


@convert.register
def _(step: StandardScaler, table: Table, graph: Graph) -> Table:
    # mean_ is there without with_mean, too.
    centered = _shifted(table, step.mean_ if step.with_mean else None, -1, graph)
    return _divided(centered, step.scale_ if step.with_std else None, graph)


@convert.register
def _(step: RobustScaler, table: Table, graph: Graph) -> Table:
    centered = _shifted(table, step.center_ if step.with_centering else None, -1, graph)
    return _divided(centered, step.scale_ if step.with_scaling else None, graph)


@convert.register
def _(step: MaxAbsScaler, table: Table, graph: Graph) -> Table:
    if getattr(step, "clip", False):
        raise graph.refusal("clips")
    return _divided(table, step.scale_, graph)


@convert.register
def _(step: MinMaxScaler, table: Table, graph: Graph) -> Table:
    scaled = _applied("Mul", table, step.scale_, graph)
    table = _shifted(scaled, step.min_, 1, graph)
    if not step.clip:
        return table
    low, high = step.feature_range
    for column in table.columns:
        graph.landmark(column, [low, high])
    clipped = graph.each("Max", matrix(graph, table.columns), graph.constant([float(low)]))
    return Table(tuple(graph.columns(graph.each("Min", clipped, graph.constant([float(high)])))))


@convert.register
def _(step: PolynomialFeatures, table: Table, graph: Graph) -> Table:
    products: dict[tuple[int, ...], Column] = {(): Column(bias=1.0)}
    products |= {(index,): column for index, column in enumerate(table.columns)}
    asked = [tuple(np.repeat(np.arange(len(row)), row).tolist()) for row in step.powers_]
    for degree in range(2, max(map(len, asked)) + 1):
        level = sorted({term[-degree:] for term in asked if len(term) >= degree})
        left = matrix(graph, [table.columns[term[0]] for term in level], missing=False)
        right = matrix(graph, [products[term[1:]] for term in level], missing=False)
        made = graph.node("Mul", left, right, width=len(level))
        graph.complete(made)  # it refuses NaN
        products |= dict(zip(level, graph.columns(made), strict=True))
    return Table(tuple(products[term] for term in asked))


def _shifted(table: Table, by: Any, sign: int, graph: Graph) -> Table:
    return _applied("Add" if sign > 0 else "Sub", table, by, graph)


def _divided(table: Table, by: Any, graph: Graph) -> Table:
    return _applied("Div", table, by, graph)


_FOLDED = {
    "Add": lambda column, value: column.plus(value),
    "Sub": lambda column, value: column.plus(-value),
    "Mul": lambda column, value: column.times(value),
    "Div": lambda column, value: column.times(1 / value),
}


def _applied(op: str, table: Table, values: npt.ArrayLike | None, graph: Graph) -> Table:
    """A constant a column: as an operator where the last bit counts, folded otherwise."""
    numbers_only(graph, table.columns)
    if values is None:
        return Table(table.columns)
    numbers = [float(value) for value in np.asarray(values)]
    folded = [_FOLDED[op](c, value) for c, value in zip(table.columns, numbers, strict=True)]
    if not graph.exact:
        return Table(tuple(folded))
    exact = elementwise(graph, op, table.columns, numbers, 1.0 if op in {"Mul", "Div"} else 0.0)
    return Table(
        tuple(
            Column(column.weights, origin=fold.origin)
            for column, fold in zip(exact, folded, strict=True)
        )
    )
