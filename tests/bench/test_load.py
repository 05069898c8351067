"""What the load generators report, as it is read."""

from __future__ import annotations

import json

import pytest
from bench.load import Load, LoadError, read_h2load, read_wrk

WRK = """Running 8s test @ http://127.0.0.1:8000/predict
  1 threads and 16 connections
Requests/sec:   7500.00

"""
FIGURES = {"requests": 60_000, "duration": 8_000_000, "p50": 1_900, "p99": 4_100, "max": 9_000}
ERRORS = dict.fromkeys(("refused", "connect", "read", "write", "timeout"), 0)


def test_wrk_figures_are_its_last_line_in_milliseconds() -> None:
    found = read_wrk(f"{WRK}{json.dumps(FIGURES | ERRORS)}\n")
    assert found == Load(requests=60_000, rate=7_500, p50=1.9, p99=4.1, longest=9.0)


@pytest.mark.parametrize("error", ERRORS)
def test_a_run_in_which_a_request_failed_does_not_count(error: str) -> None:
    with pytest.raises(LoadError, match="not every request was answered"):
        read_wrk(json.dumps(FIGURES | ERRORS | {error: 1}))


@pytest.mark.parametrize("output", ["", "wrk: unable to connect", '{"requests": 1}'])
def test_wrk_without_figures_is_told(output: str) -> None:
    with pytest.raises(LoadError, match="wrk has no figures"):
        read_wrk(output)


def test_a_run_without_an_answer_does_not_count() -> None:
    with pytest.raises(LoadError, match="no request was answered"):
        read_wrk(json.dumps(FIGURES | ERRORS | {"requests": 0}))


def _log(status: int = 200) -> list[str]:
    """A request every 10 ms for 2 s; each took as many microseconds as its number."""
    start = 1_700_000_000_000_000
    return [f"{start + n * 10_000}\t{status}\t{n}\n" for n in range(200)]


def test_h2load_figures_leave_the_warm_up_out() -> None:
    found = read_h2load(_log(), warmup=1)
    assert found.requests == 100
    assert found.rate == pytest.approx(100)
    assert (found.p50, found.p99, found.longest) == (0.149, 0.198, 0.199)


def test_h2load_counts_only_where_every_status_is_200() -> None:
    with pytest.raises(LoadError, match="503: 1"):
        read_h2load([*_log(), *_log(503)[:1]], warmup=1)


def test_h2load_without_a_request_is_told() -> None:
    with pytest.raises(LoadError, match="no request"):
        read_h2load([], warmup=1)
    with pytest.raises(LoadError, match="no request after the warm-up"):
        read_h2load(_log(), warmup=60)
