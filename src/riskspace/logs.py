"""Log lines: UTC, on standard output, never with a visitor's values."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections import deque
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Protocol, TextIO

from riskspace.settings import LogFormat, Settings

# The request that the running code answers; None outside a request.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class Line(Protocol):
    """A log line that is put into words where it is written, not where it is made."""

    @property
    def time(self) -> float: ...
    @property
    def request_id(self) -> str | None: ...
    @property
    def prediction_id(self) -> str | None: ...
    def message(self) -> str: ...


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

    # The parameters are logging's own; ours has one format.
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002
        return _second(int(record.created)).replace("T", " ")

    def line(self, line: Line) -> str:
        return f"{_second(int(line.time)).replace('T', ' ')} - api - INFO - {line.message()}"


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

    def line(self, line: Line) -> str:
        entry = {
            "timestamp": timestamp(line.time),
            "level": "INFO",
            "logger": "api",
            "message": line.message(),
            "request_id": line.request_id,
            "prediction_id": line.prediction_id,
        }
        return json.dumps(entry, ensure_ascii=False)


class Output(logging.StreamHandler[TextIO]):
    """Standard output. Lines that come by the thousand are kept for `write`, which puts them into
    words and writes them together; any other line is written at once, after those before it."""

    def __init__(self, stream: TextIO, formatter: TextFormatter | JsonFormatter) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)
        self._line = formatter.line
        self._later: deque[Line] = deque()

    def later(self, line: Line) -> None:
        self._later.append(line)

    def emit(self, record: logging.LogRecord) -> None:
        self.write()
        super().emit(record)

    def write(self) -> int:
        """Writes what was kept; the number of lines. Where nobody reads any more they are dropped:
        a log that can't be written must stop nobody."""
        if not self._later:
            return 0
        with self.lock or nullcontext():
            lines = [self._line(self._later.popleft()) for _ in range(len(self._later))]
            if lines:  # another thread may have been before us
                with suppress(OSError, ValueError):
                    self.stream.write("\n".join(lines) + "\n")
                    self.flush()
        return len(lines)


def configure(settings: Settings, stream: TextIO = sys.stdout) -> Output:
    """Makes the root logger write this product's lines to `stream`, and everyone else's (uvicorn's,
    httpx's, Gradio's) only from WARNING on."""
    json_wanted = settings.log_format is LogFormat.json
    output = Output(stream, JsonFormatter() if json_wanted else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[output], force=True)
    for name in ("api", "ui"):
        logging.getLogger(name).setLevel(settings.log_level.value)
    return output


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    whole, microseconds = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{_second(whole)}.{microseconds // 1000:03d}Z"


@lru_cache(maxsize=16)  # one second's lines and records are made one after the other
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
