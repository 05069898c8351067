"""The floor: FastAPI validates the body, and answers a constant."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

from bench.model import record_type

Record = record_type()
app = FastAPI()


class Answer(BaseModel):
    prediction: int
    probability: float


ANSWER = Answer(prediction=0, probability=0.5)


@app.post("/predict")
async def predict(record: Record) -> Answer:  # type: ignore[valid-type]  # noqa: ARG001
    return ANSWER
