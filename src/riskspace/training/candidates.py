"""The estimators that are compared, from the simplest to the least simple.

All start from the same preparation and end in a classifier. The chosen one goes into the package,
so a pipeline is made of scikit-learn's own steps and of `riskspace.model.transformers`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.base import ClassifierMixin, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from riskspace.model.transformers import Clip, Difference, LinearFill, Ratio
from riskspace.training.features import FEATURES
from riskspace.training.ranges import Ranges

SEED = 20172018


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name for the card, and how to make the unfitted classifier that ends the pipeline."""

    name: str
    classifier: Callable[[], ClassifierMixin]

    def pipeline(self, ranges: Ranges) -> Pipeline:
        return Pipeline([*preparation(ranges), ("classify", self.classifier())])


def preparation(ranges: Ranges) -> list[tuple[str, TransformerMixin]]:
    """From answers to complete numbers.

    What a person doesn't know is estimated from the required answers by linear regression: with
    those four alone, a median in place of the other thirteen makes everyone average and the
    probabilities too timid. The card has the calibration slope for those four answers.
    """
    return [
        ("clip", Clip(dict(ranges))),
        ("choices", _indicators()),
        ("fill", LinearFill(OPTIONAL_NUMBERS, GIVEN)),
        ("bmi", Ratio("bmi", "weight_kg", "height_cm", power=2, scale=10_000)),
        ("waist_to_height", Ratio("waist_to_height", "waist_cm", "height_cm")),
        ("pulse_pressure", Difference("pulse_pressure", "systolic_mmhg", "diastolic_mmhg")),
        ("cholesterol", Ratio("cholesterol_ratio", "total_cholesterol_mgdl", "hdl_mgdl")),
    ]


# The required answers, the sex as 0 or 1.
GIVEN = ("age_years", "height_cm", "weight_kg", "sex_female")
OPTIONAL_NUMBERS = tuple(
    feature.name for feature in FEATURES if not feature.required and not feature.choices
)
DERIVED = ("bmi", "waist_to_height", "pulse_pressure", "cholesterol_ratio")
CONTINUOUS = [*(feature.name for feature in FEATURES if feature.numeric), *DERIVED]


def _indicators() -> ColumnTransformer:
    """Each choice as 0 or 1 a value, all 0 for unknown."""
    choices = {feature.name: list(feature.values) for feature in FEATURES if feature.choices}
    encoder = OneHotEncoder(
        categories=list(choices.values()), handle_unknown="ignore", sparse_output=False
    )
    return ColumnTransformer(
        [("choices", encoder, list(choices))],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def logistic() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def spline_logistic() -> Pipeline:
    """Smooth curves of each number, flat beyond what was seen, added up.

    Newton's method converges to the optimum itself, so that a refit gives the same answers.
    """
    curves = make_pipeline(
        SplineTransformer(n_knots=4, degree=3, knots="quantile", extrapolation="constant"),
        StandardScaler(),
    )
    return make_pipeline(
        ColumnTransformer([("curves", curves, CONTINUOUS)], remainder="passthrough"),
        LogisticRegression(C=0.007, solver="newton-cholesky", tol=1e-10),
    )


def perceptron() -> Pipeline:
    network = MLPClassifier((16,), alpha=3.0, max_iter=2000, tol=1e-3, random_state=SEED)
    return make_pipeline(StandardScaler(), network)


def boosting() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=120,
        max_leaf_nodes=5,
        min_samples_leaf=40,
        l2_regularization=5.0,
        max_features=0.3,
        random_state=SEED,
    )


def forest() -> RandomForestClassifier:
    return RandomForestClassifier(150, min_samples_leaf=8, max_features=0.3, random_state=SEED)


def extra_trees() -> ExtraTreesClassifier:
    return ExtraTreesClassifier(150, min_samples_leaf=8, max_features=0.4, random_state=SEED)


def blend() -> VotingClassifier:
    return VotingClassifier([("curves", spline_logistic()), ("forest", forest())], voting="soft")


CANDIDATES = (
    Candidate("logistic regression", logistic),
    Candidate("spline logistic regression", spline_logistic),
    Candidate("multilayer perceptron", perceptron),
    Candidate("gradient boosting", boosting),
    Candidate("extra trees", extra_trees),
    Candidate("random forest", forest),
    Candidate("splines and forest, averaged", blend),
)
