"""Mixed traffic for a long time, and what every process holds meanwhile."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from statistics import median
from typing import Any

import httpx
from faults.ledger import Ledger
from faults.load import SteadyLoad, statuses
from faults.memory import holding
from faults.spaces import PROGRAMS, space, targets
from faults.visitors import CHROMIUM, PATIENCE, Browsers, Scripts
from real import ROOT
from stack.stacks import Stack
from ui.visits import events, run

from riskspace.ui.remembered import VISITS

# Single predictions a second, and the other calls.
SINGLE = 50
OTHERS = 10
# Records kept: few, so that the stream is full long before the first look.
KEPT = 5000
FIRST_LOOK = 5 * 60.0
EVERY = 5.0


def endure(seconds: float, first_look: float = FIRST_LOOK, every: float = EVERY) -> dict[str, Any]:
    """For so long; what is held at the end is to be what was held at the first look."""
    with space({"REDIS_RECORDS_MAX_SIZE": str(KEPT)}) as stack:
        ledger = Ledger(stack.redis_port)
        samples = []
        with ExitStack() as traffic:
            load = traffic.enter_context(SteadyLoad(targets(stack), SINGLE))
            scripts = traffic.enter_context(Scripts(stack.api_port, OTHERS))
            browsers = None
            url = f"http://127.0.0.1:{stack.ui_port}/"
            _visit(url, VISITS)
            if CHROMIUM is not None:
                browsers = traffic.enter_context(Browsers(url, _example_button()))
            began = time.monotonic()
            while (now := time.monotonic() - began) < seconds:
                samples.append({"seconds": round(now, 1), **_sample(stack)})
                ledger.read()
                time.sleep(every)
        answers = load.outcomes
        ledger.settle(lambda: answers, within=5)
        return {
            "seconds": seconds,
            "first_look": first_look,
            "samples": samples,
            "single": statuses(answers),
            "others": dict(scripts.answers),
            "wrong": dict(scripts.wrong),
            "visits": browsers.visits if browsers else None,
            "failed_visits": dict(browsers.failures) if browsers else None,
            "missing": len(ledger.missing(answers)),
            "status": stack.stop(),
        }


def around(samples: list[dict[str, Any]], first: float, last: float) -> dict[str, Any]:
    """The medians of the samples between two moments: what is held, without what is held for an
    instant."""
    chosen = [sample for sample in samples if first <= sample["seconds"] <= last]
    return {
        name: {
            figure: median(sample[name][figure] for sample in chosen) for figure in chosen[0][name]
        }
        for name in chosen[0]
        if name != "seconds"
    }


def _sample(stack: Stack) -> dict[str, dict[str, float]]:
    pids = {program: stack.pid(program) for program in PROGRAMS}
    pids["supervisord"] = stack.supervisord_pid()
    found: dict[str, dict[str, float]] = {
        program: {name: round(value, 2) for name, value in holding(pid)._asdict().items()}
        for program, pid in pids.items()
    }
    info = stack.redis("INFO", "memory")
    found["redis"]["used_memory"] = round(info["used_memory"] / 1e6, 3)
    return found


def _visit(url: str, times: int) -> None:
    """So many visits, short ones, so that no more are remembered at the end than at the start."""
    with httpx.Client(base_url=f"{url}gradio_api", timeout=PATIENCE) as client:
        event = min(events(client), key=lambda event: len(event["inputs"]))
        for _ in range(times):
            run(client, event["id"], [None] * len(event["inputs"]), uuid.uuid4().hex)


def _example_button() -> str:
    manifest = json.loads((ROOT / "models/prediabetes/manifest.json").read_text("utf-8"))
    return str(manifest["presets"][0]["label"]["fr"])
