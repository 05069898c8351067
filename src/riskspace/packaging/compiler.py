"""A fitted estimator as the bytes of an ONNX model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from riskspace.model.manifest import Feature
from riskspace.packaging import (  # noqa: F401 (they register converters)
    categories,
    composition,
    linear,
    mixtures,
    scaling,
    splines,
)
from riskspace.packaging.columns import Column, Table, of_input
from riskspace.packaging.graph import INPUT, Graph, Landmark
from riskspace.packaging.matrices import matrix
from riskspace.packaging.steps import probability
from riskspace.packaging.trees import compares


def compile(estimator: Any, features: Sequence[Feature]) -> bytes:
    """The model that answers as a fitted classifier of two classes: the input `x` is a matrix of
    `riskspace.model.encoding`, float64 of shape (n, features), and the output `probability` that
    of the second class, float64 of shape (n,). The same estimator gives the same bytes.

    Raises NotCompilable, naming the first step that has no form in the graph, and why.
    """
    graph, answer = _traced(estimator, features)
    return bytes(graph.model(answer).SerializeToString(deterministic=True))


def landmarks(estimator: Any, features: Sequence[Feature]) -> list[Landmark]:
    """Where the estimator's answer has an edge or a bend.

    Raises NotCompilable as `compile` does.
    """
    graph, _ = _traced(estimator, features)
    return graph.landmarks


def _traced(estimator: Any, features: Sequence[Feature]) -> tuple[Graph, str]:
    graph = Graph(len(features), exact=compares(estimator))
    names = tuple(feature.name for feature in features)
    table = Table(tuple(_column(i, feature) for i, feature in enumerate(features)), names)
    return graph, matrix(graph, [probability(estimator, table, graph)])


def _column(index: int, feature: Feature) -> Column:
    weights = {(INPUT, index): 1.0}
    if feature.type == "choice":
        return Column(weights, symbols=feature.values)
    return Column(weights, origin=of_input(index))
