"""docs/performance.md: its figures are written between markers, from docs/performance.json, which
holds what the last run of each measurement found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from bench import bars, breakdown, results, tables
from bench.results import Figures
from bench.server import ROOT

PAGE = ROOT / "docs/performance.md"
KEPT = ROOT / "docs/performance.json"


def renew() -> None:
    """Takes over what was measured since, and writes the page's figures."""
    kept = read() | results.read_all()
    KEPT.write_text(json.dumps(kept, separators=(",", ":")) + "\n", "utf-8")
    PAGE.write_text(written(PAGE.read_text("utf-8"), kept), "utf-8")


def read() -> dict[str, Figures]:
    return dict(json.loads(KEPT.read_text("utf-8"))) if KEPT.is_file() else {}


def written(page: str, measured: Mapping[str, Figures]) -> str:
    """The page with the figures between its markers."""
    pattern = re.compile(r"(<!-- figures: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return pattern.sub(lambda m: m[1] + _section(m[2], measured) + m[3], page)


def _section(name: str, measured: Mapping[str, Figures]) -> str:
    if name == "bars":
        return bars.as_table(bars.of_all(measured))
    if name not in measured and name != "machine":
        return "Not measured yet.\n"
    sections: dict[str, Callable[[], str]] = {
        "machine": lambda: _machine(measured),
        "core": lambda: _compared(measured["core"]),
        "peers": lambda: _compared(measured["peers"]),
        "breakdown": lambda: breakdown.as_table(measured["breakdown"]),
        "crowds": lambda: _crowds(measured["crowds"]),
        "batches": lambda: _batches(measured["batches"]),
        "endurance": lambda: _endurance(measured["endurance"]),
    }
    return sections[name]()


def _machine(measured: Mapping[str, Figures]) -> str:
    if not measured:
        return "Not measured yet.\n"
    last = max(measured.values(), key=lambda figures: str(figures["date"]))
    rows = [["measured on", last["date"]], *([k, v] for k, v in last["machine"].items())]
    return tables.table(["", ""], rows).replace("--:", "---")


def _compared(figures: Figures) -> str:
    runs, titles = results.runs(figures), figures["titles"]
    plan = figures["plan"]
    how = (
        f"{_rounds(plan)} of {plan['seconds']} s after {plan['warmup']} s, "
        f"{plan['connections']} connections.\n\n"
    )
    return f"{how}{tables.compared(runs, titles)}\n{tables.costs(runs, titles)}"


def _rounds(plan: Mapping[str, int]) -> str:
    calmest = f", the calmest of at most {plan['attempts']}," * (plan["attempts"] > plan["rounds"])
    return f"{plan['rounds']} rounds{calmest}"


def _crowds(figures: Figures) -> str:
    return tables.table(
        ["connections", *figures["rates"][0]],
        [
            [f"requests/s, round {number}", *(f"{rate:.0f}" for rate in rates.values())]
            for number, rates in enumerate(figures["rates"], 1)
        ],
    )


def _batches(figures: Figures) -> str:
    names = {
        "decoding": "decoding and validating, alone",
        "engine": "the engine, alone",
        "encoding": "encoding the answer, alone",
        "inside": "all of it in the process, records queued",
        "call": "the whole call over HTTP, as a user runs it",
    }
    waits = {
        "livez_without": "`GET /livez` without batches, p99 and longest",
        "livez": "`GET /livez` meanwhile, p99 and longest",
    }
    rounds = figures["rounds"]
    rows = [[text, *(f"{one[name] * 1000:.1f}" for one in rounds)] for name, text in names.items()]
    rows += [[text, *(_wait(one[name]) for one in rounds)] for name, text in waits.items()]
    head = ["10 000 records in JSON, ms", *(f"round {n}" for n in range(1, len(rounds) + 1))]
    return tables.table(head, rows)


def _wait(wait: Mapping[str, Any]) -> str:
    return f"{wait['p99']:.1f}, {wait['longest']:.1f}"


def _endurance(figures: Figures) -> str:
    samples = figures["samples"]
    some = samples[:: max(len(samples) // 10, 1)]
    if some[-1] != samples[-1]:
        some.append(samples[-1])
    return tables.table(["predictions", "memory MB"], [[str(n), f"{mb:.1f}"] for n, mb in some])
