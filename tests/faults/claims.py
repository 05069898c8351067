"""What the campaign is to show, and what a run has shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench import tables
from faults import soak

from riskspace.web.connections import LONGEST_REST

Figures = Mapping[str, Any]

# Seconds until a killed program's port answers again, as the tests of the stack have it.
BACK = {"redis": 3.0, "api": 3.0, "ui": 6.0}
# Seconds until everything answered is in Redis, once it answers again.
EMPTY = 5.0
# MB (10^6 bytes) that the API holds at most, whatever it is asked.
MEMORY = 256.0
# And with batches, well below what a container may have.
BATCH_MEMORY = 400.0
# How much more memory at the end than at the beginning is flat.
FLAT = 1.05
# Accepted requests in flight wait for each other: the factor to what that takes at full speed.
QUEUE = 1.5
# And the longest of those that came while the crowd was let in, in ms.
LONGEST = 1000.0
# Cases of hostile input.
CASES = 20_000
# Full speed, again or still.
FULL = 0.9


@dataclass(frozen=True, slots=True)
class Claim:
    """`wanted` in words. `time` says that a busy machine may miss it, other than by a fault."""

    text: str
    wanted: str
    found: str
    met: bool
    time: bool = False


def of_all(measured: Mapping[str, Figures]) -> list[Claim]:
    """The claims of what was measured."""
    return [
        claim
        for name, claims in MAKERS.items()
        if name in measured
        for claim in claims(measured[name])
    ]


def unmet(claims: Iterable[Claim], *, times: bool) -> list[Claim]:
    """Those that a run does not show; without those of time, where the machine is busy."""
    return [claim for claim in claims if not claim.met and (times or not claim.time)]


def as_table(claims: Iterable[Claim]) -> str:
    rows = [
        [claim.text, claim.wanted, claim.found, "yes" if claim.met else "**no**"]
        for claim in claims
    ]
    return tables.table(["claim", "wanted", "measured", "met"], rows)


def _none(text: str, found: int) -> Claim:
    return Claim(text, "0", f"{found}", found == 0)


def _most(text: str, found: float, most: float, unit: str, *, time: bool = False) -> Claim:
    wanted = f"at most {tables.number(most)}{unit}"
    return Claim(text, wanted, f"{tables.number(found)}{unit}", found <= most, time)


def _least(text: str, found: float, least: float, unit: str = "", *, time: bool = False) -> Claim:
    wanted = f"at least {tables.number(least)}{unit}"
    return Claim(text, wanted, f"{tables.number(found)}{unit}", found >= least, time)


def _balance(what: str, figures: Figures) -> list[Claim]:
    balance = figures["balance"]
    answered = tables.number(balance["answered"])
    return [
        _none(f"{what}: of {answered} answered predictions, not recorded", balance["missing"]),
        _none(f"{what}: recorded more than once", balance["double"]),
        _none(f"{what}: recorded though refused", balance["unasked"]),
    ]


def _errors(counts: Mapping[str, int]) -> int:
    return sum(times for status, times in counts.items() if status.isdigit() and status >= "500")


def _not_ok(counts: Mapping[str, int]) -> int:
    return sum(counts.values()) - counts.get("200", 0)


def _programs(figures: Figures) -> list[Claim]:
    claims = []
    for what, episodes in figures["episodes"].items():
        times = figures["times"]
        for program in ("redis", "api", "ui"):
            own = [one for one in episodes if one["program"] == program]
            if not own:
                continue
            text = f"{what}, {program}, {times}×"
            if program == "redis":
                failed = sum(_not_ok(counts) for one in own for counts in one["statuses"].values())
                claims.append(_none(f"{text}: requests not answered with 200", failed))
            if program == "ui":
                failed = sum(_not_ok(one["statuses"]["api"]) for one in own)
                claims.append(_none(f"{text}: requests to the API not answered with 200", failed))
            back = max(one["recovery"] for one in own)
            empty = max(one["empty"] for one in own)
            claims += [
                _most(f"{text}: until both ports answer", back, BACK[program], " s", time=True),
                _most(f"{text}: until all is recorded", empty, back + EMPTY, " s", time=True),
            ]
    memory = [one["memory"] for episodes in figures["episodes"].values() for one in episodes]
    return [
        *claims,
        *_balance("killed and frozen", figures),
        _most(
            "memory of the API after the last to after the first", memory[-1] / memory[0], 1.1, ""
        ),
    ]


def _redis(figures: Figures) -> list[Claim]:
    claims = []
    for one in figures["faults"]:
        failed = _not_ok(one["statuses"])
        claims.append(_none(f"{one['fault']}: requests not answered with 200", failed))
    empty = max(one["empty"] for one in figures["faults"])
    return [
        *claims,
        _most("longest answer meanwhile", figures["longest"], 1, " s", time=True),
        _most("after the fault, until all is recorded", empty, EMPTY, " s", time=True),
        *_balance("Redis slow, refusing or cut off", figures),
        _most("memory of the API", max(one["memory"] for one in figures["faults"]), MEMORY, " MB"),
    ]


def _disk(figures: Figures) -> list[Claim]:
    text = f"disk full for {figures['seconds']:g} s"
    errors = sum(_errors(counts) for counts in figures["statuses"].values())
    return [
        _none(f"{text}: answers of 500 and above", errors),
        _most(f"{text}: then, until all is recorded", figures["empty"], EMPTY, " s", time=True),
        *_balance(text, figures),
    ]


def _clock(figures: Figures) -> list[Claim]:
    failed = sum(_not_ok(one["statuses"]) for one in figures["jumps"])
    hours = ", ".join(f"{one['jump'] / 3600:+.0f}" for one in figures["jumps"])
    text = f"the clock {hours} hours off"
    empty = max(one["empty"] for one in figures["jumps"])
    return [
        _none(f"{text}: requests not answered with 200", failed),
        _none(f"{text}: programs that ended", int(not figures["no_restart"])),
        _most(f"{text}: until all is recorded", empty, EMPTY, " s", time=True),
        *_balance(text, figures),
    ]


def _overload(figures: Figures) -> list[Claim]:
    most = figures["in_flight"]
    claims = [_most("accepted of 1000 requests of one moment", figures["moment"]["200"], most, "")]
    for name in ("crowd", "tenfold"):
        one = figures[name]
        text = f"{one['connections']} connections" + ", 10 times the capacity" * (name == "tenfold")
        other = {status for status in one["statuses"] if status not in ("200", "503")}
        wait = QUEUE * most / one["capacity"] * 1000
        back = one["speed_after"]
        claims += [
            _none(f"{text}: answers but 200 and 503", len(other)),
            _none(f"{text}: requests without an answer", one["unanswered"]),
            _none(f"{text}: refusals without Retry-After", one["without_retry_after"]),
            _most(f"{text}: p99 of those accepted", one["accepted_p99"], wait, " ms", time=True),
            _most(f"{text}: longest", one["accepted_longest"], LONGEST, " ms", time=True),
            _none(f"{text}: newcomers without an answer", one["newcomers_failures"]),
            _most(
                f"{text}: p99 of newcomers refused ({one['newcomers_refused']})",
                one["newcomers_refused_p99"],
                wait,
                " ms",
                time=True,
            ),
            _most(
                f"{text}: p99 of those refused who come again and again at once",
                one["refused_p99"],
                wait + LONGEST_REST * 1000,
                " ms",
                time=True,
            ),
            _none(f"{text}: `/livez` not answered", one["livez_failures"]),
            _most(f"{text}: `/livez`, longest", one["livez_longest"] * 1000, 100, " ms", time=True),
            _most(f"{text}: memory", one["memory"], MEMORY, " MB"),
            _least(f"{text}: speed after 2 s to that without", back, FULL, time=True),
        ]
    other = {status for status in figures["batches"] if status not in ("200", "503")}
    text = f"{sum(figures['batches'].values())} batches of the largest size at once"
    return [
        *claims,
        _none(f"{text}: answers but 200 and 503", len(other)),
        _least(f"{text}: answered", figures["batches"].get("200", 0), 1),
        _most(f"{text}: memory", figures["batches_memory"], BATCH_MEMORY, " MB"),
    ]


def _slow(figures: Figures) -> list[Claim]:
    text = f"{figures['wanted']} slow clients"
    longest = max(figures["longest"].values(), default=0.0)
    beside = figures["beside"] / figures["alone"]
    return [
        _least(f"{text}: held at once", figures["held"], figures["wanted"]),
        _none(f"{text}: still there after {figures['patience'] + 3} s", figures["left"]),
        _most(f"{text}: longest", longest, figures["patience"] + 3, " s", time=True),
        _least(f"{text}: speed of the others beside them", beside, FULL, time=True),
        _none(f"{text}: `/livez` not answered", figures["livez_failures"]),
        _most(f"{text}: `/livez`, longest", figures["livez_longest"] * 1000, 100, " ms", time=True),
        _most(f"{text}: memory", figures["most_memory"], MEMORY, " MB"),
    ]


def _hostile(figures: Figures) -> list[Claim]:
    return [
        _none(f"of {figures['tests']} tests, failed", figures["failed"]),
        _least("cases tried", figures["cases"], CASES),
    ]


def _breaks(figures: Figures) -> list[Claim]:
    breaks = figures["breaks"]
    survivors = sum(one["caught"] is None for one in breaks)
    return [_none(f"of {len(breaks)} protections that were broken, missed by no test", survivors)]


def _soak(figures: Figures) -> list[Claim]:
    first, last, samples = figures["first_look"], figures["seconds"], figures["samples"]
    width = first / 5
    before = soak.around(samples, first - width, first + width)
    after = soak.around(samples, last - 2 * width, last)
    claims = [
        _none("single predictions not answered with 200", _not_ok(figures["single"])),
        _none("other calls answered otherwise than they are to be", sum(figures["wrong"].values())),
        _none("answered predictions that are not recorded", figures["missing"]),
    ]
    if figures["visits"] is not None:
        failed = sum(figures["failed_visits"].values())
        claims.append(_none(f"of {figures['visits']} visits by browser, failed", failed))
    for program in before:
        grown = after[program]["rss"] / before[program]["rss"]
        more = after[program]["descriptors"] - before[program]["descriptors"]
        text = f"{program}, end to minute {first / 60:g}"
        claims += [
            _most(f"{text}: memory", grown, FLAT, ""),
            _most(f"{text}: more file descriptors", more, 10, ""),
        ]
    grown = after["redis"]["used_memory"] / before["redis"]["used_memory"]
    return [*claims, _most("Redis's own `used_memory`", grown, FLAT, "")]


MAKERS: dict[str, Callable[[Figures], list[Claim]]] = {
    "programs": _programs,
    "redis": _redis,
    "disk": _disk,
    "clock": _clock,
    "overload": _overload,
    "slow": _slow,
    "hostile": _hostile,
    "breaks": _breaks,
    "soak": _soak,
}
