"""What the API answers, as OpenAPI documents it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from riskspace.errors import RequestError
from riskspace.model.manifest import Band, Feature, Group, Preset, Target, Text
from riskspace.web.problems import MEDIA_TYPE, title


class Health(BaseModel):
    status: Literal["healthy", "degraded", "unhealthy"]
    model_loaded: bool
    redis_connected: bool
    version: str


class Life(BaseModel):
    status: Literal["ok"]


class ModelRef(BaseModel):
    name: str
    version: str


class Model(BaseModel):
    """The model behind this API, all that a form or a report needs."""

    name: str
    version: str
    title: Text
    description: Text
    disclaimer: Text
    target: Target
    groups: tuple[Group, ...]
    features: tuple[Feature, ...]
    order: tuple[tuple[str, str], ...]
    bands: tuple[Band, ...]
    threshold: float
    presets: tuple[Preset, ...]
    metrics: dict[str, Any]
    provenance: dict[str, Any]
    inputs_recorded: bool = Field(description="whether the inputs of predictions are kept")


class InputWarning(BaseModel):
    field: str
    code: Literal["outside_trained_range", "unusual_order"]
    message: str


class Prediction(BaseModel):
    prediction: Literal[0, 1] = Field(description="1 when the probability reaches the threshold")
    probability: float = Field(ge=0, le=1)
    risk: str = Field(description="the band's name, see GET /model")
    threshold: float = Field(ge=0, le=1)
    prediction_id: str
    model: ModelRef
    warnings: list[InputWarning]


class ErrorItem(BaseModel):
    field: str
    code: str
    message: str
    accepted: str


class BatchRow(BaseModel):
    """One row's prediction, or what is wrong with it."""

    row: int = Field(ge=0, description="the row's place in the request, from 0")
    prediction: Literal[0, 1] | None = None
    probability: float | None = None
    risk: str | None = None
    prediction_id: str | None = None
    warnings: list[InputWarning] | None = None
    errors: list[ErrorItem] | None = None


class Batch(BaseModel):
    batch_id: str
    model: ModelRef
    threshold: float
    total: int
    failed: int
    results: list[BatchRow]


class LogLine(BaseModel):
    id: str
    timestamp: str
    level: str
    logger: str
    message: str
    request_id: str | None
    prediction_id: str | None


class Logs(BaseModel):
    logs: list[LogLine]
    total: int = Field(description="entries kept, whatever the filters")
    next_cursor: str | None = Field(description="give it as `cursor` for what is older")


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str | None
    errors: list[ErrorItem] | None = None


def problems(*errors: type[RequestError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` for these errors."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        error.status: {
            "description": title(error.status),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for error in errors
    }


def links(**calls: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """OpenAPI's links of an answer: calls that it leads to, by operation, and with what of it."""
    return {
        "links": {name: {"operationId": call, **given} for name, (call, given) in calls.items()}
    }
