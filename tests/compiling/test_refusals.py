"""What can't be compiled says which step, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiling.compiled import FEATURES, HOLES, NUMBERS, fitted, table
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    SplineTransformer,
)

from riskspace.errors import RiskSpaceError
from riskspace.model.manifest import Choice, Feature
from riskspace.model.sklearn_engine import frame
from riskspace.model.transformers import LinearFill
from riskspace.packaging.compiler import compile
from riskspace.packaging.errors import NotCompilable

LOGISTIC = LogisticRegression(max_iter=5_000)
IMPUTED = make_column_transformer((SimpleImputer(), [*NUMBERS, *HOLES]))


def columns(step: Any, names: list[str]) -> Any:
    return make_pipeline(make_column_transformer((step, names)), LOGISTIC)


REFUSED = {
    "pca": (
        Pipeline([("impute", IMPUTED), ("rotate", PCA(2)), ("classify", LOGISTIC)]),
        "rotate",
        "PCA has no converter",
    ),
    "a classifier": (
        Pipeline([("impute", IMPUTED), ("boost", AdaBoostClassifier(n_estimators=2))]),
        "boost",
        "AdaBoostClassifier has no converter",
    ),
    "within columns": (
        columns(make_pipeline(KNNImputer()), NUMBERS),
        "columntransformer/pipeline/knnimputer",
        "KNNImputer",
    ),
    "within a vote": (
        make_pipeline(
            IMPUTED,
            VotingClassifier(
                [("line", LOGISTIC), ("ada", AdaBoostClassifier(n_estimators=2))], voting="soft"
            ),
        ),
        "votingclassifier/ada",
        "AdaBoostClassifier",
    ),
    "a vote of classes": (
        make_pipeline(IMPUTED, VotingClassifier([("line", LOGISTIC)])),
        "votingclassifier",
        "without probabilities",
    ),
    "a function": (
        columns(FunctionTransformer(np.abs), NUMBERS),
        "columntransformer/functiontransformer",
        "function of its own",
    ),
    "infrequent categories": (
        columns(OneHotEncoder(min_frequency=5, handle_unknown="ignore"), ["kind"]),
        "columntransformer/onehotencoder",
        "infrequent",
    ),
    "codes for numbers": (
        columns(OrdinalEncoder(), ["count"]),
        "columntransformer/ordinalencoder",
        "numbers",
    ),
    "a periodic spline": (
        columns(SplineTransformer(extrapolation="periodic"), ["a"]),
        "columntransformer/splinetransformer",
        "periodic",
    ),
    "a spline that jumps": (
        make_pipeline(
            make_column_transformer((SimpleImputer(strategy="most_frequent"), ["flag"])),
            SplineTransformer(4, knots="quantile"),
            LOGISTIC,
        ),
        "splinetransformer",
        "jumps",
    ),
    "straight splines that go on straight": (
        columns(SplineTransformer(degree=1, extrapolation="linear"), NUMBERS),
        "columntransformer/splinetransformer",
        "straight",
    ),
    "splits on categories": (
        make_pipeline(
            IMPUTED, HistGradientBoostingClassifier(max_iter=2, categorical_features=[2])
        ),
        "histgradientboostingclassifier",
        "categories",
    ),
    "boosting from another estimator": (
        make_pipeline(IMPUTED, GradientBoostingClassifier(n_estimators=2, init=LOGISTIC)),
        "gradientboostingclassifier",
        "another estimator",
    ),
    "boosting with another loss": (
        make_pipeline(IMPUTED, GradientBoostingClassifier(n_estimators=2, loss="exponential")),
        "gradientboostingclassifier",
        "exponential",
    ),
    "a filled column that is given": (
        make_pipeline(LinearFill(("hole", "gap"), ("a", "gap")), IMPUTED, LOGISTIC),
        "linearfill",
        "given",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_the_step_and_the_reason(name: str) -> None:
    pipeline, step, reason = REFUSED[name]
    with pytest.raises(NotCompilable, match=reason) as refusal:
        compile(fitted(pipeline), FEATURES)
    assert refusal.value.step == step
    assert isinstance(refusal.value, RiskSpaceError)


@pytest.mark.parametrize("classifier", [LOGISTIC, RandomForestClassifier(2)], ids=str)
def test_choices_that_scikit_learn_reads_as_numbers(classifier: Any) -> None:
    """It takes the text "2" for 2; the encoding has an index."""
    label = FEATURES[0].label
    choices = tuple(Choice(value=value, label=label) for value in ("2", "1"))
    size = Feature(name="size", type="choice", required=True, label=label, choices=choices)
    rows = frame([size], [{"size": value} for value in ("1", "2", "2", "1")])
    pipeline = make_pipeline("passthrough", classifier).fit(rows, [0, 1, 0, 1])
    with pytest.raises(NotCompilable, match="takes a choice as a number"):
        compile(pipeline, [size])


def test_more_than_two_classes() -> None:
    rows = table()
    pipeline = make_pipeline(IMPUTED, RandomForestClassifier(2)).fit(rows, rows["kind"])
    with pytest.raises(NotCompilable, match="randomforestclassifier: has 3 classes, not 2"):
        compile(pipeline, FEATURES)


def test_an_estimator_that_is_no_pipeline_is_the_estimator() -> None:
    with pytest.raises(NotCompilable, match="the estimator: PCA has no converter"):
        compile(PCA(), FEATURES)
