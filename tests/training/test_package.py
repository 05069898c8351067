"""The committed package: it reaches its bars, a refit answers the same, its card is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from riskspace.model.encoding import encode
from riskspace.model.manifest import Record
from riskspace.model.package import Package
from riskspace.model.sklearn_engine import SklearnEngine, frame
from riskspace.training import card, nhanes, report
from riskspace.training.bands import Edges
from riskspace.training.candidates import CANDIDATES, DERIVED, Candidate
from riskspace.training.features import FEATURES, OPTIONAL
from riskspace.training.nhanes import Survey
from riskspace.training.ranges import ranges, trained


@pytest.fixture(scope="module")
def figures(shipped: Package) -> dict[str, Any]:
    return shipped.manifest.metrics


@pytest.fixture(scope="module")
def chosen(figures: dict[str, Any]) -> Candidate:
    return next(candidate for candidate in CANDIDATES if candidate.name == figures["chosen"])


@pytest.fixture(scope="module")
def refit(survey: Survey, chosen: Candidate) -> Any:
    return chosen.pipeline(ranges(survey.inputs)).fit(survey.inputs, survey.target)


def test_it_reaches_the_bars(figures: dict[str, Any]) -> None:
    everything = figures["all_inputs"]
    assert everything["auc"]["value"] >= report.LEAST_AUC
    assert everything["brier"]["value"] <= 0.194
    assert 0.95 <= everything["calibration_slope"]["value"] <= 1.05
    assert figures["without_cholesterol"]["auc"]["value"] >= report.LEAST_AUC_WITHOUT_CHOLESTEROL


def test_it_beats_the_ada_risk_test_beyond_chance(figures: dict[str, Any]) -> None:
    for comparison in figures["ada_risk_test"].values():
        assert 0.70 < comparison["auc"]["value"] < 0.73
        assert comparison["auc_difference"]["low"] > 0


def test_at_least_three_families_were_compared(figures: dict[str, Any]) -> None:
    assert len(figures["candidates"]) == len(CANDIDATES) >= 3


def test_the_threshold_is_an_edge_and_finds_four_in_five(
    shipped: Package, figures: dict[str, Any]
) -> None:
    assert shipped.manifest.threshold in {band.upper for band in shipped.manifest.bands}
    assert figures["at_threshold"]["threshold"] == shipped.manifest.threshold
    assert 0.80 <= figures["at_threshold"]["sensitivity"]["value"] < 0.82


def test_the_subgroups_cover_everyone(survey: Survey, figures: dict[str, Any]) -> None:
    for by in ("sex", "age", "ethnicity"):
        rows = [row for row in figures["subgroups"] if row["by"] == by]
        assert sum(row["people"] for row in rows) == len(survey)


def test_a_refit_gives_the_same_answers(shipped: Package, survey: Survey, refit: Any) -> None:
    """`make train` writes the same model twice."""
    records: list[Record] = [
        {str(name): None if value != value else value for name, value in row.items()}
        for row in survey.inputs.to_dict("records")
    ]
    answers = shipped.probabilities(records)
    expected = refit.predict_proba(survey.inputs)[:, 1]
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-12)


def test_derived_quantities_live_in_the_pipeline(survey: Survey, refit: Any) -> None:
    assert not set(DERIVED) & set(survey.inputs.columns)
    assert set(DERIVED) <= set(refit[:-1].transform(survey.inputs).columns)


def test_beyond_the_trained_range_the_answer_is_flat(shipped: Package) -> None:
    def probability(**changes: Any) -> float:
        record = shipped.manifest.example.record | changes
        return float(shipped.probabilities([record])[0])

    for feature in shipped.manifest.features:
        if feature.bounds and feature.trained:
            for bound, edge in zip(feature.bounds, feature.trained, strict=True):
                assert probability(**{feature.name: bound}) == probability(**{feature.name: edge})


def test_any_answer_but_the_required_may_be_unknown(shipped: Package) -> None:
    example = shipped.manifest.example.record
    unknown = [example | {name: None} for name in OPTIONAL]
    unknown.append({name: value for name, value in example.items() if name not in OPTIONAL})
    answers = shipped.probabilities(unknown)
    assert np.isfinite(answers).all()
    assert np.abs(np.array(answers) - shipped.manifest.example.probability).max() < 0.1


def test_the_engine_and_the_manifest_agree_on_the_columns(survey: Survey, refit: Any) -> None:
    engine = SklearnEngine(refit, FEATURES)
    assert list(frame(FEATURES, [{}]).columns) == list(survey.inputs.columns)
    assert engine.probabilities(encode(FEATURES, [])).shape == (0,)


def test_the_presets_span_the_bands(shipped: Package) -> None:
    manifest = shipped.manifest
    answers = shipped.probabilities([preset.record for preset in manifest.presets])
    found = [manifest.band(float(answer)).name for answer in answers]
    assert found == [band.name for band in manifest.bands]


def test_the_card_is_made_of_the_manifest_s_figures(
    committed: Path, shipped: Package, survey: Survey, chosen: Candidate
) -> None:
    edges = Edges(*(band.upper for band in shipped.manifest.bands[:-1]))
    study = report.Study(chosen, np.empty((0, len(survey))), edges, shipped.manifest.metrics)
    written = (committed / card.FILE_NAME).read_text(encoding="utf-8")
    assert written == card.render(survey, trained(survey.inputs), study)


def test_the_card_says_what_must_be_said(committed: Path) -> None:
    written = (committed / card.FILE_NAME).read_text(encoding="utf-8")
    for ethnicity in nhanes.ETHNICITY.values():
        assert ethnicity in written
    for phrase in ("Not a medical device", "unweighted", "public domain", "make train"):
        assert phrase in written


def test_the_package_is_small(committed: Path) -> None:
    """It is committed, and read at every start."""
    sizes = {path.name: path.stat().st_size for path in committed.iterdir()}
    assert sizes["estimator.joblib"] < 200_000
    assert sizes["calibration.png"] < 100_000
