"""The shipped package, the other candidates and the tiny package: compiled and proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import tiny
from compiling.compiled import answers, session

from riskspace.model import manifest as manifests
from riskspace.model.encoding import encode
from riskspace.model.manifest import Feature, Manifest
from riskspace.packaging.compiler import compile
from riskspace.packaging.proof import Proof, prove
from riskspace.training import nhanes
from riskspace.training.candidates import CANDIDATES, Candidate
from riskspace.training.nhanes import Survey
from riskspace.training.ranges import ranges

FOLDER = Path(__file__).parents[2] / "models/prediabetes"


@pytest.fixture(scope="module")
def survey() -> Survey:
    return nhanes.load()


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return manifests.read(FOLDER)


@pytest.fixture(scope="module")
def shipped() -> Any:
    return joblib.load(FOLDER / "estimator.joblib")


def proven(estimator: Any, manifest: Manifest, survey: Survey, generated: int) -> Proof:
    return prove(
        estimator,
        compile(estimator, manifest.features),
        features=manifest.features,
        bands=manifest.bands,
        threshold=manifest.threshold,
        rows=survey.inputs,
        generated=generated,
    )


def test_the_shipped_package_is_proven(shipped: Any, manifest: Manifest, survey: Survey) -> None:
    proof = proven(shipped, manifest, survey, 100_000)
    optional = [feature for feature in manifest.features if not feature.required]
    choices = [feature for feature in manifest.features if feature.type == "choice"]
    assert proof.training_rows == len(survey)
    assert proof.missing_rows == len(survey) * (len(optional) + 1)
    assert proof.null_rows == proof.unknown_rows == len(survey) * len(choices)
    assert proof.generated_rows >= 100_000
    assert proof.edges == proof.edges_met > 50
    assert proof.largest_difference < 1e-13


def test_the_shipped_example_has_its_probability(shipped: Any, manifest: Manifest) -> None:
    row = encode(manifest.features, [manifest.example.record])
    [found] = answers(compile(shipped, manifest.features), row)
    assert found == pytest.approx(manifest.example.probability, abs=1e-12)


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.name)
def test_a_candidate_answers_alike(
    candidate: Candidate, manifest: Manifest, survey: Survey
) -> None:
    """Whichever is chosen next time, the package has a compiled engine. The whole proof of each
    is a matter of half a minute; that it holds for training rows is one of a second."""
    estimator = candidate.pipeline(ranges(survey.inputs)).fit(survey.inputs, survey.target)
    matrix = encode(manifest.features, survey.inputs.to_dict("records"))
    found = answers(compile(estimator, manifest.features), matrix)
    np.testing.assert_allclose(
        found, estimator.predict_proba(survey.inputs)[:, 1], rtol=0, atol=1e-13
    )


def test_the_tiny_package_is_proven(pumps: Path) -> None:
    manifest = manifests.read(pumps)
    estimator = joblib.load(pumps / "estimator.joblib")
    model = compile(estimator, manifest.features)
    proof = prove(
        estimator,
        model,
        features=manifest.features,
        bands=manifest.bands,
        threshold=manifest.threshold,
        generated=5_000,
    )
    assert proof.training_rows == 0
    assert proof.missing_rows > 0
    assert proof.null_rows > 0


def test_a_matrix_without_rows_has_no_answers() -> None:
    features = tuple(Feature.model_validate(feature) for feature in tiny.FEATURES)
    model = compile(tiny.estimator(), features)
    assert answers(model, np.empty((0, len(features)))).shape == (0,)
    [given], [answer] = session(model).get_inputs(), session(model).get_outputs()
    assert (given.name, given.type, given.shape) == ("x", "tensor(double)", ["n", len(features)])
    assert (answer.name, answer.type, answer.shape) == ("probability", "tensor(double)", ["n"])
