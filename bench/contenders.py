"""Who is compared: the floor, the usual way, and this API twice."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import model
from bench.load import HOST
from bench.server import Contender


def _uvicorn(app: str, *options: str) -> Callable[[int, Path], Sequence[str]]:
    """One worker as pip installs it, with uvloop and httptools; no access log."""

    def command(port: int, _: Path) -> Sequence[str]:
        where = ["--host", HOST, "--port", str(port)]
        return [sys.executable, "-m", "uvicorn", app, *where, "--no-access-log", *options]

    return command


def _api(_: int, __: Path) -> Sequence[str]:
    return [sys.executable, "-m", "riskspace.api"]


def _probability(answer: Any) -> float:
    return float(answer["probability"])


FLOOR = Contender(
    "floor",
    "the floor: FastAPI answering a constant to the validated body",
    _uvicorn("bench.floor:app"),
    model.example_body(),
)
USUAL = Contender(
    "usual",
    "the usual way: FastAPI, a DataFrame, scikit-learn, one OpenMP thread",
    _uvicorn("bench.usual:app"),
    model.example_body(),
    environ={"OMP_NUM_THREADS": "1"},
    probability=_probability,
)
API = Contender(
    "api",
    "**this API as a user runs it**: log and records in Redis",
    _api,
    model.example_body(),
    environ={"MODEL_PATH": str(model.FOLDER), "LOGGING_HANDLER": "redis"},
    probability=_probability,
    redis=True,
)
QUIET = Contender(
    "quiet",
    "**this API, log and records off**",
    _api,
    model.example_body(),
    environ={
        "MODEL_PATH": str(model.FOLDER),
        "LOGGING_HANDLER": "stdout",
        "LOG_LEVEL": "WARNING",
        "RECORD_INPUTS": "false",
    },
    probability=_probability,
)
BARE = Contender(
    "bare",
    "the HTTP server alone: uvicorn, an answer as long as ours",
    _uvicorn("bench.bare:app", "--lifespan", "off"),
    model.example_body(),
)
COMPARED = (FLOOR, USUAL, API, QUIET)
