"""Spline bases, as sums over the stretches between knots.

On the stretch from knot a to knot b, let u = clip((x - a) / (b - a), 0, 1). Every basis function
is its value at the first knot plus, for each stretch, a polynomial in that stretch's u without
constant: stretches to the left of x add what they have at u = 1, those to the right nothing. So
all of them are one product of the powers of all u, and what follows is folded into it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np
from sklearn.preprocessing import SplineTransformer

from riskspace.packaging.columns import Column, Numbers, Table, total
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import matrix
from riskspace.packaging.steps import convert

# How far a basis function may be from one stretch to the next, where it should be the same.
_CONTINUOUS = 1e-9


@dataclass(frozen=True, slots=True)
class Stretch:
    """u = clip((x - start) / width, low, high), and the factors of its powers from 1 on for each
    basis function, shape (powers, functions)."""

    start: float
    width: float
    low: float
    high: float
    factors: Numbers


@convert.register
def _(step: SplineTransformer, table: Table, graph: Graph) -> Table:
    if step.extrapolation == "periodic":
        raise graph.refusal("is periodic")
    if step.extrapolation == "linear" and step.degree <= 1 and len(step.bsplines_) > 1:
        # scikit-learn 1.9 raises the degree as it goes from column to column, and so takes other
        # knots for the ends of all but the first.
        raise graph.refusal("goes on straight from straight lines, in more than one column")
    for column, spline in zip(table.columns, step.bsplines_, strict=True):
        graph.landmark(column, _knots(spline))
    known, source = None, table.columns
    if step.handle_missing == "zeros":
        known, source = _known(step, table, graph)
    stretches = [_stretches(spline, step.extrapolation, graph) for spline in step.bsplines_]
    powers = _powers(source, stretches, step.degree, graph)
    result: list[Column] = []
    for index, spline in enumerate(step.bsplines_):
        constants = np.atleast_1d(spline(_knots(spline)[0]))
        start = sum(map(len, stretches[:index]))
        terms = [
            (powers[power][start + place], factors)
            for place, stretch in enumerate(stretches[index])
            for power, factors in enumerate(stretch.factors)
        ]
        kept = len(constants) if step.include_bias else len(constants) - 1
        for function in range(kept):
            basis = total([c for c, _ in terms], [float(factors[function]) for _, factors in terms])
            if known is None:
                result.append(basis.plus(float(constants[function])))
            else:
                result.append(total([basis, known[index]], [1.0, float(constants[function])]))
    return Table(tuple(result))


def _known(
    step: SplineTransformer, table: Table, graph: Graph
) -> tuple[list[Column], tuple[Column, ...]]:
    """1 where a column is known, 0 where it is missing; and the columns with the first knot
    where it is missing, so that every u is 0 there."""
    tensor = matrix(graph, table.columns)
    missing = graph.missing(tensor)
    first = graph.constant([_knots(spline)[0] for spline in step.bsplines_])
    filled = graph.where(missing, first, tensor)
    graph.complete(filled)
    known = graph.node("Not", missing, width=graph.width(missing))
    return graph.columns(graph.indicators(known)), tuple(graph.columns(filled))


def _powers(
    columns: tuple[Column, ...], stretches: list[list[Stretch]], degree: int, graph: Graph
) -> list[list[Column]]:
    """The columns of u, of its square, and so on."""
    flat = [
        (column, stretch)
        for column, of_one in zip(columns, stretches, strict=True)
        for stretch in of_one
    ]
    scaled = [c.plus(-s.start).times(1 / s.width) for c, s in flat]
    first = _within(matrix(graph, scaled, missing=False), [s for _, s in flat], graph)
    tensors = [first]
    for _ in range(1, max(degree, 1)):
        tensors.append(graph.each("Mul", tensors[-1], first))
    return [graph.columns(tensor) for tensor in tensors]


def _within(tensor: str, stretches: list[Stretch], graph: Graph) -> str:
    if all((stretch.low, stretch.high) == (0.0, 1.0) for stretch in stretches):
        return graph.each("Clip", tensor, graph.constant(0.0), graph.constant(1.0))
    low = graph.each("Max", tensor, graph.constant([stretch.low for stretch in stretches]))
    return graph.each("Min", low, graph.constant([stretch.high for stretch in stretches]))


def _knots(spline: Any) -> Numbers:
    """The knots between which the basis is fitted, each once."""
    degree = spline.k
    return np.unique(spline.t[degree : len(spline.t) - degree])


def _stretches(spline: Any, extrapolation: str, graph: Graph) -> list[Stretch]:
    knots = _knots(spline)
    result = []
    for start, end in pairwise(knots):
        width = float(end - start)
        factors = _factors(spline, start, width)
        jump = spline(start) + factors.sum(axis=0) - spline(end)
        if np.abs(jump).max() > _CONTINUOUS:
            raise graph.refusal("jumps at a knot that is there more than once")
        result.append(Stretch(float(start), width, 0.0, 1.0, factors))
    if extrapolation == "continue":
        result[0] = replace(result[0], low=-np.inf)
        result[-1] = replace(result[-1], high=np.inf)
    if extrapolation == "linear":
        low, high = knots[0], knots[-1]
        result.append(Stretch(float(low), 1.0, -np.inf, 0.0, spline(low, nu=1)[None]))
        result.append(Stretch(float(high), 1.0, 0.0, np.inf, spline(high, nu=1)[None]))
    return result


def _factors(spline: Any, start: float, width: float) -> Numbers:
    """Taylor's polynomial at the start of a stretch, where the basis is one polynomial."""
    return np.array(
        [
            spline(start, nu=power) * width**power / factorial(power)
            for power in range(1, max(spline.k, 1) + 1)
        ]
    )
