"""Categories and what is missing: one-hot and ordinal codes, and constants for the unknown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from riskspace.packaging.columns import Column, Table
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import aligned, matrix
from riskspace.packaging.steps import convert

# Stands for NaN where it is compared: no column holds it, for scikit-learn refuses it.
_NULL = np.inf


@convert.register
def _(step: OneHotEncoder, table: Table, graph: Graph) -> Table:
    _all_kept(step, graph)
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(table.columns)
    result: list[Column] = []
    asked: list[tuple[int, Column, float]] = []
    for column, categories, drop in zip(table.columns, step.categories_, dropped, strict=True):
        for index, category in enumerate(categories):
            if index == drop:
                continue
            code = _code(category, column, graph)
            if code is not None:
                asked.append((len(result), column, code))
            result.append(Column())
        if column.symbols is None:
            graph.landmark(column, [float(category) for category in categories])
    if asked:
        places, columns, codes = zip(*asked, strict=True)
        found = graph.columns(_equal(columns, codes, graph))
        for place, column in zip(places, found, strict=True):
            result[place] = column
    return Table(tuple(result))


def _equal(columns: Sequence[Column], codes: Sequence[float], graph: Graph) -> str:
    tensor = matrix(graph, columns, codes=True)
    if _NULL in codes:
        tensor = graph.where(graph.missing(tensor), graph.constant([_NULL]), tensor)
    equal = graph.node("Equal", tensor, graph.constant(codes), width=len(codes))
    return graph.indicators(equal)


def _code(category: Any, column: Column, graph: Graph) -> float | None:
    """What a category is in the column; None for what it never holds."""
    if column.symbols is None:
        if isinstance(category, str) or category is None:
            raise graph.refusal("has categories of text for a number")
        return _NULL if np.isnan(float(category)) else float(category)
    if category is None:
        return _NULL
    return float(column.symbols.index(category)) if category in column.symbols else None


def _all_kept(step: Any, graph: Graph) -> None:
    if step.min_frequency is not None or step.max_categories is not None:
        raise graph.refusal("groups infrequent categories")


@convert.register
def _(step: OrdinalEncoder, table: Table, graph: Graph) -> Table:
    """A table of every choice's code, and one more for null, read at the choice's index."""
    _all_kept(step, graph)
    unknown = step.unknown_value if step.handle_unknown == "use_encoded_value" else np.nan
    codes: list[float] = []
    starts, ends = [], []
    for column, categories in zip(table.columns, step.categories_, strict=True):
        if column.symbols is None:
            raise graph.refusal("gives codes to numbers")
        known = {category: float(code) for code, category in enumerate(categories)}
        starts.append(float(len(codes)))
        codes += [known.get(value, unknown) for value in (*column.symbols, None)]
        ends.append(float(len(column.symbols)))
    tensor = matrix(graph, table.columns, codes=True)
    index = graph.where(graph.missing(tensor), graph.constant(ends), tensor)
    index = graph.each("Add", index, graph.constant(starts))
    width = len(table.columns)
    whole = graph.node("Cast", index, width=width, to=7)  # int64
    result = graph.node("Gather", graph.constant(codes), whole, width=width, axis=0)
    if not np.isnan(codes).any():
        graph.complete(result)
    return Table(tuple(graph.columns(result)))


@convert.register
def _(step: SimpleImputer, table: Table, graph: Graph) -> Table:
    fills = [
        _fill(step, column, value, graph)
        for column, value in zip(table.columns, step.statistics_, strict=True)
    ]
    # Where nothing was known in training, the column is left out.
    kept = [i for i, value in enumerate(step.statistics_) if not _is_nan(value)]
    holes = [i for i in kept if fills[i] is not None]
    result = dict(enumerate(table.columns))
    if holes:
        tensor, positions = aligned(graph, [table.columns[i] for i in holes], codes=True)
        spread = np.full(graph.width(tensor), np.nan)
        spread[positions] = [fills[i] for i in holes]
        filled = graph.where(graph.missing(tensor), graph.constant(spread), tensor)
        graph.complete(filled, positions)
        for i, position in zip(holes, positions, strict=True):
            before = table.columns[i]
            symbols = before.symbols and _with(before.symbols, step.statistics_[i])
            result[i] = Column({(filled, position): 1.0}, 0.0, symbols, before.origin)
    columns = [result[i] for i in kept]
    if step.add_indicator and len(step.indicator_.features_):
        asked = [table.columns[i] for i in step.indicator_.features_]
        missing = graph.missing(matrix(graph, asked, codes=True))
        columns += graph.columns(graph.indicators(missing))
    return Table(tuple(columns))


def _fill(step: SimpleImputer, column: Column, value: Any, graph: Graph) -> float | None:
    """What stands for missing in a column; None where the imputer sees nothing missing: to it,
    None is not NaN."""
    if column.symbols is None:
        if not _is_nan(step.missing_values):
            raise graph.refusal("fills something else than NaN")
        return float(value)
    if step.missing_values is not None and not _is_nan(step.missing_values):
        raise graph.refusal("fills something else than None and NaN")
    if step.missing_values is not None or value is None:
        return None
    return float(_with(column.symbols, value).index(value))


def _with(symbols: tuple[str, ...], value: Any) -> tuple[str, ...]:
    return symbols if value is None or value in symbols else (*symbols, value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))
