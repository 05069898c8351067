"""The load generators, both from Debian packages, and what they report."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.ratios import percentile

HOST = "127.0.0.1"
CONNECTIONS = 16
_PACKAGES = {"wrk": "wrk", "h2load": "nghttp2-client"}
_SCRIPT = Path(__file__).with_name("wrk.lua")


class LoadError(Exception):
    """A run that can't be counted."""


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw. Times in milliseconds; every request was answered with success."""

    requests: int
    rate: float
    p50: float
    p99: float
    longest: float


def require(*programs: str) -> None:
    """Raises LoadError that says how to install what is missing."""
    missing = [_PACKAGES[program] for program in programs if shutil.which(program) is None]
    if missing:
        raise LoadError(f"no load generator: apt-get install {' '.join(missing)}")


def wrk(port: int, path: str, body: Path, seconds: int, connections: int = CONNECTIONS) -> Load:
    """As many requests as the server answers, over connections that stay open, on one thread.

    Raises LoadError where one was refused, failed or timed out.
    """
    url = f"http://{HOST}:{port}{path}"
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    return read_wrk(_output("wrk", *options, "-s", str(_SCRIPT), url, "--", str(body)))


def read_wrk(output: str) -> Load:
    """The figures of wrk.lua, which are the last line."""
    try:
        found = json.loads(output.strip().splitlines()[-1])
        wrong = {n: found[n] for n in ("refused", "connect", "read", "write", "timeout")}
        load = Load(
            found["requests"],
            found["requests"] / found["duration"] * 1e6,
            *(found[name] / 1000 for name in ("p50", "p99", "max")),
        )
    except (IndexError, ValueError, KeyError, ZeroDivisionError):
        raise LoadError(f"wrk has no figures: {output[-500:]}") from None
    if any(wrong.values()):
        raise LoadError(f"not every request was answered: {wrong} of {load.requests}")
    if not load.requests:
        raise LoadError("no request was answered")
    return load


def h2load(
    port: int,
    path: str,
    body: Path,
    seconds: int,
    rate: float,
    warmup: int,
    connections: int = CONNECTIONS,
) -> Load:
    """Requests at a fixed rate, whether or not the server keeps up with it, in HTTP/1.1.

    Raises LoadError where a status was not 200.
    """
    with tempfile.NamedTemporaryFile("r", suffix=".tsv") as log:
        options = ["--h1", "-t1", f"-c{connections}", f"--rps={rate / connections:.3f}"]
        options += [f"-D{seconds + warmup}", f"--log-file={log.name}", f"-d{body}"]
        options += ["-H", "content-type: application/json"]
        _output("h2load", *options, f"http://{HOST}:{port}{path}")
        return read_h2load(log, warmup)


def read_h2load(log: Iterable[str], warmup: float) -> Load:
    """The figures of a log file: start (microseconds since the epoch), status, microseconds to the
    end of the answer; what started in the first `warmup` seconds doesn't count."""
    rows = [tuple(map(int, line.split("\t")[:3])) for line in log if line.strip()]
    if not rows:
        raise LoadError("no request was answered")
    statuses = Counter(status for _, status, _ in rows)
    if set(statuses) != {200}:
        raise LoadError(f"not every status is 200: {dict(statuses)}")
    first = min(start for start, _, _ in rows) + warmup * 1e6
    counted = sorted((start, took) for start, _, took in rows if start >= first)
    if len(counted) < 2:
        raise LoadError("no request after the warm-up")
    times = sorted(took / 1000 for _, took in counted)
    seconds = (counted[-1][0] - counted[0][0]) / 1e6
    return Load(
        len(counted),
        (len(counted) - 1) / seconds,
        percentile(times, 50),
        percentile(times, 99),
        times[-1],
    )


def _output(*command: str) -> str:
    require(command[0])
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        raise LoadError(f"{command[0]}: {(ran.stderr or ran.stdout).strip()[-500:]}")
    return ran.stdout
