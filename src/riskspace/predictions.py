"""What the model is heard to say: one answer, or those to a batch."""

from __future__ import annotations

import msgspec

from riskspace.errors import FieldError
from riskspace.model.schema import InputWarning


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """The answer to one record. `risk` is the name of the band."""

    prediction: int
    probability: float
    risk: str
    prediction_id: str
    warnings: tuple[InputWarning, ...]


class RowPrediction(msgspec.Struct, frozen=True, gc=False):
    """The answer to the record of one row; rows are counted from 0."""

    row: int
    prediction: int
    probability: float
    risk: str
    prediction_id: str
    warnings: tuple[InputWarning, ...]


class RowErrors(msgspec.Struct, frozen=True, gc=False):
    """What is wrong with a row."""

    row: int
    errors: tuple[FieldError, ...]


class Batch(msgspec.Struct, frozen=True):
    """The answers to many records, in their order."""

    batch_id: str
    total: int
    failed: int
    results: list[RowPrediction | RowErrors]
