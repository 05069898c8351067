"""Errors as RFC 9457 problems, made in one place."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riskspace.errors import BadInput, FieldError, RequestError
from riskspace.logs import request_id

MEDIA_TYPE = "application/problem+json"

# RFC 9110's names; Python before 3.13 has older ones.
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address doesn't take this method.",
}


def title(status: int) -> str:
    """The name of a status."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem(
    request: Request,
    status: int,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """One problem; `type` is about:blank, so `title` is the status's own phrase."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": title(status),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        "request_id": request_id.get(),
    }
    if errors:
        content["errors"] = [error.as_dict() for error in errors]
    body = json.dumps(content, ensure_ascii=True).encode()
    return Response(body, status, headers, MEDIA_TYPE)


async def request_error(request: Request, error: Exception) -> Response:
    """A RequestError: it carries all that the answer says."""
    assert isinstance(error, RequestError)
    return problem(request, error.status, error.detail, error.errors, error.headers)


async def http_exception(request: Request, error: Exception) -> Response:
    """The framework's own errors: no route, wrong method."""
    assert isinstance(error, HTTPException)
    detail = _DETAILS.get(error.status_code, title(error.status_code))
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_allowed(request)))
    return problem(request, error.status_code, detail, headers=headers)


def _allowed(request: Request) -> set[str]:
    """What an address takes. The framework names the methods of its first route alone."""
    methods = {
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    }
    return methods | ({"HEAD"} if "GET" in methods else set())


async def validation_error(request: Request, error: Exception) -> Response:
    """A wrong query parameter, path parameter or header."""
    assert isinstance(error, RequestValidationError)
    errors = [_parameter_error(item) for item in error.errors()]
    names = ", ".join(dict.fromkeys(item.field for item in errors))
    return problem(request, BadInput.status, f"Wrong input in: {names}.", errors)


class CatchAll:
    """The last resort: whatever escapes becomes a 500 that tells nothing, and a log line that
    tells where, without the exception's text."""

    def __init__(self, app: ASGIApp, logger: logging.Logger) -> None:
        self._app = app
        self._logger = logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, note)
        except ClientDisconnect:
            return  # while sending its body: nobody is left to answer
        except Exception:
            self._logger.exception("Erreur inattendue")
            if started or scope["type"] != "http":
                raise
            answer = problem(Request(scope), 500, "Something went wrong here; it was logged.")
            await answer(scope, receive, send)


def _parameter_error(item: Any) -> FieldError:
    name = str(item["loc"][-1])
    context = item.get("ctx", {})
    accepted = {
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
        "int_parsing": "a whole number",
        "enum": str(context.get("expected")),
        "literal_error": str(context.get("expected")),
        "datetime_from_date_parsing": "a date and time as in RFC 3339",
        "datetime_parsing": "a date and time as in RFC 3339",
        "missing": "a value",
    }.get(item["type"], "a value as documented at /docs")
    code = {
        "greater_than_equal": "out_of_bounds",
        "less_than_equal": "out_of_bounds",
        "literal_error": "not_a_choice",
        "enum": "not_a_choice",
        "missing": "missing",
    }.get(item["type"], "wrong_type")
    return FieldError(name, code, "is not accepted", accepted)
