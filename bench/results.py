"""The last run of each measurement, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine
from bench.rounds import Plan, Run
from bench.server import Contender

FOLDER = Path(__file__).with_name("results")
Figures = dict[str, Any]


def save(kind: str, plan: Plan, figures: Mapping[str, Any], folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine.description(),
        "plan": asdict(plan),
        **figures,
    }
    (folder / f"{kind}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_all(folder: Path = FOLDER) -> dict[str, Figures]:
    """Every measurement that there is, by its kind."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def runs(figures: Figures) -> list[Run]:
    return [Run(**run) for run in figures["runs"]]


def titles(contenders: Sequence[Contender]) -> dict[str, str]:
    return {contender.name: contender.title for contender in contenders}
