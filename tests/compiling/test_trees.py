"""Trees: exact at every threshold, for every NaN, and in every sum."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiling.compiled import (
    FEATURES,
    HOLES,
    NUMBERS,
    answers,
    expected,
    fitted,
    proven,
    table,
    target,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from riskspace.model.encoding import encode
from riskspace.model.transformers import Clip, Difference, Ratio
from riskspace.packaging.compiler import compile
from riskspace.packaging.trees import without_rounding

ALL = [*NUMBERS, *HOLES]


def with_holes(classifier: Any) -> Any:
    """The classifier on numbers, NaN among them."""
    return make_pipeline(make_column_transformer(("passthrough", ALL)), classifier)


def on_ratios(scaler: Any, classifier: Any) -> Any:
    columns = make_column_transformer(
        (scaler, [*ALL, "ratio", "difference"]),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["kind"]),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["shade"]),
    )
    return make_pipeline(
        Clip({"a": (-3, 3), "gap": (1, 250)}),
        Ratio("ratio", "gap", "b", power=2, scale=100),
        Difference("difference", "a", "hole"),
        columns,
        classifier,
    )


def filled(classifier: Any) -> Any:
    return make_pipeline(make_column_transformer((SimpleImputer(), ALL)), classifier)


TREES = {
    "a tree": DecisionTreeClassifier(max_depth=6, random_state=0),
    "a tree of one leaf": DecisionTreeClassifier(min_samples_leaf=200),
    "a forest": RandomForestClassifier(20, min_samples_leaf=3, random_state=0),
    "a balanced forest": RandomForestClassifier(9, class_weight="balanced", random_state=0),
    "extra trees": ExtraTreesClassifier(20, min_samples_leaf=3, random_state=0),
    "boosting by histograms": HistGradientBoostingClassifier(
        max_iter=10, min_samples_leaf=5, random_state=0
    ),
}
PIPELINES = {name: with_holes(tree) for name, tree in TREES.items()}
PIPELINES |= {
    f"{name}, on ratios and {type(scaler).__name__}": on_ratios(scaler, tree)
    for name, tree in TREES.items()
    for scaler in (StandardScaler(), MinMaxScaler(clip=True))
}
PIPELINES |= {
    "boosting": filled(GradientBoostingClassifier(n_estimators=20, random_state=0)),
    "boosting from zero": filled(
        GradientBoostingClassifier(n_estimators=20, init="zero", random_state=0)
    ),
    "boosting from the frequencies": filled(
        GradientBoostingClassifier(
            n_estimators=5, init=DummyClassifier(strategy="prior"), random_state=0
        )
    ),
    "a vote": filled(
        VotingClassifier(
            [
                ("line", make_pipeline(StandardScaler(), LogisticRegression())),
                ("none", "drop"),
                ("forest", RandomForestClassifier(9, random_state=0)),
            ],
            voting="soft",
            weights=[2, 5, 1],
        )
    ),
    "a calibrated forest": filled(
        CalibratedClassifierCV(RandomForestClassifier(9, min_samples_leaf=5, random_state=0), cv=3)
    ),
    "a forest calibrated by steps": filled(
        CalibratedClassifierCV(
            RandomForestClassifier(9, min_samples_leaf=5, random_state=0), method="isotonic", cv=3
        )
    ),
    "calibrated vectors": filled(
        make_pipeline(StandardScaler(), CalibratedClassifierCV(LinearSVC(random_state=0), cv=3))
    ),
    "vectors calibrated by steps": filled(
        make_pipeline(
            StandardScaler(),
            CalibratedClassifierCV(LinearSVC(random_state=0), method="isotonic", cv=3),
        )
    ),
}
# A sum of products is rounded as the processor has it, and a steep step multiplies that.
STEEP = {"vectors calibrated by steps"}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_compiled_ensemble_answers_as_the_fitted_one(name: str) -> None:
    proof = proven(fitted(PIPELINES[name]))
    # Of a derived column's ends, only one row in the training data may come near.
    assert proof.edges_met >= 0.8 * proof.edges
    assert proof.largest_difference < (proof.tolerance if name in STEEP else 1e-13)


def test_a_forest_is_the_same_to_the_last_bit() -> None:
    """So that a probability that is a threshold is one in both."""
    assert proven(fitted(PIPELINES["a forest"])).largest_difference == 0


def test_an_ensemble_frozen_for_calibration() -> None:
    rows = table()
    inner = fitted(PIPELINES["a forest"])
    calibrated = CalibratedClassifierCV(FrozenEstimator(inner), method="isotonic")
    assert proven(calibrated.fit(rows, target(rows))).largest_difference < 1e-13


def test_each_split_is_exact_at_its_threshold() -> None:
    """Found from the tree itself, not from what the compiler says of it."""
    estimator = fitted(with_holes(DecisionTreeClassifier(random_state=0)))
    tree = estimator[-1].tree_
    inner = np.flatnonzero((tree.children_left >= 0) & np.isfinite(tree.threshold))
    [plain] = encode(FEATURES, table(1).to_dict("records"))
    rows = []
    for node in inner:
        at = tree.threshold[node]
        rounded = np.nextafter(np.float32(at), np.float32(np.inf))
        near = [at, *(np.nextafter(at, side) for side in (-np.inf, np.inf)), float(rounded)]
        near += [(at + float(rounded)) / 2, np.nextafter((at + float(rounded)) / 2, 0), np.nan]
        for value in near:
            row = plain.copy()
            row[tree.feature[node]] = value  # the first columns are the tree's, in order
            rows.append(row)
    matrix = np.stack(rows)
    found = answers(compile(estimator, FEATURES), matrix)
    assert found.tolist() == expected(estimator, FEATURES, matrix).tolist()


@given(st.floats(-3e38, 3e38), st.integers(-4, 4))
@settings(max_examples=500, derandomize=True, deadline=None)
def test_a_threshold_without_rounding_compares_as_one_after_rounding(at: float, near: int) -> None:
    [moved] = without_rounding(np.array([at]))
    for start in (at, float(moved), float(np.float32(at))):
        value = start
        for _ in range(abs(near)):
            value = np.nextafter(value, np.inf if near > 0 else -np.inf)
        assert (value <= moved) == (float(np.float32(value)) <= at)
