"""The usual way: FastAPI validates the body, a DataFrame of one row goes through scikit-learn's
pipeline. The endpoint is no coroutine, so FastAPI calls it in a thread."""

from __future__ import annotations

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

from bench.model import FOLDER, manifest, record_type

Record = record_type()
app = FastAPI()
estimator = joblib.load(FOLDER / manifest().estimator.file)
threshold = manifest().threshold


class Answer(BaseModel):
    prediction: int
    probability: float


@app.post("/predict")
def predict(record: Record) -> Answer:  # type: ignore[valid-type]
    table = pd.DataFrame([record.model_dump()])  # type: ignore[attr-defined]
    probability = float(estimator.predict_proba(table)[0, 1])
    return Answer(prediction=int(probability >= threshold), probability=probability)
