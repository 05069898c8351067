"""Each converter against its step: the same probability over training rows, rows with holes, and
rows at every edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from compiling.compiled import FEATURES, HOLES, NUMBERS, fitted, proven
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

from riskspace.model.transformers import Clip, Difference, LinearFill, Ratio
from riskspace.packaging.compiler import compile

LOGISTIC = LogisticRegression(max_iter=5_000)
CHOICES = ["kind", "shade"]
IGNORE = OneHotEncoder(handle_unknown="ignore")


def numbers(*steps: Any, names: list[str] = NUMBERS) -> Any:
    """The steps on some columns, without the others."""
    return make_pipeline(make_column_transformer((make_pipeline(*steps), names)), LOGISTIC)


def filled(*steps: Any) -> Any:
    return numbers(SimpleImputer(), *steps, names=[*NUMBERS, *HOLES])


def choices(*steps: Any) -> Any:
    columns = make_column_transformer(
        (make_pipeline(*steps), CHOICES), (SimpleImputer(), [*NUMBERS, *HOLES])
    )
    return make_pipeline(columns, StandardScaler(with_mean=False), LOGISTIC)


def spline(**said: Any) -> Any:
    step = SplineTransformer(**{"n_knots": 4, "knots": "quantile"} | said)
    return numbers(SimpleImputer(), step, names=[*NUMBERS, "hole", "gap"])


def frames(step: Any) -> Any:
    return step.set_output(transform="pandas")


OWN = {
    "a ratio": Ratio("ratio", "a", "b", power=2, scale=1000),
    "a cube": Ratio("ratio", "a", "count", power=3),
    "a difference": Difference("difference", "b", "gap"),
    "a clip": Clip({"a": (-1, 1.5), "gap": (10, 200), "flag": (0, 0.5)}),
    "a clip of all numbers": Clip(dict.fromkeys([*NUMBERS, *HOLES], (0.25, 8))),
}

PIPELINES = {
    "impute the mean": filled(),
    "impute the median": numbers(SimpleImputer(strategy="median"), names=HOLES),
    "impute the most frequent": numbers(SimpleImputer(strategy="most_frequent"), names=HOLES),
    "impute a constant": numbers(SimpleImputer(strategy="constant", fill_value=-3.5), names=HOLES),
    "impute and indicate": numbers(SimpleImputer(add_indicator=True), names=["a", *HOLES]),
    "standardize": filled(StandardScaler()),
    "standardize the spread only": filled(StandardScaler(with_mean=False)),
    "standardize the mean only": filled(StandardScaler(with_std=False)),
    "standardize, then impute": numbers(StandardScaler(), SimpleImputer(), names=HOLES),
    "scale to a range": filled(MinMaxScaler((-1, 3))),
    "scale to a range and clip": filled(MinMaxScaler(clip=True)),
    "scale robustly": filled(RobustScaler()),
    "scale by the largest": filled(MaxAbsScaler()),
    "scale, and scale again": filled(RobustScaler(), StandardScaler()),
    "a cubic spline": spline(),
    "a spline of degree 2 at even knots": spline(degree=2, knots="uniform", n_knots=6),
    "a spline of degree 1": spline(degree=1),
    "a spline without its last function": spline(include_bias=False),
    "a spline that goes on straight": spline(extrapolation="linear"),
    "a straight spline that goes on straight": numbers(
        SplineTransformer(degree=1, extrapolation="linear"), names=["a"]
    ),
    "a spline that goes on": spline(extrapolation="continue"),
    "a spline of two knots that goes on": spline(extrapolation="continue", n_knots=2),
    "a spline with holes": numbers(
        SplineTransformer(handle_missing="zeros"), StandardScaler(), names=HOLES
    ),
    "a spline, standardized": numbers(SplineTransformer(), StandardScaler()),
    "squares and products": filled(StandardScaler(), PolynomialFeatures(2)),
    "products only": filled(StandardScaler(), PolynomialFeatures(3, interaction_only=True)),
    "cubes without a constant": filled(StandardScaler(), PolynomialFeatures(3, include_bias=False)),
    "one-hot": choices(IGNORE),
    "one-hot without the first": choices(OneHotEncoder(handle_unknown="ignore", drop="first")),
    "one-hot with one column for two": choices(
        OneHotEncoder(handle_unknown="ignore", drop="if_binary")
    ),
    "one-hot that refuses the unknown": choices(
        OneHotEncoder(categories=[["x", "y", "z"], ["none at all", "light", "dark", None]])
    ),
    "one-hot of categories that were given": choices(
        OneHotEncoder(categories=[["y", "x"], ["light", "never"]], handle_unknown="ignore")
    ),
    "one-hot of numbers": numbers(IGNORE, names=["count", "flag"]),
    "ordinal": choices(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)),
    "ordinal in an order that was given": choices(
        OrdinalEncoder(
            categories=[["z", "x", "y"], ["light", "dark"]],
            handle_unknown="use_encoded_value",
            unknown_value=9,
        )
    ),
    "impute the most frequent choice": choices(
        SimpleImputer(strategy="most_frequent", missing_values=None), IGNORE
    ),
    "impute a choice of its own": choices(
        SimpleImputer(strategy="constant", fill_value="?", missing_values=None), IGNORE
    ),
    "impute NaN among choices, which finds none": choices(
        SimpleImputer(strategy="constant", fill_value="?"), IGNORE
    ),
    "nothing": filled(FunctionTransformer()),
    "passed through": make_pipeline("passthrough", filled("passthrough")),
    **{name: make_pipeline(step, filled()) for name, step in OWN.items()},
    "a ratio without end": make_pipeline(
        Ratio("ratio", "a", "count"),
        make_column_transformer((SimpleImputer(), ["ratio", "gap"])),
        LOGISTIC,
    ),
    "ratios of ratios": make_pipeline(
        Ratio("first", "a", "b", scale=100),
        Ratio("second", "gap", "b", power=2),
        Difference("third", "hole", "a"),
        Ratio("fourth", "third", "b", scale=3),
        Difference("b", "b", "gap"),
        make_column_transformer(
            (SimpleImputer(), ["fourth", "third", "second", "first", "b", "hole"])
        ),
        StandardScaler(),
        LOGISTIC,
    ),
    "a linear fill": make_pipeline(
        LinearFill(("hole", "gap", "flag"), ("a", "b")),
        make_column_transformer((StandardScaler(), [*NUMBERS, *HOLES])),
        LOGISTIC,
    ),
    "a linear fill with holes in what is given": make_pipeline(
        LinearFill(("hole",), ("a", "gap")),
        make_column_transformer((SimpleImputer(), ["hole", "gap", "flag"]), (IGNORE, CHOICES)),
        LOGISTIC,
    ),
    "columns by position": make_pipeline(
        ColumnTransformer([("one", SimpleImputer(), [4, -3]), ("two", "passthrough", [0])]),
        LOGISTIC,
    ),
    "columns by mask": make_pipeline(
        make_column_transformer((StandardScaler(), np.arange(8) < 3)), LOGISTIC
    ),
    "columns by slice": make_pipeline(
        make_column_transformer((StandardScaler(), slice(0, 3))), LOGISTIC
    ),
    "columns by type": make_pipeline(
        make_column_transformer(
            (SimpleImputer(), make_column_selector(dtype_include="number")),
            (IGNORE, make_column_selector(dtype_include=object)),
        ),
        LOGISTIC,
    ),
    "the rest passed through": make_pipeline(
        make_column_transformer(
            (IGNORE, CHOICES), ("drop", ["b"]), (SimpleImputer(), HOLES), remainder="passthrough"
        ),
        LOGISTIC,
    ),
    "nothing chosen": make_pipeline(
        make_column_transformer(
            (StandardScaler(), []),
            (OrdinalEncoder(), make_column_selector(pattern="^none of them$")),
            (SimpleImputer(), HOLES),
        ),
        LOGISTIC,
    ),
    "the rest imputed": make_pipeline(
        make_column_transformer((IGNORE, CHOICES), remainder=SimpleImputer()), LOGISTIC
    ),
    "frames between steps": make_pipeline(
        frames(
            ColumnTransformer(
                [
                    (
                        "choices",
                        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                        CHOICES,
                    ),
                    ("holes", make_pipeline(SimpleImputer(), StandardScaler()), HOLES),
                ],
                remainder="passthrough",
            )
        ),
        Clip({"holes__gap": (-1, 1), "choices__kind_x": (0.2, 0.8)}),
        Difference("d", "holes__hole", "remainder__a"),
        make_column_transformer((MinMaxScaler(), ["d", "holes__gap", "choices__kind_x"])),
        LOGISTIC,
    ),
}
for activation in ("identity", "logistic", "tanh", "relu"):
    network = MLPClassifier((5, 4), activation, max_iter=60, tol=1, random_state=0)
    PIPELINES[f"a perceptron, {activation}"] = make_pipeline(
        make_column_transformer((SimpleImputer(), [*NUMBERS, *HOLES])), StandardScaler(), network
    )


@pytest.mark.parametrize("name", PIPELINES)
def test_a_compiled_pipeline_answers_as_the_fitted_one(name: str) -> None:
    proof = proven(fitted(PIPELINES[name]))
    assert proof.training_rows == 300
    assert proof.generated_rows >= 2_000
    assert proof.largest_difference < 1e-13


def test_the_same_estimator_gives_the_same_bytes() -> None:
    one, other = (fitted(PIPELINES["frames between steps"]) for _ in range(2))
    assert compile(one, FEATURES) == compile(one, FEATURES) == compile(other, FEATURES)


def test_ratios_beside_one_another_are_one_division() -> None:
    model = onnx.load_from_string(compile(fitted(PIPELINES["ratios of ratios"]), FEATURES))
    assert [node.op_type for node in model.graph.node].count("Div") == 2


def test_scaling_costs_no_node() -> None:
    plain, scaled = (
        len(onnx.load_from_string(compile(fitted(PIPELINES[name]), FEATURES)).graph.node)
        for name in ("impute the mean", "scale, and scale again")
    )
    assert plain == scaled
