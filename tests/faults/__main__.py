"""`python -m faults MEASUREMENT ...`: measures, says what of it was to be shown, and keeps the
figures in tests/faults/results/; `report` writes docs/reliability.md from what was kept."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench import load
from faults import (
    breaking,
    claims,
    clock,
    disk,
    disturbances,
    episodes,
    fuzz,
    overload,
    redis_faults,
    report,
    results,
    soak,
)

Measure = Callable[[argparse.Namespace], dict[str, Any]]

# What the long form does of each.
MEASURES: Mapping[str, Measure] = {
    "programs": lambda options: episodes.endure(disturbances.long(), options.times),
    "redis": lambda _: redis_faults.endure(20),
    "disk": lambda _: disk.endure(30),
    "clock": lambda _: clock.endure(10),
    "overload": lambda _: overload.endure(30),
    "slow": lambda _: overload.endure_slow(200, 5),
    "hostile": lambda _: fuzz.endure(),
    "breaks": lambda _: breaking.endure(),
    "soak": lambda options: soak.endure(options.minutes * 60, options.first_look * 60),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """1 where something was not shown, or could not be measured."""
    options = _parser().parse_args(arguments)
    load.require("wrk", "h2load")
    shown = True
    for name in options.measurement:
        if name == "report":
            report.renew()
            continue
        sys.stdout.write(f"{name}...\n")
        sys.stdout.flush()
        try:
            figures = MEASURES[name](options)
        except OSError as error:
            sys.stderr.write(f"{name}: {error}\n")
            shown = False
            continue
        results.save(name, figures)
        found = claims.of_all({name: figures})
        sys.stdout.write(claims.as_table(found) + "\n")
        shown = shown and not claims.unmet(found, times=True)
    return 0 if shown else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("measurement", nargs="+", choices=[*MEASURES, "report"])
    parser.add_argument("--times", type=int, default=20, help="of each kill and freeze (20)")
    parser.add_argument("--minutes", type=float, default=30, help="of the soak (30)")
    parser.add_argument(
        "--first-look", type=float, default=5, help="minute that the end is compared with (5)"
    )
    return parser


if __name__ == "__main__":
    # So that the stacks are ended, too.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    raise SystemExit(main())
