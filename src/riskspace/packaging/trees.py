"""Trees and their ensembles, on ONNX's TreeEnsemble in float64.

scikit-learn's trees, but those of the histogram-based boosting, round what they are asked to
float32 and compare it with a threshold in float64. The same comparison without the rounding has
another threshold: the largest float64 that is rounded to no more than the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import numpy_helper
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from riskspace.packaging.columns import Column, Numbers, Table
from riskspace.packaging.graph import TREES, Graph
from riskspace.packaging.matrices import aligned
from riskspace.packaging.steps import decision, probability, two_classes

# What compares columns with thresholds, so that their last bit counts.
COMPARING = (
    DecisionTreeClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

_AVERAGE, _SUM = 0, 1  # ai.onnx.ml 5: aggregate_function
_AT_MOST = 0  # ai.onnx.ml 5: nodes_modes, BRANCH_LEQ


@dataclass(frozen=True, slots=True)
class Tree:
    """A row a node: where it splits and at what, and its children, -1 for a leaf; `value` is
    the leaf's. NaN goes left where `missing_left`. `stated` is the threshold as scikit-learn has
    it, before the rounding of what is compared is taken into account."""

    feature: npt.NDArray[np.int64]
    stated: Numbers
    threshold: Numbers
    missing_left: npt.NDArray[np.bool_]
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    value: Numbers


def compares(estimator: Any) -> bool:
    """Whether it is a tree, or has one in it."""
    inner = estimator.get_params(deep=True) if isinstance(estimator, BaseEstimator) else {}
    return any(isinstance(part, COMPARING) for part in (estimator, *inner.values()))


@probability.register
def _(step: DecisionTreeClassifier, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    return _ensemble([_of_fractions(step)], table, graph, _SUM)


@probability.register(RandomForestClassifier)
@probability.register(ExtraTreesClassifier)
def _(step: RandomForestClassifier | ExtraTreesClassifier, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    return _ensemble([_of_fractions(tree) for tree in step.estimators_], table, graph, _AVERAGE)


@decision.register
def _(step: GradientBoostingClassifier, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    if step.loss != "log_loss":
        raise graph.refusal(f"has the loss {step.loss}")
    if step.init_ != "zero" and not isinstance(step.init_, DummyClassifier):
        raise graph.refusal("starts from another estimator")
    anything = np.zeros((1, step.n_features_in_), dtype=np.float32)
    start = float(step._raw_predict_init(anything)[0, 0])
    trees = [
        _of_float32(tree.tree_, step.learning_rate * tree.tree_.value[:, 0, 0])
        for tree in step.estimators_[:, 0]
    ]
    return _ensemble(trees, table, graph, _SUM).plus(start)


@decision.register
def _(step: HistGradientBoostingClassifier, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    if step.is_categorical_ is not None and np.any(step.is_categorical_):
        raise graph.refusal("splits on categories")
    trees = [_of_nodes(predictor.nodes) for [predictor] in step._predictors]
    return _ensemble(trees, table, graph, _SUM).plus(float(step._baseline_prediction[0, 0]))


def _of_fractions(tree: Any) -> Tree:
    """A classification tree, whose leaves hold the fraction of each class."""
    return _of_float32(tree.tree_, tree.tree_.value[:, 0, 1])


def _of_float32(tree: Any, value: Numbers) -> Tree:
    return Tree(
        feature=tree.feature,
        stated=tree.threshold,
        threshold=without_rounding(tree.threshold),
        missing_left=np.asarray(tree.missing_go_to_left, dtype=np.bool_),
        left=tree.children_left,
        right=tree.children_right,
        value=value,
    )


def _of_nodes(nodes: Any) -> Tree:
    leaf = nodes["is_leaf"].astype(np.bool_)
    return Tree(
        feature=nodes["feature_idx"],
        stated=nodes["num_threshold"],
        threshold=nodes["num_threshold"],
        missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        value=nodes["value"],
    )


def without_rounding(thresholds: Numbers) -> Numbers:
    """For each t, the largest x in float64 whose nearest float32 is at most t."""
    below = thresholds.astype(np.float32)
    below = np.where(below > thresholds, np.nextafter(below, np.float32(-np.inf)), below)
    above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(np.float64) + above.astype(np.float64)) / 2  # exact
    # Halfway goes to the one whose last bit is 0: Python's and numpy's own conversion says which.
    stays = middle.astype(np.float32) == below
    return np.where(stays, middle, np.nextafter(middle, -np.inf))


def _ensemble(trees: Sequence[Tree], table: Table, graph: Graph, aggregate: int) -> Column:
    tensor, positions = aligned(graph, table.columns)
    for index, column in enumerate(table.columns):
        graph.landmark(column, np.concatenate([_splits(tree, index) for tree in trees]))
    result = graph.node(
        "TreeEnsemble",
        tensor,
        width=1,
        domain=TREES,
        n_targets=1,
        aggregate_function=aggregate,
        post_transform=0,
        **_attributes(trees, positions),
    )
    graph.complete(result)
    return graph.columns(result)[0]


def _splits(tree: Tree, feature: int) -> Numbers:
    own = (tree.feature == feature) & (tree.left >= 0)
    return np.concatenate([tree.stated[own], tree.threshold[own]])


def _attributes(trees: Iterable[Tree], positions: Sequence[int]) -> dict[str, Any]:
    """Nodes and leaves of all trees, each tree's root first."""
    places = np.asarray(positions)
    inner: list[tuple[int, float, int, int, int, int, int]] = []
    leaves: list[float] = []
    roots = []
    for tree in trees:
        roots.append(len(inner))
        inside = np.flatnonzero(tree.left >= 0)
        if not len(inside):  # a lone leaf: there must be a node, whose children are both it
            inner.append((int(places[0]), 0.0, 0, len(leaves), 1, len(leaves) + 1, 1))
            leaves += 2 * [float(tree.value[0])]
            continue
        node = {int(split): len(inner) + k for k, split in enumerate(inside)}
        ends = np.flatnonzero(tree.left < 0)
        leaf = {int(end): len(leaves) + k for k, end in enumerate(ends)}
        for split in inside:
            left, right = (
                (leaf[child], 1) if child in leaf else (node[child], 0)
                for child in (int(tree.left[split]), int(tree.right[split]))
            )
            feature = int(places[tree.feature[split]])
            nan_left = int(tree.missing_left[split])
            inner.append((feature, float(tree.threshold[split]), nan_left, *left, *right))
        leaves += tree.value[ends].tolist()
    features, splits, missing, lefts, left_leaves, rights, right_leaves = zip(*inner, strict=True)
    return {
        "tree_roots": roots,
        "nodes_featureids": features,
        "nodes_splits": numpy_helper.from_array(np.array(splits, dtype=np.float64)),
        "nodes_modes": numpy_helper.from_array(np.full(len(inner), _AT_MOST, dtype=np.uint8)),
        "nodes_missing_value_tracks_true": missing,
        "nodes_truenodeids": lefts,
        "nodes_trueleafs": left_leaves,
        "nodes_falsenodeids": rights,
        "nodes_falseleafs": right_leaves,
        "leaf_targetids": [0] * len(leaves),
        "leaf_weights": numpy_helper.from_array(np.array(leaves, dtype=np.float64)),
    }
