"""Tables and bars of known runs."""

from __future__ import annotations

from bench import bars, tables
from bench.bars import Bar
from bench.ratios import Spread
from bench.rounds import Run, as_json


def run(name: str, number: int, rate: float, cpu: float = 100.0, p99: float = 4.0) -> Run:
    return Run(
        contender=name,
        round=number,
        rate=rate,
        p50=2.0,
        p99=p99,
        longest=9.0,
        requests=1000,
        start=0.5,
        memory=50.0,
        cpu=cpu,
        redis_memory=0.0,
        redis_cpu=0.0,
        elsewhere=0.1,
    )


def test_a_row_holds_the_median_and_the_ratios_of_the_rounds() -> None:
    runs = [run("floor", 0, 1000), run("floor", 1, 100), run("api", 0, 2000), run("api", 1, 300)]
    _, _, floor, api, _ = tables.compared(runs, {"floor": "floor", "api": "this"}).split("\n")
    assert floor == "| floor | 550 | 1 | 2.00 | 1 | 4.00 | 1 | 50 | 1 | 0.50 | 1 |"
    assert api == "| this | 1150 | 2.5 (2–3) | 2.00 | 1 | 4.00 | 1 | 50 | 1 | 0.50 | 1 |"


def test_a_bar_is_met_by_the_median() -> None:
    assert Bar("", Spread(1.0, 0.9, 1.2), least=1.0).met
    assert not Bar("", Spread(0.99, 0.9, 1.2), least=1.0).met
    assert Bar("", Spread(20, 1, 90), most=20).met
    assert not Bar("", Spread(20.1, 1, 90), most=20).met


def test_the_bars_of_a_comparison_are_ratios_of_the_same_round() -> None:
    rates = {"floor": 1000, "usual": 50, "api": 1100, "quiet": 1500}
    costs = {"floor": 100, "usual": 4000, "api": 90, "quiet": 70}
    slow = [1.0, 0.5, 0.8]
    runs = [
        run(name, number, rate * speed, costs[name])
        for name, rate in rates.items()
        for number, speed in enumerate(slow)
    ]
    found = {bar.text: bar for bar in bars.of_all({"core": {"runs": as_json(runs)}})}
    assert round(found["as a user runs it, requests/s to the floor"].found.high, 6) == 1.1
    assert round(found["as a user runs it, requests/s to the usual way"].found.low, 6) == 22
    assert found["log and records, CPU of the API a request"].found.median == 20
    assert all(bar.met for bar in found.values())


def test_the_best_peer_is_the_best_of_each_round() -> None:
    rates = {
        "api": (9000, 9000),
        "one": (1000, 100),
        "two": (100, 1000),
        "one+compiled": (3000, 3000),
    }
    runs = [run(n, i, rate) for n, both in rates.items() for i, rate in enumerate(both)]
    best, compiled = bars.of_all({"peers": {"runs": as_json(runs)}})
    assert (best.found.low, best.found.high) == (9, 9)
    assert compiled.found.median == 3


def test_a_bar_says_what_is_wanted() -> None:
    least = Bar("rate", Spread(1, 1, 1), least=200_000)
    most = Bar("cost", Spread(30, 20, 40), most=25, unit=" µs")
    rows = bars.as_table([least, most]).splitlines()[2:]
    assert rows[0] == "| rate | at least 200 000 | 1 | **no** |"
    assert rows[1] == "| cost | at most 25 µs | 30 (20–40) µs | **no** |"
