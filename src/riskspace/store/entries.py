"""What is kept: a log entry, and a page of entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from riskspace.logs import timestamp

Fields = Mapping[str, str]


class Entry(Protocol):
    """Something that can be kept. `fields` is called where it is written, not where it is made."""

    def fields(self) -> dict[str, str]:
        """The entry as flat text; what is unknown is left out."""


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """One line of the log, in parts. `time` is in seconds since the epoch."""

    time: float
    level: str
    logger: str
    message: str
    request_id: str | None
    prediction_id: str | None

    def fields(self) -> dict[str, str]:
        return {
            "timestamp": timestamp(self.time),
            "level": self.level,
            "logger": self.logger,
            "message": self.message,
            **_known(request_id=self.request_id, prediction_id=self.prediction_id),
        }


class PredictionLine(msgspec.Struct, frozen=True, gc=False):
    """The log's line of one prediction, not yet in words."""

    time: float
    prediction: int
    probability: float
    request_id: str | None
    prediction_id: str | None

    def message(self) -> str:
        return f"Prédiction effectuée: {self.prediction} (prob={self.probability:.2f})"

    def fields(self) -> dict[str, str]:
        return {
            "timestamp": timestamp(self.time),
            "level": "INFO",
            "logger": "api",
            "message": self.message(),
            **_known(request_id=self.request_id, prediction_id=self.prediction_id),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Entries as (id, fields), newest first; `total` counts the whole stream, and `next_cursor`
    asks for what is older (None where there is nothing)."""

    entries: tuple[tuple[str, Fields], ...]
    total: int
    next_cursor: str | None


def _known(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
