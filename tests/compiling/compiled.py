"""A table of every type of input, fitted pipelines on it, and how they are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import tiny
from threadpoolctl import threadpool_limits

from riskspace.model.encoding import Matrix, decode
from riskspace.model.manifest import Band, Feature
from riskspace.model.sklearn_engine import frame
from riskspace.packaging.compiler import compile
from riskspace.packaging.proof import Proof, prove

THRESHOLD = 0.6


def _feature(name: str, kind: str, *, required: bool = True, **said: Any) -> Feature:
    label = tiny.text(name)
    return Feature.model_validate(
        {"name": name, "type": kind, "required": required, "label": label, **said}
    )


def _choices(*values: str) -> list[dict[str, Any]]:
    return [{"value": value, "label": tiny.text(value)} for value in values]


FEATURES = (
    _feature("a", "number", bounds=(-5, 5)),
    _feature("b", "number", bounds=(1, 1000)),
    _feature("count", "integer", bounds=(0, 12)),
    _feature("hole", "number", required=False, bounds=(-1, 1)),
    _feature("gap", "number", required=False, bounds=(0, 300)),
    _feature("flag", "boolean", required=False),
    _feature("kind", "choice", choices=_choices("x", "y", "z")),
    _feature("shade", "choice", required=False, choices=_choices("dark", "light", "none at all")),
)
NUMBERS = ["a", "b", "count"]
HOLES = ["hole", "gap", "flag"]
BANDS = [Band.model_validate(band) for band in tiny.draft()["bands"]]


def table(rows: int = 300, seed: int = 11) -> pd.DataFrame:
    """Rows whose optional inputs are each missing in a tenth of them, some numbers tied."""
    random = np.random.default_rng(seed)
    records: list[dict[str, Any]] = [
        {
            "a": float(random.normal(0, 2)),
            "b": float(np.round(random.uniform(1, 1000), 1)),
            "count": float(random.integers(0, 13)),
            "hole": float(random.uniform(-1, 1)),
            "gap": float(random.exponential(60)),
            "flag": bool(random.random() < 0.4),
            "kind": str(random.choice(["x", "y", "z"])),
            "shade": str(random.choice(["dark", "light"])),
        }
        for _ in range(rows)
    ]
    for record in records:
        for name in (*HOLES, "shade"):
            if random.random() < 0.1:
                record[name] = None
    return frame(FEATURES, records)


def target(rows: pd.DataFrame, seed: int = 5) -> Any:
    noise = np.random.default_rng(seed).normal(0, 1, len(rows))
    known = rows["hole"].fillna(0) + rows["gap"].fillna(50) / 100 + rows["flag"].fillna(0)
    shift = rows["kind"].map({"x": 0, "y": 1, "z": -1}) - (rows["shade"] == "dark")
    return (rows["a"] / 2 + known + shift + noise > 0.5).astype(int).to_numpy()


def fitted(estimator: Any) -> Any:
    rows = table()
    with threadpool_limits(1):  # several threads for so few rows get in one another's way
        return estimator.fit(rows, target(rows))


def proven(estimator: Any, *, generated: int = 2_000, rows: pd.DataFrame | None = None) -> Proof:
    """Fitted, compiled and proven over the training rows."""
    known = table() if rows is None else rows
    model = compile(estimator, FEATURES)
    return prove(
        estimator,
        model,
        features=FEATURES,
        bands=BANDS,
        threshold=THRESHOLD,
        rows=known,
        generated=generated,
    )


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answers(model: bytes, matrix: Matrix) -> Any:
    [found] = session(model).run(["probability"], {"x": np.ascontiguousarray(matrix)})
    return found


def expected(estimator: Any, features: tuple[Feature, ...], matrix: Matrix) -> Any:
    columns = decode(features, matrix).items()
    rows = pd.DataFrame({name: pd.Series(v, dtype=v.dtype) for name, v in columns})
    return estimator.predict_proba(rows)[:, 1]
