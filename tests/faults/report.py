"""docs/reliability.md: its figures are written between markers, from docs/reliability.json, which
holds what the last run of each measurement found. `python -m faults.report` renews both."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bench import tables
from faults import claims, results
from real import ROOT

PAGE = ROOT / "docs/reliability.md"
KEPT = ROOT / "docs/reliability.json"
# Rows of the table of samples.
ROWS = 12


def renew() -> None:
    """Takes over what was measured since, and writes the page's figures."""
    kept = read() | results.read_all()
    KEPT.write_text(json.dumps(kept, separators=(",", ":")) + "\n", "utf-8")
    PAGE.write_text(written(PAGE.read_text("utf-8"), kept), "utf-8")


def read() -> dict[str, dict[str, Any]]:
    return dict(json.loads(KEPT.read_text("utf-8"))) if KEPT.is_file() else {}


def written(page: str, measured: Mapping[str, claims.Figures]) -> str:
    """The page with the figures between its markers."""
    pattern = re.compile(r"(<!-- figures: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
    return pattern.sub(lambda m: m[1] + _section(m[2], measured) + m[3], page)


def _section(name: str, measured: Mapping[str, claims.Figures]) -> str:
    if name == "machine":
        return _machine(measured)
    if name not in measured:
        return "Not measured yet.\n"
    figures = measured[name]
    table = claims.as_table(claims.of_all({name: figures}))
    more = f"\n{MORE[name](figures)}" if name in MORE else ""
    return f"Measured on {figures['date']}.\n\n{table}{more}"


def _machine(measured: Mapping[str, claims.Figures]) -> str:
    if not measured:
        return "Not measured yet.\n"
    last = max(measured.values(), key=lambda figures: str(figures["date"]))
    found = claims.of_all(measured)
    met = sum(claim.met for claim in found)
    rows = [
        ["last measured on", last["date"]],
        ["claims shown", f"{met} of {len(found)}"],
        *([name, value] for name, value in last["machine"].items()),
    ]
    return tables.table(["", ""], rows).replace("--:", "---")


def _samples(figures: claims.Figures) -> str:
    samples = figures["samples"]
    some = samples[:: max(len(samples) // ROWS, 1)]
    if some[-1] != samples[-1]:
        some.append(samples[-1])
    programs = [name for name in samples[0] if name != "seconds"]
    head = ["minute", *(f"{name} MB, files" for name in programs), "Redis's `used_memory` MB"]
    rows = [
        [
            f"{sample['seconds'] / 60:.1f}",
            *(f"{sample[one]['rss']:.1f}, {sample[one]['descriptors']:.0f}" for one in programs),
            f"{sample['redis']['used_memory']:.1f}",
        ]
        for sample in some
    ]
    return tables.table(head, rows)


def _protections(figures: claims.Figures) -> str:
    rows = [
        [one["protection"], f"`{one['file']}`", f"`{one['caught']}`" if one["caught"] else "**no**"]
        for one in figures["breaks"]
    ]
    return tables.table(["protection", "broken in", "noticed by"], rows).replace("--:", "---")


# What stands below the claims of a measurement.
MORE = {"soak": _samples, "breaks": _protections}


if __name__ == "__main__":
    renew()
