"""What a manifest may say; each thing that can't be is refused by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from riskspace.errors import PackageError
from riskspace.model import manifest
from riskspace.model.manifest import Manifest

Written = dict[str, Any]
Change = Callable[[Written], object]


def feature(written: Written, name: str) -> dict[str, Any]:
    return next(item for item in written["features"] if item["name"] == name)


def on(name: str, /, **changes: Any) -> Change:
    """Changes one feature; a change to None removes the key."""

    def change(written: Written) -> None:
        item = feature(written, name)
        item.update(changes)
        for key in [key for key, value in item.items() if value is None]:
            del item[key]

    return change


def top(**changes: Any) -> Change:
    return lambda written: written.update(changes)


def band(index: int, **changes: Any) -> Change:
    return lambda written: written["bands"][index].update(changes)


def named(file: str) -> Change:
    def change(written: Written) -> None:
        written["files"][file] = written["files"].pop("estimator.joblib")
        written["estimator"]["file"] = file

    return change


def twice(key: str) -> Change:
    return lambda written: written[key].append(written[key][0])


REFUSED: dict[str, tuple[Change, str]] = {
    "a number without bounds": (on("hours", bounds=None, trained=None), "hours: .*needs bounds"),
    "bounds that fall": (on("inlet_bar", bounds=[50, 0]), "inlet_bar: bounds must rise"),
    "bounds of no width": (on("inlet_bar", bounds=[1, 1]), "inlet_bar: bounds must rise"),
    "bounds that nothing can span": (
        on("inlet_bar", bounds=[-1e308, 1e308]),
        "inlet_bar: bounds are too far apart",
    ),
    "bounds that end nowhere": (on("inlet_bar", bounds=[0, float("inf")]), r"features\.2\.bounds"),
    "trained above bounds": (on("hours", trained=[0, 100_001]), "hours: trained"),
    "trained below bounds": (on("hours", trained=[-1, 5]), "hours: trained"),
    "trained that falls": (on("hours", trained=[9, 5]), "hours: trained"),
    "a choice with bounds": (on("material", bounds=[0, 1]), "material: bounds"),
    "a boolean with a step": (on("outdoor", step=1), "outdoor: bounds, trained and step"),
    "a boolean trained": (on("outdoor", trained=[0, 1]), "outdoor: bounds, trained and step"),
    "a step of nothing": (on("inlet_bar", step=0), r"features\.2\.step"),
    "a choice without choices": (on("liquid", choices=None), "liquid: choices"),
    "a number with choices": (
        lambda w: feature(w, "hours").update(choices=feature(w, "liquid")["choices"]),
        "hours: choices",
    ),
    "the same choice twice": (
        lambda w: feature(w, "liquid")["choices"].append(feature(w, "liquid")["choices"][0]),
        "liquid: a choice is there twice",
    ),
    "whole numbers of which there is but one": (
        on("hours", bounds=[0.5, 1.5], trained=None, default=None),
        "hours: between its bounds",
    ),
    "half a step between whole numbers": (on("hours", step=0.5), "hours: an integer's step"),
    "a default out of bounds": (on("hours", default=100_001), "hours: the default"),
    "a default that is a text": (on("hours", default="8000"), "hours: the default"),
    "a default that is yes": (on("hours", default=True), "hours: the default"),
    "half an hour as a default": (on("hours", default=0.5), "hours: the default"),
    "a default that is no choice": (on("material", default="gold"), "material: the default"),
    "a boolean's default of 1": (on("outdoor", default=1), "outdoor: the default"),
    "an unknown type": (on("hours", type="date"), r"features\.0\.type"),
    "a group that is not there": (on("hours", group="site"), "hours: the group site"),
    "a name twice": (twice("features"), "features: a name is there twice"),
    "a group twice": (twice("groups"), "groups: a name is there twice"),
    "no title": (top(title={"fr": "Pompes", "en": ""}), "title: is empty"),
    "no features": (top(features=[]), "features"),
    "a name with capitals": (on("hours", name="Hours"), r"features\.0\.name"),
    "a name with a line break": (on("hours", name="hours\n"), r"features\.0\.name"),
    "an unknown key": (top(colour="red"), "colour"),
    "an unknown key in a feature": (on("hours", colour="red"), r"features\.0\.colour"),
    "no bands": (top(bands=[]), "bands"),
    "bands that fall": (band(1, upper=0.2), "bands: each upper"),
    "bands that stand still": (band(1, upper=0.3), "bands: each upper"),
    "a last band below 1": (band(2, upper=0.9), "bands: each upper"),
    "a band above 1": (band(2, upper=1.1), r"bands\.2\.upper"),
    "the same band twice": (band(1, name="calm"), "bands: a name is there twice"),
    "a colour in words": (band(0, color="green"), r"bands\.0\.color"),
    "a threshold above 1": (top(threshold=1.5), "threshold"),
    "an order of choices": (top(order=[["inlet_bar", "liquid"]]), "order: inlet_bar and liquid"),
    "an order of strangers": (top(order=[["inlet_bar", "depth"]]), "order: inlet_bar and depth"),
    "an estimator without digest": (top(files={}), r"files: no digest for estimator\.joblib"),
    "a digest that is none": (top(files={"estimator.joblib": "md5:0"}), "files"),
    "another format": (
        lambda w: w["estimator"].update(format="pickle"),
        r"estimator\.format",
    ),
    "a file above the folder": (named("../estimator.joblib"), "file"),
    "a file anywhere": (named("/etc/passwd"), "file"),
    "a file in another folder": (named("parts/estimator.joblib"), "file"),
    "a file with a backslash": (named("..\\estimator.joblib"), "file"),
    "a hidden file": (named(".estimator"), "file"),
    "a file with a line break": (named("estimator\n"), "file"),
    "a version that is none": (top(version="2"), "version"),
    "a later schema": (top(schema_version=2), "schema_version"),
    "no reference": (lambda w: w.pop("reference"), "reference"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_a_manifest_is_refused_when_it_has(
    written: Written, tmp_path: Path, change: Change, message: str
) -> None:
    change(written)
    (tmp_path / manifest.FILE_NAME).write_text(json.dumps(written), "utf-8")
    with pytest.raises(PackageError, match=message) as refusal:
        manifest.read(tmp_path)
    assert str(tmp_path / manifest.FILE_NAME) in str(refusal.value)


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "invalid UTF-8": b'{"name": "\xff"}',
    "a deep hole": b"[" * 100_000,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_manifest_is_refused_when_it_holds(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / manifest.FILE_NAME
    path.write_bytes(content)
    with pytest.raises(PackageError, match=re.escape(str(path))):
        manifest.read(tmp_path)


def test_a_manifest_is_refused_when_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"manifest\.json: not found; MODEL_PATH"):
        manifest.read(tmp_path / "nowhere")


def test_a_manifest_is_refused_when_the_package_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "package").write_text("no folder")
    with pytest.raises(PackageError, match="can't be read"):
        manifest.read(tmp_path / "package")


@pytest.mark.parametrize(
    ("probability", "name"),
    [
        (0.0, "calm"),
        (0.2999, "calm"),
        (0.3, "worn"),
        (0.5999, "worn"),
        (0.6, "failing"),
        (1.0, "failing"),
    ],
)
def test_a_band_holds_its_lower_end_and_the_last_one_both(
    sealed: Manifest, probability: float, name: str
) -> None:
    assert sealed.band(probability).name == name


def test_a_manifest_reads_as_it_was_written(sealed: Manifest, written: Written) -> None:
    assert [feature.name for feature in sealed.features] == [f["name"] for f in written["features"]]
    assert sealed.feature("liquid").values == ("water", "oil")
    assert sealed.feature("hours").numeric
    assert not sealed.feature("liquid").numeric
