"""Classifiers that end in a product: logistic regression, support vectors, perceptrons."""

from __future__ import annotations

from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC

from riskspace.packaging.columns import Column, Numbers, Table, total
from riskspace.packaging.graph import Graph
from riskspace.packaging.matrices import matrix, numbers_only
from riskspace.packaging.steps import decision, probability, sigmoid, two_classes

_ACTIVATIONS = {"logistic": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


@decision.register(LogisticRegression)
@decision.register(LinearSVC)
def _(step: LogisticRegression | LinearSVC, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    [factors] = step.coef_
    numbers_only(graph, table.columns)
    return total(table.columns, map(float, factors), float(step.intercept_[0]))


@probability.register
def _(step: LinearSVC, table: Table, graph: Graph) -> Column:  # noqa: ARG001
    raise graph.refusal("LinearSVC gives no probability")


@probability.register
def _(step: MLPClassifier, table: Table, graph: Graph) -> Column:
    two_classes(step, graph)
    numbers_only(graph, table.columns)
    columns = list(table.columns)
    *hidden, (weights, biases) = zip(step.coefs_, step.intercepts_, strict=True)
    for layer, bias in hidden:
        columns = _layer(columns, layer, bias)
        if step.activation != "identity":
            tensor = matrix(graph, columns, missing=False)
            columns = graph.columns(graph.each(_ACTIVATIONS[step.activation], tensor))
    [logit] = _layer(columns, weights, biases)
    return sigmoid(logit, graph)


def _layer(columns: list[Column], weights: Numbers, biases: Numbers) -> list[Column]:
    return [
        total(columns, map(float, factors), float(bias))
        for factors, bias in zip(weights.T, biases, strict=True)
    ]
