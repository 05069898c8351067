"""A package comes back as it was sealed, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from sklearn.linear_model import LogisticRegression

from riskspace.errors import PackageError
from riskspace.model import manifest, package
from riskspace.packaging.seal import seal


def test_a_package_answers_as_its_estimator_when_it_is_loaded(pumps: Path) -> None:
    loaded = package.load(pumps)
    (probability,) = loaded.probabilities([tiny.RECORD])
    assert probability == pytest.approx(loaded.manifest.example.probability, abs=1e-12)
    assert loaded.manifest == manifest.read(pumps)


def test_a_package_is_the_same_when_it_is_sealed_again(pumps: Path, tmp_path: Path) -> None:
    again = tiny.make(tmp_path / "again")
    assert again == manifest.read(pumps)


def test_a_package_lists_every_file_with_its_digest_when_it_is_sealed(tmp_path: Path) -> None:
    (tmp_path / "MODEL_CARD.md").write_text("# Pumps\n")
    sealed = seal(tmp_path, tiny.draft(), tiny.estimator(), ["MODEL_CARD.md"], generated=100)
    assert set(sealed.files) == {"MODEL_CARD.md", "estimator.joblib", "model.onnx"}
    for name, digest in sealed.files.items():
        assert digest == package.digest((tmp_path / name).read_bytes())
    assert set(sealed.libraries) == {*package.SKLEARN_LIBRARIES, *package.COMPILED_LIBRARIES}


def test_a_manifest_is_readable_by_people(tmp_path: Path) -> None:
    tiny.make(tmp_path)
    text = (tmp_path / manifest.FILE_NAME).read_text("utf-8")
    assert "Matériau" in text
    assert json.loads(text)["name"] == "pumps"
    assert text.endswith("}\n")


def off_bounds(draft: dict[str, Any]) -> None:
    draft["example"] = {**tiny.RECORD, "hours": 100_001}


def unknown_field(draft: dict[str, Any]) -> None:
    draft["example"] = {**tiny.RECORD, "depth": 1}


def incomplete_preset(draft: dict[str, Any]) -> None:
    draft["presets"] = [{"label": tiny.text("new"), "record": {"hours": 1}}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (off_bounds, "example: hours is out of bounds"),
        (unknown_field, "example: depth is not a field"),
        (incomplete_preset, "preset new: material is required"),
    ],
)
def test_a_package_is_not_sealed_when_its_own_records_are_wrong(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    draft = tiny.draft()
    change(draft)
    with pytest.raises(PackageError, match=message):
        seal(tmp_path, draft, tiny.estimator(), generated=100)


def test_a_package_is_not_sealed_when_its_draft_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"manifest\.json: threshold"):
        seal(tmp_path, tiny.draft(threshold=2), tiny.estimator(), generated=100)


@pytest.mark.parametrize(
    ("estimator", "why"),
    [(LogisticRegression(), "NotFittedError|ValueError"), ({"no": "estimator"}, "AttributeError")],
    ids=["unfitted", "no estimator"],
)
def test_a_package_is_not_sealed_when_its_estimator_cannot_answer(
    tmp_path: Path, estimator: object, why: str
) -> None:
    message = rf"estimator\.joblib: can't answer the manifest's example \(({why})\)"
    with pytest.raises(PackageError, match=message):
        seal(tmp_path, tiny.draft(), estimator, generated=100)
