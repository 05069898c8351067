from __future__ import annotations

import io
import logging
import threading

import pytest

from riskspace.logs import Output, TextFormatter
from riskspace.store.entries import PredictionLine

LINE = PredictionLine(0.0, 1, 0.5, None, "p1")
WORDS = "1970-01-01 00:00:00 - api - INFO - Prédiction effectuée: 1 (prob=0.50)"


class Broken(io.StringIO):
    """Standard output whose reader has gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_lines_for_later_come_before_the_next_that_is_written_at_once() -> None:
    stream = io.StringIO()
    output = Output(stream, TextFormatter())
    output.later(LINE)
    output.handle(logging.LogRecord("api", logging.INFO, "", 0, "Arrêt", (), None))
    assert stream.getvalue().splitlines()[0] == WORDS
    assert stream.getvalue().splitlines()[1].endswith("- Arrêt")


def test_no_line_is_empty_or_lost_when_two_threads_write() -> None:
    stream = io.StringIO()
    output = Output(stream, TextFormatter())
    assert output.lock is not None
    with output.lock:
        output.later(LINE)
        waiting = [threading.Thread(target=output.write) for _ in range(2)]
        for thread in waiting:
            thread.start()
        waiting[0].join(0.1)  # both have seen that there is something
    for thread in waiting:
        thread.join()
    assert stream.getvalue() == WORDS + "\n"


@pytest.mark.parametrize("count", [1, 1000])
def test_a_log_that_nobody_reads_stops_nobody_and_fills_no_memory(count: int) -> None:
    output = Output(Broken(), TextFormatter())
    for _ in range(count):
        output.later(LINE)
    assert output.write() == count
    assert output.write() == 0
