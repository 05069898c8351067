"""The log, read and emptied."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from riskspace.backend import Backend
from riskspace.errors import (
    BadInput,
    Forbidden,
    StoreUnavailable,
    TooManyGuesses,
    Unauthorized,
)
from riskspace.logbook import CURSOR
from riskspace.settings import LogLevel
from riskspace.web.admin import Admin
from riskspace.web.answers import LogLine, Logs, links, problems

logger = logging.getLogger("api")

# The last second that a timestamp can write: a zone can bring `since` past it.
LATEST = datetime.max.replace(microsecond=0, tzinfo=UTC).timestamp()


def _dated(value: str) -> str:
    # pydantic alone takes a bare number too, for seconds or for milliseconds as it sees fit.
    if not re.match(r"[0-9]{4}-", value):
        raise PydanticCustomError("datetime_parsing", "is not a date and time")
    return value


Moment = Annotated[datetime, BeforeValidator(_dated)]
_CURSOR = Query(description="an earlier `next_cursor`", json_schema_extra={"pattern": CURSOR})
_OLDER = links(older=("read_logs_get", {"parameters": {"cursor": "$response.body#/next_cursor"}}))
# Documents the scheme; `Admin` decides.
_bearer = Depends(HTTPBearer(auto_error=False, description="ADMIN_TOKEN"))


def router(backend: Backend) -> APIRouter:
    routes = APIRouter(tags=["logs"])
    admin = Admin(backend.settings.admin_token, logger)

    @routes.get("/logs", responses=problems(BadInput, StoreUnavailable) | {200: _OLDER})
    async def read(
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
        level: Annotated[LogLevel | None, Query(description="only this level")] = None,
        since: Annotated[Moment | None, Query(description="UTC where no zone is given")] = None,
        cursor: Annotated[str | None, _CURSOR] = None,
    ) -> Logs:
        """The newest log entries first; empty with `LOGGING_HANDLER=stdout`. Never holds what a
        visitor entered."""
        oldest = None if since is None else _seconds(since)
        page = await backend.logbook.read(limit, level, oldest, cursor)
        lines = [_line(id_, fields) for id_, fields in page.entries]
        return Logs(logs=lines, total=page.total, next_cursor=page.next_cursor)

    @routes.delete(
        "/logs",
        status_code=204,
        dependencies=[_bearer],
        responses=problems(Unauthorized, Forbidden, TooManyGuesses, StoreUnavailable),
    )
    async def clear(request: Request) -> Response:
        """Empties the log; prediction records stay."""
        admin.require(request)
        await backend.logbook.clear()
        return Response(status_code=204)

    return routes


def _line(id_: str, fields: Mapping[str, str]) -> LogLine:
    known = {name: fields.get(name) for name in LogLine.model_fields}
    return LogLine.model_validate({**known, "id": id_})


def _seconds(moment: datetime) -> float:
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return min(max(seconds, 0.0), LATEST)
