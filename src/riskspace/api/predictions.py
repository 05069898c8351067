"""Records in, risks out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import pydantic_core
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from riskspace.api.backend import Backend
from riskspace.errors import (
    BadInput,
    BodyTooLarge,
    FieldError,
    MalformedBody,
    NotReady,
    UnsupportedMedia,
)
from riskspace.model import table
from riskspace.model.schema import bad_input, malformed
from riskspace.service import Batch, Prediction
from riskspace.web import answers, bodies

MAX_ROWS = 10_000

_REFUSALS = answers.problems(MalformedBody, BodyTooLarge, UnsupportedMedia, BadInput, NotReady)


def router(backend: Backend) -> APIRouter:
    routes = APIRouter(tags=["predictions"])
    service = backend.service
    common = {
        "threshold": service.manifest.threshold,
        "model": {"name": service.manifest.name, "version": service.manifest.version},
    }
    record = service.schema.json_schema()
    example = service.manifest.example.record

    @routes.post(
        "/predict",
        response_model=answers.Prediction,
        responses=_REFUSALS,
        openapi_extra=_body({bodies.JSON: (record, example)}),
    )
    async def predict(request: Request) -> JSONResponse:
        """The risk of one record. A field that is not required may be left out or null."""
        bodies.media_type(request, (bodies.JSON,))
        body = await bodies.read(request, bodies.RECORD_LIMIT)
        answer = await run_in_threadpool(service.predict, service.schema.parse(body))
        return JSONResponse({**_prediction(answer), **common})

    @routes.post(
        "/predict/batch",
        response_model=answers.Batch,
        response_model_exclude_unset=True,
        responses=_REFUSALS,
        openapi_extra=_body(
            {
                bodies.JSON: (_batch_schema(), {"records": [example, example]}),
                bodies.CSV: ({"type": "string"}, _as_csv(example)),
            }
        ),
    )
    async def predict_batch(request: Request) -> JSONResponse:
        """The risks of up to 10 000 records, as JSON (`{"records": [...]}`, or the bare list) or as
        CSV whose first line names the fields. A wrong row has its own `errors` and doesn't fail the
        others; what a row may hold is the schema of `POST /predict`."""
        media_type = bodies.media_type(request, (bodies.JSON, bodies.CSV))
        body = await bodies.read(request, bodies.BATCH_LIMIT)

        def answer() -> dict[str, Any]:
            rows = _json_rows(body) if media_type == bodies.JSON else _csv_rows(body)
            return _batch(service.predict_batch(_counted(rows)), common)

        return JSONResponse(await run_in_threadpool(answer))

    def _csv_rows(body: bytes) -> Sequence[object]:
        return list(islice(table.rows(body, service.schema), MAX_ROWS + 1))

    return routes


def _json_rows(body: bytes) -> Sequence[object]:
    expected = 'JSON in UTF-8: {"records": [...]}, or the bare list'
    try:
        content = pydantic_core.from_json(body)
    except ValueError:
        raise malformed(expected) from None
    if isinstance(content, dict) and set(content) == {"records"}:
        content = content["records"]
    if not isinstance(content, list):
        error = FieldError("records", "wrong_type", "is not a list of records", expected)
        raise bad_input([error])
    return content


def _counted(rows: Sequence[object]) -> Sequence[object]:
    if 1 <= len(rows) <= MAX_ROWS:
        return rows
    code = "too_many" if rows else "too_few"
    message = "has too many rows" if rows else "has no row"
    raise bad_input([FieldError("records", code, message, f"from 1 to {MAX_ROWS} rows")])


def _prediction(answer: Prediction) -> dict[str, Any]:
    return {
        "prediction": answer.prediction,
        "probability": answer.probability,
        "risk": answer.risk,
        "prediction_id": answer.prediction_id,
        "warnings": [warning.as_dict() for warning in answer.warnings],
    }


def _batch(batch: Batch, common: dict[str, Any]) -> dict[str, Any]:
    results = [
        {"row": number, **_prediction(row)}
        if isinstance(row, Prediction)
        else {"row": number, "errors": [error.as_dict() for error in row]}
        for number, row in enumerate(batch.rows)
    ]
    return {
        "batch_id": batch.batch_id,
        **common,
        "total": len(results),
        "failed": batch.errors,
        "results": results,
    }


def _body(contents: dict[str, tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    """OpenAPI's `requestBody`: a schema and an example a media type."""
    content = {
        media_type: {"schema": schema, "example": example}
        for media_type, (schema, example) in contents.items()
    }
    return {"requestBody": {"required": True, "content": content}}


def _batch_schema() -> dict[str, Any]:
    # A row is checked on its own and answered on its own, so here it may be anything.
    rows = {"type": "array", "minItems": 1, "maxItems": MAX_ROWS, "items": {}}
    return {
        "oneOf": [
            {
                "type": "object",
                "properties": {"records": rows},
                "required": ["records"],
                "additionalProperties": False,
            },
            rows,
        ]
    }


def _as_csv(record: dict[str, Any]) -> str:
    cells = ("" if v is None else str(v).lower() for v in record.values())
    return f"{','.join(record)}\n{','.join(cells)}\n"
