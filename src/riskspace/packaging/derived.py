"""The product's own steps: ratios, differences, clips and linear fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from riskspace.model.transformers import Clip, Difference, LinearFill, Ratio
from riskspace.packaging.columns import Column, Numbers, Origin, Table, total
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import aligned, elementwise, matrix, numbers_only
from riskspace.packaging.steps import convert

DERIVED = (Ratio, Difference)


def independent(steps: Sequence[object]) -> bool:
    """Whether all are derived columns, none made of another's."""
    made: set[str] = set()
    for step in steps:
        if not isinstance(step, DERIVED) or made & set(_inputs(step)):
            return False
        made.add(step.name)
    return True


def derive(steps: Sequence[Ratio | Difference], table: Table, graph: Graph) -> Table:
    """Independent derived columns at once: all ratios are one division."""
    _named(table, graph)
    ratios = [step for step in steps if isinstance(step, Ratio)]
    divided = iter(_ratios(ratios, table, graph) if ratios else ())
    made = {
        step.name: next(divided) if isinstance(step, Ratio) else _difference(step, table, graph)
        for step in steps
    }
    return table.assign(made)


def _inputs(step: Ratio | Difference) -> tuple[str, str]:
    if isinstance(step, Ratio):
        return step.numerator, step.denominator
    return step.minuend, step.subtrahend


def _named(table: Table, graph: Graph) -> None:
    if table.names is None:
        raise graph.refusal("takes columns by name from a table without names")


def _ratios(steps: Sequence[Ratio], table: Table, graph: Graph) -> list[Column]:
    numerators = table.select([step.numerator for step in steps])
    denominators = table.select([step.denominator for step in steps])
    scales = [step.scale for step in steps]
    top, bottom = matrix(graph, numerators), matrix(graph, denominators)
    if any(scale != 1 for scale in scales):
        top = graph.each("Mul", top, graph.constant(scales))
    bottom = _powers(bottom, [step.power for step in steps], graph)
    value = graph.node("Div", top, bottom, width=len(steps))
    endless = graph.node("IsInf", value, width=len(steps))
    tensor = graph.where(endless, graph.constant([np.nan]), value)
    return [
        Column(column.weights, origin=_ratio_origin(step, over.origin, under.origin))
        for step, column, over, under in zip(
            steps, graph.columns(tensor), numerators, denominators, strict=True
        )
    ]


def _powers(tensor: str, powers: Sequence[int], graph: Graph) -> str:
    """Squares by multiplication, as numpy has them: a power function may be off by the last
    bit."""
    if all(power == 1 for power in powers):
        return tensor
    if not all(power in (1, 2) for power in powers):
        return graph.node("Pow", tensor, graph.constant(powers), width=len(powers))
    squared = graph.constant([power == 2 for power in powers], np.bool_)
    factor = graph.node("Where", squared, tensor, graph.constant([1.0]), width=len(powers))
    return graph.each("Mul", tensor, tensor if all(p == 2 for p in powers) else factor)


def _ratio_origin(step: Ratio, over: Origin | None, under: Origin | None) -> Origin | None:
    if over is None or under is None or step.scale == 0:
        return None
    return _combined(
        over,
        under,
        lambda top, bottom: step.scale * top / bottom**step.power,
        lambda value, bottom: value * bottom**step.power / step.scale,
    )


def _combined(
    first: Origin,
    second: Origin,
    value: Callable[[Numbers, Numbers], Numbers],
    solved: Callable[[Numbers, Numbers], Numbers],
) -> Origin | None:
    """The origin of a column made of two: the first is what is put in."""
    others = first.others | second.others | {second.feature}
    if first.feature in others:
        return None
    return Origin(
        first.feature,
        lambda rows: value(first.read(rows), second.read(rows)),
        lambda rows, wanted: first.solve(rows, solved(wanted, second.read(rows))),
        others,
    )


def _difference(step: Difference, table: Table, graph: Graph) -> Column:
    pair = table.select([step.minuend, step.subtrahend])
    numbers_only(graph, pair)
    if graph.exact:
        minuend, subtrahend = (matrix(graph, [part]) for part in pair)
        [column] = graph.columns(graph.node("Sub", minuend, subtrahend, width=1))
    else:
        column = total(pair, (1, -1))
    left, right = (part.origin for part in pair)
    if left is not None and right is not None:
        return replace(column, origin=_combined(left, right, np.subtract, np.add))
    return column


@convert.register
def _(step: Clip, table: Table, graph: Graph) -> Table:
    _named(table, graph)
    names = list(step.bounds)
    columns = table.select(names)
    low, high = (np.array(bounds) for bounds in zip(*step.bounds.values(), strict=True))
    for column, bounds in zip(columns, zip(low, high, strict=True), strict=True):
        graph.landmark(column, bounds)
    before, _ = aligned(graph, columns)
    raised = elementwise(graph, "Max", columns, low, -np.inf)
    lowered = elementwise(graph, "Min", raised, high, np.inf)
    [after] = {tensor for column in lowered for tensor, _ in column.weights}
    clipped = {
        name: Column(new.weights, origin=_clipped(old.origin, *bounds))
        for name, old, new, bounds in zip(
            names, columns, lowered, zip(low, high, strict=True), strict=True
        )
    }
    # What wasn't clipped is in the new tensor too, as it was, unless new columns were chosen.
    if graph.width(before) == graph.width(after):
        table = table.moved(before, after)
    return table.assign(clipped)


def _clipped(origin: Origin | None, low: float, high: float) -> Origin | None:
    if origin is None:
        return None
    return Origin(
        origin.feature,
        lambda rows: np.clip(origin.read(rows), low, high),
        origin.solve,
        origin.others,
    )


@convert.register
def _(step: LinearFill, table: Table, graph: Graph) -> Table:
    """Two passes over one tensor: the given columns by their medians, then the asked ones by
    what is expected of the given ones."""
    _named(table, graph)
    if set(step.given) & set(step.columns):
        raise graph.refusal("fills a column that is given")
    medians = dict(zip(step.given, step.medians_, strict=True))
    holes = [name for name in step.given if not graph.is_complete(table[name].weights)]
    filled = [*holes, *step.columns]
    tensor, positions = aligned(graph, table.select(filled))
    places = dict(zip(filled, positions, strict=True))
    others = table.positions(tensor) - set(positions)
    width = graph.width(tensor)
    missing = graph.missing(tensor)

    first = np.zeros(width)  # so that none is NaN, of those that don't matter here either
    first[[places[name] for name in holes]] = [medians[name] for name in holes]
    begun = graph.where(missing, graph.constant(first), tensor)
    graph.complete(begun)
    given = [
        Column({(begun, places[name]): 1.0}) if name in holes else table[name]
        for name in step.given
    ]

    second = [Column(bias=0.0) for _ in range(width)]
    for position in others:
        second[position] = Column(bias=np.nan)
    for name, factors, bias in zip(step.columns, step.coef_.T, step.intercept_, strict=True):
        second[places[name]] = total(given, map(float, factors), float(bias))
    for name in holes:
        second[places[name]] = Column({(begun, places[name]): 1.0})
    done = graph.where(missing, matrix(graph, second, missing=False), tensor)
    graph.complete(done, set(range(width)) - others)
    return table.moved(tensor, done).assign(
        {
            name: Column({(done, place): 1.0}, origin=table[name].origin)
            for name, place in places.items()
        }
    )
