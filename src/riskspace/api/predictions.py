"""Records in, risks out."""

from __future__ import annotations

from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from riskspace.api.encoder import Encoder
from riskspace.backend import Backend
from riskspace.errors import (
    BadInput,
    BodyTooLarge,
    MalformedBody,
    NotReady,
    Overloaded,
    UnsupportedMedia,
)
from riskspace.service import MAX_ROWS, Answered
from riskspace.web import answers, bodies

# Batches that wait for another one at most: each holds its body.
MAX_WAITING = 16
_LATER = {"Retry-After": "2"}

_REFUSALS = answers.problems(MalformedBody, BodyTooLarge, UnsupportedMedia, BadInput, NotReady)


def router(backend: Backend, encode: Encoder) -> APIRouter:
    routes = APIRouter(tags=["predictions"])
    service = backend.service
    # Batches wait for each other: single records come between, and memory stays bounded.
    one_at_a_time = CapacityLimiter(1)
    record = service.schema.json_schema()
    example = service.manifest.example.record

    @routes.post(
        "/predict",
        response_model=answers.Prediction,
        responses=_REFUSALS,
        openapi_extra=_body({bodies.JSON: (record, example)}),
    )
    async def predict(request: Request) -> Response:
        """The risk of one record. A field that is not required may be left out or null."""
        bodies.media_type(request, (bodies.JSON,))
        body = await bodies.read(request, bodies.RECORD_LIMIT)
        answer = service.answer(*await run_in_threadpool(service.assess_json, body))
        return Response(encode.prediction(answer), media_type=bodies.JSON)

    @routes.post(
        "/predict/batch",
        response_model=answers.Batch,
        responses=_REFUSALS,
        openapi_extra=_body(
            {
                bodies.JSON: (_batch_schema(), {"records": [example, example]}),
                bodies.CSV: ({"type": "string"}, _as_csv(example)),
            }
        ),
    )
    async def predict_batch(request: Request) -> Response:
        """The risks of up to 10 000 records, as JSON (`{"records": [...]}`, or the bare list) or as
        CSV whose first line names the fields. A wrong row has its own `errors` and doesn't fail the
        others; what a row may hold is the schema of `POST /predict`."""
        media_type = bodies.media_type(request, (bodies.JSON, bodies.CSV))
        if one_at_a_time.statistics().tasks_waiting >= MAX_WAITING:
            raise Overloaded("There are batches enough already; come again.", headers=_LATER)
        body = await bodies.read(request, bodies.BATCH_LIMIT)

        def answer() -> tuple[Answered, bytes]:
            answered = service.predict_rows(body, csv=media_type == bodies.CSV)
            return answered, encode.batch(answered.batch)

        async with one_at_a_time:
            await backend.writer.room(backend.records, MAX_ROWS)
            answered, content = await to_thread.run_sync(answer)
            service.keep(answered)
        return Response(content, media_type=bodies.JSON)

    return routes


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
