"""The API, as the page asks it."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import httpx

from riskspace.web import bodies
from riskspace.web.answers import ErrorItem, Model, Prediction

logger = logging.getLogger("ui")

# Seconds: to connect, and to answer one record.
PATIENCE = httpx.Timeout(10.0, connect=2.0)
# Connections that stay open between two requests.
_KEPT = 20
_JSON = {"Content-Type": bodies.JSON}
_REFUSED = {422, 400, 413}


@dataclass(frozen=True, slots=True)
class Refused:
    """The record was refused: what is wrong with which field."""

    errors: tuple[ErrorItem, ...]


@dataclass(frozen=True, slots=True)
class Away:
    """The API doesn't answer, or can't just now."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The API answered something else; `request_id` finds it in the log."""

    request_id: str


Outcome = Prediction | Refused | Away | Failed


def connect(api_url: str, most: int) -> httpx.AsyncClient:
    """The API by HTTP, at most so many requests at once, straight: no proxy of the environment
    stands between the two."""
    limits = httpx.Limits(max_connections=most, max_keepalive_connections=_KEPT)
    return httpx.AsyncClient(base_url=api_url, trust_env=False, limits=limits)


class ApiClient:
    """Asks the API over HTTP, without ever holding the event loop."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def model(self) -> Model:
        """What the API serves. Raises httpx.HTTPError where it can't say."""
        answer = await self._http.get("/model", timeout=PATIENCE)
        answer.raise_for_status()
        return Model.model_validate_json(answer.content)

    async def wait_for_model(self, tries: int, seconds: float) -> Model:
        """What the API serves, asked until it answers. Raises httpx.HTTPError past the last try."""
        for _ in range(tries - 1):
            try:
                return await self.model()
            except httpx.HTTPError:
                await asyncio.sleep(seconds)
        return await self.model()

    async def predict(self, record: dict[str, Any]) -> Outcome:
        """The risk of one record; every failure is an outcome of its own."""
        try:
            answer = await self._http.post(
                "/predict", content=json.dumps(record), headers=_JSON, timeout=PATIENCE
            )
        except httpx.HTTPError as error:
            logger.warning("L'API ne répond pas (%s)", type(error).__name__)
            return Away()
        if answer.status_code == httpx.codes.OK:
            return Prediction.model_validate_json(answer.content)
        if answer.status_code in _REFUSED:
            errors = answer.json().get("errors", [])
            return Refused(tuple(ErrorItem.model_validate(item) for item in errors))
        if answer.status_code in {502, 503, 504}:
            return Away()
        return Failed(answer.headers.get("x-request-id", "?"))
