"""A small real package of another field than the shipped one: will a pump fail within a year?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from riskspace.model.manifest import Feature, Manifest
from riskspace.model.sklearn_engine import frame
from riskspace.model.transformers import Ratio
from riskspace.packaging.seal import seal

FEATURES: list[dict[str, Any]] = [
    {
        "name": "hours",
        "type": "integer",
        "required": True,
        "label": {"fr": "Heures de marche", "en": "Running hours"},
        "unit": "h",
        "group": "use",
        "bounds": [0, 100_000],
        "trained": [0, 40_000],
        "default": 8_000,
    },
    {
        "name": "material",
        "type": "choice",
        "required": True,
        "label": {"fr": "Matériau", "en": "Material"},
        "choices": [
            {"value": "steel", "label": {"fr": "Acier", "en": "Steel"}},
            {"value": "bronze", "label": {"fr": "Bronze", "en": "Bronze"}},
        ],
        "default": "steel",
    },
    {
        "name": "inlet_bar",
        "type": "number",
        "required": False,
        "label": {"fr": "Pression d'entrée", "en": "Inlet pressure"},
        "unit": "bar",
        "group": "use",
        "bounds": [0, 50],
        "step": 0.5,
    },
    {
        "name": "outlet_bar",
        "type": "number",
        "required": False,
        "label": {"fr": "Pression de sortie", "en": "Outlet pressure"},
        "unit": "bar",
        "group": "use",
        "bounds": [0.5, 100],
    },
    {
        "name": "outdoor",
        "type": "boolean",
        "required": False,
        "label": {"fr": "En plein air", "en": "Outdoors"},
    },
    {
        "name": "liquid",
        "type": "choice",
        "required": False,
        "label": {"fr": "Liquide", "en": "Liquid"},
        "choices": [
            {"value": "water", "label": {"fr": "Eau", "en": "Water"}},
            {"value": "oil", "label": {"fr": "Huile", "en": "Oil"}},
        ],
    },
]
RECORD = {
    "hours": 20_000,
    "material": "steel",
    "inlet_bar": 2.5,
    "outlet_bar": 10,
    "outdoor": True,
    "liquid": None,
}


def text(word: str) -> dict[str, str]:
    return {"fr": word, "en": word}


def draft(**changes: Any) -> dict[str, Any]:
    """What the author of the package says."""
    bands = [("calm", 0.3, "#1a9850"), ("worn", 0.6, "#fdae61"), ("failing", 1.0, "#d73027")]
    return {
        "name": "pumps",
        "version": "2.1.0",
        "title": text("Pumps"),
        "description": text("Will this pump fail within a year?"),
        "disclaimer": text("Not an inspection."),
        "target": {"name": "failure", "label": text("failure"), "phrase": text("would fail")},
        "groups": [{"name": "use", "label": text("Use")}],
        "features": FEATURES,
        "order": [["inlet_bar", "outlet_bar"]],
        "bands": [
            {"name": name, "upper": upper, "label": text(name), "sentence": text(name), "color": c}
            for name, upper, c in bands
        ],
        "threshold": 0.6,
        "example": RECORD,
        "presets": [{"label": text("old pump"), "record": RECORD}],
        "reference": {
            "features": {feature["name"]: {"count": 0} for feature in FEATURES},
            "probability": {"count": 0},
        },
        **changes,
    }


def estimator() -> Any:
    """A pipeline of scikit-learn's steps and a generic one, fitted on seeded data."""
    random = np.random.default_rng(7)
    rows: list[dict[str, Any]] = [
        {
            "hours": float(random.integers(0, 40_000)),
            "material": str(random.choice(["steel", "bronze"])),
            "inlet_bar": None if random.random() < 0.2 else float(random.uniform(0, 20)),
            "outlet_bar": float(random.uniform(1, 60)),
            "outdoor": bool(random.random() < 0.5),
            "liquid": str(random.choice(["water", "oil"])),
        }
        for _ in range(400)
    ]
    failed = [row["hours"] + random.normal(0, 8_000) > 22_000 for row in rows]
    table = frame([Feature.model_validate(feature) for feature in FEATURES], rows)
    numbers = ["hours", "inlet_bar", "outlet_bar", "outdoor", "gain"]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), ["material", "liquid"]),
    )
    return make_pipeline(
        Ratio("gain", "outlet_bar", "inlet_bar"),
        columns,
        LogisticRegression(),
    ).fit(table, failed)


def make(folder: Path, **changes: Any) -> Manifest:
    """Seals the package into `folder`."""
    return seal(folder, draft(**changes), estimator(), generated=2_000)
