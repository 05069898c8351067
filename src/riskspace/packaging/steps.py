"""What a step of a fitted pipeline does to a table, by its type.

A converter is registered by the type of the fitted step: with `convert` where it gives columns,
with `decision` or `probability` where it gives the one of the positive class.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import sklearn

from riskspace.packaging.columns import Column, Table
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import matrix


@singledispatch
def convert(step: Any, table: Table, graph: Graph) -> Table:  # noqa: ARG001
    """What a transformer gives, without names but where it hands its table's on."""
    raise graph.refusal(f"{type(step).__name__} has no converter")


@singledispatch
def decision(step: Any, table: Table, graph: Graph) -> Column:  # noqa: ARG001
    """What a classifier's `decision_function` gives: for most, the log-odds."""
    raise graph.refusal(f"{type(step).__name__} has no converter")


@singledispatch
def probability(step: Any, table: Table, graph: Graph) -> Column:
    """What a classifier's `predict_proba` gives for the second class."""
    return sigmoid(decision(step, table, graph), graph)


def transform(step: Any, table: Table, graph: Graph) -> Table:
    """What a transformer gives, named where it gives a DataFrame.

    Raises NotCompilable.
    """
    result = convert(step, table, graph)
    if result.names is not None or not _gives_frames(step):
        return result
    try:
        return Table(result.columns, tuple(step.get_feature_names_out()))
    except (AttributeError, ValueError):
        raise graph.refusal("gives a DataFrame, and can't name its columns") from None


def sigmoid(column: Column, graph: Graph) -> Column:
    return graph.columns(graph.each("Sigmoid", matrix(graph, [column], missing=False)))[0]


def two_classes(step: Any, graph: Graph) -> None:
    """Refuses what doesn't choose between two."""
    if len(step.classes_) != 2:
        raise graph.refusal(f"has {len(step.classes_)} classes, not 2")


def _gives_frames(step: Any) -> bool:
    if not hasattr(step, "set_output"):
        return False
    own = getattr(step, "_sklearn_output_config", {}).get("transform")
    return bool((own or sklearn.get_config()["transform_output"]) == "pandas")
