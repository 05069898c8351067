"""What the figures must be, and what they are."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass

from bench import tables
from bench.ratios import Spread, ratios, spread
from bench.results import Figures, runs
from bench.rounds import Run, of


@dataclass(frozen=True, slots=True)
class Bar:
    """`least` or else `most` is what the median must reach or stay under."""

    text: str
    found: Spread
    least: float | None = None
    most: float | None = None
    unit: str = ""

    @property
    def met(self) -> bool:
        if self.least is not None:
            return self.found.median >= self.least
        assert self.most is not None
        return self.found.median <= self.most

    @property
    def wanted(self) -> str:
        if self.least is not None:
            return f"at least {tables.number(self.least)}{self.unit}"
        assert self.most is not None
        return f"at most {tables.number(self.most)}{self.unit}"


def of_all(measured: Mapping[str, Figures]) -> list[Bar]:
    """The bars of what was measured."""
    makers = {
        "core": _core,
        "peers": _peers,
        "workers": _workers,
        "batches": _batches,
        "endurance": _endurance,
        "crowds": _crowds,
        "pace": _pace,
    }
    return [
        bar for kind, bars in makers.items() if kind in measured for bar in bars(measured[kind])
    ]


def as_table(bars: list[Bar]) -> str:
    head = ["bar", "wanted", "measured", "met"]
    return tables.table(
        head,
        [
            [
                bar.text,
                bar.wanted,
                tables.ratio(bar.found) + bar.unit,
                "yes" if bar.met else "**no**",
            ]
            for bar in bars
        ],
    )


def _core(figures: Figures) -> list[Bar]:
    found = runs(figures)
    floor, usual, api, quiet = (of(found, name) for name in ("floor", "usual", "api", "quiet"))
    cost = [a.cpu - b.cpu for a, b in zip(api, quiet, strict=True)]
    return [
        Bar("as a user runs it, requests/s to the floor", _ratio(api, floor, "rate"), least=1.0),
        Bar("as a user runs it, p99 to the floor's", _ratio(api, floor, "p99"), most=1.0),
        Bar(
            "log and records off, requests/s to the floor", _ratio(quiet, floor, "rate"), least=1.4
        ),
        Bar("as a user runs it, requests/s to the usual way", _ratio(api, usual, "rate"), least=20),
        Bar("log and records, CPU of the API a request", spread(cost), most=25, unit=" µs"),
        Bar("start-up", spread([run.start for run in api]), most=0.8, unit=" s"),
    ]


def _peers(figures: Figures) -> list[Bar]:
    """Against the best of each round, whichever it is."""
    found = runs(figures)
    api = of(found, "api")
    bars = []
    for compiled, text, least in (
        (False, "to the best peer", 8.0),
        (True, "to the best peer with the compiled engine inside", 2.0),
    ):
        peers = [
            run
            for run in found
            if run.contender not in ("floor", "api")
            and run.contender.endswith("+compiled") == compiled
        ]
        if peers:
            best = [max(r.rate for r in peers if r.round == run.round) for run in api]
            quotient = ratios([run.rate for run in api], best)
            bars.append(Bar(f"as a user runs it, requests/s {text}", quotient, least=least))
    return bars


def _workers(figures: Figures) -> list[Bar]:
    one, two = (of(runs(figures), f"workers-{n}") for n in (1, 2))
    found = ratios([run.cpu for run in one], [run.cpu for run in two])
    return [Bar("two workers, requests per CPU second to one worker's", found, least=0.9)]


def _batches(figures: Figures) -> list[Bar]:
    rounds = figures["rounds"]
    after = [figures["rows"] / (one["inside"] - one["decoding"]) for one in rounds]
    parts = [one["decoding"] + one["engine"] + one["encoding"] for one in rounds]
    longest = [one["livez"]["longest"] for one in rounds]
    return [
        Bar("10 000 records in JSON, records/s after decoding", spread(after), least=200_000),
        Bar(
            "10 000 records in JSON, the whole call to its parts alone",
            ratios([one["call"] for one in rounds], parts),
            most=1.3,
        ),
        Bar("longest wait of `GET /livez` beside batches", spread(longest), most=20, unit=" ms"),
    ]


def _endurance(figures: Figures) -> list[Bar]:
    memory = [megabytes for _, megabytes in figures["samples"]]
    second_half = memory[len(memory) // 2 :]
    return [
        Bar("memory after 1 000 000 predictions", spread([memory[-1]]), most=120, unit=" MB"),
        Bar(
            "what the second half of them added",
            spread([second_half[-1] - second_half[0]]),
            most=1,
            unit=" MB",
        ),
    ]


def _crowds(figures: Figures) -> list[Bar]:
    found = ratios(*([rates[n] for rates in figures["rates"]] for n in ("512", "16")))
    return [Bar("512 connections, requests/s to that of 16", found, least=0.9)]


def _pace(figures: Figures) -> list[Bar]:
    found = spread([one["p99"] for one in figures["rounds"]])
    return [Bar("p99 at half of the capacity", found, most=3, unit=" ms")]


def _ratio(some: list[Run], base: list[Run], figure: str) -> Spread:
    value = operator.attrgetter(figure)
    return ratios([value(run) for run in some], [value(run) for run in base])
