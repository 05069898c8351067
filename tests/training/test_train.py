"""`make train`, whole but short: two candidates, one repeat, few draws."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from riskspace.model import package
from riskspace.training import __main__ as training
from riskspace.training import report, validation
from riskspace.training.candidates import CANDIDATES

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def silent(work: Iterable[Any], total: int) -> Iterable[Any]:  # noqa: ARG001
    return work


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    # What may differ: the time, and the digests of what isn't text.
    del content["provenance"]["created"]
    content["files"] = {
        name: digest for name, digest in content["files"].items() if name.endswith(".md")
    }
    return content


def test_training_twice_gives_the_same_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report.study, "__defaults__", (CANDIDATES[:2],))
    monkeypatch.setattr(report, "DRAWS", 20)
    monkeypatch.setattr(validation, "REPEATS", 1)
    monkeypatch.setattr(validation, "JOBS", 1)
    folders = [tmp_path / "one", tmp_path / "two"]
    for number, folder in enumerate(folders):
        training.train(folder, MIDNIGHT + timedelta(hours=number), silent)
    one, two = (manifest(folder) for folder in folders)
    assert one == two
    first, second = (package.load(folder) for folder in folders)
    records = [preset.record for preset in first.manifest.presets]
    assert first.probabilities(records) == pytest.approx(second.probabilities(records), abs=1e-12)
