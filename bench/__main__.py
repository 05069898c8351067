"""`python -m bench MEASUREMENT ...`: measures, prints the figures, and keeps them in
bench/results/; `page` writes docs/performance.md from what was kept."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bench import bars, batches, breakdown, load, measures, page, results, tables
from bench.contenders import API, COMPARED, FLOOR
from bench.peers import contenders as peers
from bench.rounds import Plan, all_of, as_json, say
from bench.server import Contender, ServerError

Measure = Callable[[Plan], dict[str, Any]]


def compare(contenders: Sequence[Contender]) -> Measure:
    def measure(plan: Plan) -> dict[str, Any]:
        runs = as_json(all_of(contenders, plan))
        return {"titles": results.titles(contenders), "runs": runs}

    return measure


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    measurements: dict[str, tuple[Measure, int]] = {
        "core": (compare(COMPARED), 5),
        "peers": (compare((FLOOR, API, *peers.peers(names=options.peer or peers.PEERS))), 3),
        "workers": (measures.workers, 5),
        "batches": (batches.batches, 3),
        "endurance": (measures.endurance, 1),
        "crowds": (measures.crowds, 5),
        "pace": (measures.pace, 5),
        "breakdown": (breakdown.measure, 3),
    }
    try:
        load.require("wrk", "h2load")
        for name in options.measurement:
            if name == "page":
                page.renew()
                continue
            measure, rounds = measurements[name]
            plan = _plan(options, rounds)
            say(f"{name}: {plan.rounds} rounds")
            results.save(name, plan, measure(plan))
            sys.stdout.write(as_text(name, results.read_all()[name]))
    except (load.LoadError, ServerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def as_text(name: str, figures: results.Figures) -> str:
    """What a measurement found, for whoever waits for it."""
    parts = []
    if "titles" in figures:
        runs = results.runs(figures)
        parts = [tables.compared(runs, figures["titles"]), tables.costs(runs, figures["titles"])]
    elif name == "breakdown":
        parts = [breakdown.as_table(figures)]
    else:
        shown = {k: v for k, v in figures.items() if k not in ("machine", "plan", "date")}
        parts = [json.dumps(shown) + "\n"]
    found = bars.of_all({name: figures})
    return "\n".join([*parts, bars.as_table(found) if found else ""])


def _plan(options: argparse.Namespace, rounds: int) -> Plan:
    wanted = options.rounds or rounds
    return Plan(wanted, options.seconds, options.warmup, options.attempts or wanted)


def _parser() -> argparse.ArgumentParser:
    names = ["core", "peers", "workers", "batches", "endurance", "crowds", "pace", "breakdown"]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measurement", nargs="+", choices=[*names, "page"])
    parser.add_argument("--rounds", type=int, help="else what each measurement needs at least")
    parser.add_argument("--seconds", type=int, default=8, help="of load that count (8)")
    parser.add_argument("--warmup", type=int, default=3, help="seconds before them (3)")
    parser.add_argument(
        "--attempts", type=int, help="rounds at most, to have so many on a calm machine"
    )
    parser.add_argument("--peer", action="append", choices=peers.PEERS, help="only this peer")
    return parser


if __name__ == "__main__":
    # So that the servers are ended, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    raise SystemExit(main())
