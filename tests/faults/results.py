"""The last run of each measurement, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import machine

FOLDER = Path(__file__).with_name("results")
# What of the machine matters here.
_TOLD = ("processor", "memory", "system", "python", "server libraries", "redis-server")


def save(name: str, figures: Mapping[str, Any], folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    described = machine.description()
    content = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {told: described[told] for told in _TOLD},
        **figures,
    }
    (folder / f"{name}.json").write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_all(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Every measurement that there is, by its name."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }
