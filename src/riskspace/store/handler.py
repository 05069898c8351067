"""From the logging module to the log stream."""

from __future__ import annotations

import logging

from riskspace.logs import request_id
from riskspace.store.entries import LogEntry
from riskspace.store.protocol import Stream
from riskspace.store.writer import Writer


class StreamHandler(logging.Handler):
    """Hands every log record to the writer, in parts, without waiting."""

    def __init__(self, writer: Writer, stream: Stream) -> None:
        super().__init__()
        self._writer = writer
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        entry = LogEntry(
            time=record.created,
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            request_id=request_id.get(),
            prediction_id=getattr(record, "prediction_id", None),
        )
        self._writer.put(self._stream, entry)
