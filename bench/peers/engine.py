"""The model as every peer gets it: records in, probabilities out. Which one says BENCH_ENGINE:
`sklearn`, the fitted pipeline on a DataFrame, or `compiled`, its graph in onnxruntime on rows of
numbers. None of them validates the record, which spares the peers the time."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Record = Mapping[Any, Any]

ENGINE = os.environ["BENCH_ENGINE"]
FOLDER = Path(os.environ["MODEL_PATH"])
MANIFEST = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))


class Engine(Protocol):
    def __call__(self, records: Sequence[Record]) -> list[float]:
        """The probability of each record."""


def load() -> Engine:
    return _sklearn() if ENGINE == "sklearn" else compiled()


def _sklearn() -> Engine:
    import joblib
    import pandas as pd

    estimator = joblib.load(estimator_file())

    def probabilities(records: Sequence[Record]) -> list[float]:
        answer: list[float] = estimator.predict_proba(pd.DataFrame(records))[:, 1].tolist()
        return answer

    return probabilities


def compiled() -> Engine:
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    file = FOLDER / MANIFEST["compiled"]["file"]
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    (given,), (wanted,) = session.get_inputs(), session.get_outputs()
    columns = [(f["name"], _codes(f)) for f in MANIFEST["features"]]

    def row(record: Record) -> list[float | None]:
        values = ((record.get(name), codes) for name, codes in columns)
        return [v if codes is None else codes.get(v, math.nan) for v, codes in values]

    def probabilities(records: Sequence[Record]) -> list[float]:
        matrix = np.array([row(record) for record in records], dtype=np.float64)
        answer: list[float] = session.run([wanted.name], {given.name: matrix})[0].tolist()
        return answer

    return probabilities


def estimator_file() -> Path:
    return FOLDER / str(MANIFEST["estimator"]["file"])


def _codes(feature: Mapping[str, Any]) -> dict[Any, float] | None:
    """A choice is its place among the feature's values; None for what is a number already."""
    if feature["type"] != "choice":
        return None
    return {choice["value"]: float(place) for place, choice in enumerate(feature["choices"])}
