"""From the logging module to the log stream."""

from __future__ import annotations

import logging

from riskspace.logs import request_id
from riskspace.store.entries import LogEntry
from riskspace.store.queues import EntryQueue


class StreamHandler(logging.Handler):
    """Queues every log record, in parts, without waiting."""

    def __init__(self, queue: EntryQueue) -> None:
        super().__init__()
        self._queue = queue

    def emit(self, record: logging.LogRecord) -> None:
        entry = LogEntry(
            time=record.created,
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            request_id=request_id.get(),
            prediction_id=getattr(record, "prediction_id", None),
        )
        self._queue.put(entry)
