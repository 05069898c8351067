"""More than the API can answer: h2load with many connections, and what each request got."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.ratios import percentile


@dataclass(frozen=True, slots=True)
class Crowd:
    """What clients saw: how often each status came, requests that got no answer, and in ms the 99th
    percentile and the longest of the answers with 200 and with 503."""

    offered: float
    seconds: float
    statuses: dict[str, int]
    unanswered: int
    accepted_p99: float
    accepted_longest: float
    refused_p99: float

    @property
    def accepted_rate(self) -> float:
        return self.statuses.get("200", 0) / self.seconds


def crowd(port: int, body: Path, connections: int, seconds: int, rate: float = 0) -> Crowd:
    """So many connections for so long, together `rate` requests a second, whether or not they are
    answered so fast; 0 is as many as they can."""
    with tempfile.NamedTemporaryFile("r", suffix=".tsv") as log:
        command = ["h2load", "--h1", "-t1", f"-c{connections}", f"-D{seconds}", f"-d{body}"]
        command += ["-H", "content-type: application/json", f"--log-file={log.name}"]
        command += [f"--rps={rate / connections:.3f}"] if rate else []
        url = f"http://127.0.0.1:{port}/predict"
        ran = subprocess.run([*command, url], capture_output=True, text=True, check=True)
        rows = [tuple(map(int, line.split("\t")[:3])) for line in log if line.strip()]
    took: dict[int, list[float]] = {}
    for _, status, microseconds in rows:
        took.setdefault(status, []).append(microseconds / 1000)
    accepted, refused = (sorted(took.get(status, [])) for status in (200, 503))
    summary = re.search(r"(\d+) failed, (\d+) errored, (\d+) timeout", ran.stdout)
    assert summary is not None, ran.stdout
    failed, errored, timeout = map(int, summary.groups())
    by_status = {str(status): len(times) for status, times in took.items()}
    refusals = sum(times for status, times in by_status.items() if status != "200")
    return Crowd(
        rate,
        seconds,
        by_status,
        max(failed - refusals, 0) + errored + timeout,
        percentile(accepted, 99) if accepted else 0.0,
        accepted[-1] if accepted else 0.0,
        percentile(refused, 99) if refused else 0.0,
    )
