"""Records in, risks out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
    TooSlow,
    UnsupportedMedia,
)
from riskspace.service import MAX_ROWS, Answered
from riskspace.web import answers, bodies

# Batches at once, of which one is answered: each holds its body, or what has come of it.
MAX_BATCHES = 17
# Seconds that the body of one may take to come.
UPLOAD = 60
_LATER = {"Retry-After": "2"}

_REFUSALS = answers.problems(MalformedBody, BodyTooLarge, UnsupportedMedia, BadInput, NotReady)


class _Places:
    """Raises Overloaded where all are taken."""

    def __init__(self, most: int) -> None:
        self._free = most

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        if not self._free:
            raise Overloaded("There are batches enough already; come again.", headers=_LATER)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


def router(backend: Backend, encode: Encoder) -> APIRouter:
    routes = APIRouter(tags=["predictions"])
    service = backend.service
    # Batches wait for each other: single records come between, and memory stays bounded.
    one_at_a_time = CapacityLimiter(1)
    place = _Places(MAX_BATCHES)
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
        async with place.taken():
            return await answered(request, media_type)

    async def answered(request: Request, media_type: str) -> Response:
        try:
            async with asyncio.timeout(UPLOAD):
                body = await bodies.read(request, bodies.BATCH_LIMIT)
        except TimeoutError:
            raise TooSlow(f"The body took more than {UPLOAD} seconds to come.") from None

        def answer() -> tuple[Answered, bytes]:
            found = service.predict_rows(body, csv=media_type == bodies.CSV)
            return found, encode.batch(found.batch)

        async with one_at_a_time:
            found, content = await to_thread.run_sync(answer)
            if backend.settings.uses_redis:
                await backend.writer.room(backend.records, len(found.records))
            service.keep(found)
        # Freed in the loop's next turn, when the answer is on its way.
        asyncio.get_running_loop().call_soon(_let_go, found)
        return Response(content, media_type=bodies.JSON)

    return routes


def _let_go(_: Answered) -> None:
    """Had it until now."""


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
