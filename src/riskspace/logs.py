"""Log lines: UTC, on standard output, never with a visitor's values."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from riskspace.settings import LogFormat, Settings

# The request that the running code answers; None outside a request.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class _Formatter(logging.Formatter):
    """An exception is shown by its type and its frames. Its text stays out: it may quote what a
    visitor sent."""

    def formatException(self, ei: ExceptionInfo) -> str:
        kind, _, trace = ei
        if kind is None:
            return ""
        return "".join(traceback.format_tb(trace)) + kind.__name__


class TextFormatter(_Formatter):
    """`2024-11-10 16:00:00 - api - INFO - message`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, UTC).strftime(datefmt or "%Y-%m-%d %H:%M:%S")


class JsonFormatter(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, str | None] = {
            "timestamp": timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "prediction_id": getattr(record, "prediction_id", None),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure(settings: Settings, stream: TextIO = sys.stdout) -> None:
    """Makes the root logger write this product's lines to `stream`, and everyone else's (uvicorn's,
    httpx's, Gradio's) only from WARNING on."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter() if settings.log_format is LogFormat.json else TextFormatter()
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("api", "ui"):
        logging.getLogger(name).setLevel(settings.log_level.value)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
