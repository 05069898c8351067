"""The model package that every contender serves."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, create_model

from riskspace.model import manifest as manifests
from riskspace.model.manifest import Feature, Manifest

FOLDER = Path(os.environ.get("MODEL_PATH") or Path(__file__).parents[1] / "models/prediabetes")


@cache
def manifest() -> Manifest:
    return manifests.read(FOLDER)


def example() -> dict[str, Any]:
    return dict(manifest().example.record)


def example_body() -> bytes:
    return json.dumps(example()).encode()


def probability() -> float:
    """What the package itself answers to its example; loading a package proves it."""
    return manifest().example.probability


def record_type() -> type[BaseModel]:
    """The record as one writes it for FastAPI: a field a feature, with its bounds or choices."""
    fields: dict[str, Any] = {}
    for feature in manifest().features:
        kind = _type(feature)
        fields[feature.name] = (kind, ...) if feature.required else (kind | None, None)
    return create_model("Record", **fields)


def _type(feature: Feature) -> Any:
    if feature.type == "boolean":
        return bool
    if feature.type == "choice":
        return Literal[feature.values]
    assert feature.bounds is not None  # the manifest says so
    low, high = feature.bounds
    number = int if feature.type == "integer" else float
    return Annotated[number, Field(ge=low, le=high)]
