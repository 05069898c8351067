"""Steps made of steps: pipelines, and column transformers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from riskspace.packaging.columns import Column, Table
from riskspace.packaging.derived import DERIVED, derive, independent
from riskspace.packaging.graph import Graph
from riskspace.packaging.steps import convert, decision, probability, transform


@convert.register
def _(step: Pipeline, table: Table, graph: Graph) -> Table:
    return _through(step.steps, table, graph)


@decision.register
def _(step: Pipeline, table: Table, graph: Graph) -> Column:
    *before, (name, last) = step.steps
    table = _through(before, table, graph)
    with graph.inside(name):
        return decision(last, table, graph)


@probability.register
def _(step: Pipeline, table: Table, graph: Graph) -> Column:
    *before, (name, last) = step.steps
    table = _through(before, table, graph)
    with graph.inside(name):
        return probability(last, table, graph)


@convert.register
def _(step: FunctionTransformer, table: Table, graph: Graph) -> Table:
    if step.func is not None:
        raise graph.refusal("calls a function of its own")
    return table


@convert.register
def _(step: ColumnTransformer, table: Table, graph: Graph) -> Table:
    columns: list[Column] = []
    for name, inner, chosen in step.transformers_:
        if isinstance(inner, str) and inner == "drop":
            continue
        with graph.inside(name):
            positions = _positions(chosen, table, graph)
            if not positions:
                continue  # what gets no columns was never fitted
            part = _part(table, positions)
            passed = isinstance(inner, str)  # passthrough
            columns += (part if passed else transform(inner, part, graph)).columns
    return Table(tuple(columns))


def _through(steps: Sequence[tuple[str, Any]], table: Table, graph: Graph) -> Table:
    for group in _groups([(n, s) for n, s in steps if s is not None and s != "passthrough"]):
        with graph.inside("+".join(name for name, _ in group)):
            if isinstance(group[0][1], DERIVED):
                table = derive([step for _, step in group], table, graph)
            else:
                table = transform(group[0][1], table, graph)
    return table


def _groups(steps: Sequence[tuple[str, Any]]) -> Iterator[list[tuple[str, Any]]]:
    """Each step alone, but derived columns that don't need one another together."""
    group: list[tuple[str, Any]] = []
    for name, step in steps:
        if group and not independent([*(s for _, s in group), step]):
            yield group
            group = []
        group.append((name, step))
    if group:
        yield group


def _part(table: Table, positions: Sequence[int]) -> Table:
    names = table.names and tuple(table.names[position] for position in positions)
    return Table(tuple(table.columns[position] for position in positions), names)


def _positions(chosen: Any, table: Table, graph: Graph) -> list[int]:
    """Where the columns are that a column transformer was told to take, by any of its ways."""
    if isinstance(chosen, slice) and not {type(chosen.start), type(chosen.stop)} & {str}:
        return list(range(len(table.columns)))[chosen]
    listed = [chosen] if isinstance(chosen, str) or np.isscalar(chosen) else chosen
    if isinstance(listed, slice):
        raise graph.refusal("takes a slice of names")
    items = list(listed)
    if items and all(isinstance(item, bool | np.bool_) for item in items):
        return [position for position, taken in enumerate(items) if taken]
    if not any(isinstance(item, str) for item in items):
        return [range(len(table.columns))[int(item)] for item in items]
    if table.names is None:
        raise graph.refusal("takes columns by name from a table without names")
    return [table.names.index(item) for item in items]
