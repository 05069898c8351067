"""Disturbances under a steady load, one after another, and how the stack comes out of each."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from faults.disturbances import Act, Disturbance
from faults.ledger import Ledger
from faults.load import SteadyLoad, statuses
from faults.memory import holding
from faults.spaces import space, targets
from real import eventually
from stack.stacks import Stack

RATE = 200
# Seconds between two disturbances of one program: five exits within 60 s would be given up on.
APART = 16.0


@dataclass(frozen=True, slots=True)
class Episode:
    """One disturbance. `recovery` are the seconds from its end (from itself, where it is a kill) to
    the first 200 of a request that began after that, the slower of both ports; `empty` those until
    every prediction answered by then was in Redis. `statuses` counts each target's answers
    meanwhile, `memory` is the API's after it (MB)."""

    program: str
    recovery: float
    empty: float
    statuses: dict[str, dict[str, int]]
    memory: float


def endure(
    disturbances: Sequence[Disturbance],
    times: int = 1,
    rest: float = 1.0,
    apart: float = APART,
    at_once: int = 1,
) -> dict[str, Any]:
    """Each disturbance so many times of each of its programs, on a stack of its own, `at_once` of
    them at a time; `rest` is for how many seconds the load goes on after each recovery."""
    with ThreadPoolExecutor(at_once) as stacks:
        found = list(stacks.map(lambda one: _endure(one, times, rest, apart), disturbances))
    balances = [one["balance"] for one in found]
    return {
        "rate": RATE,
        "times": times,
        "at_once": at_once,
        "episodes": {
            one.name: figures["episodes"] for one, figures in zip(disturbances, found, strict=True)
        },
        "balance": {name: sum(one[name] for one in balances) for name in balances[0]},
        "longest": max(one["longest"] for one in found),
        "status": max(one["status"] for one in found),
    }


def _endure(disturbance: Disturbance, times: int, rest: float, apart: float) -> dict[str, Any]:
    with space() as stack:
        ledger = Ledger(stack.redis_port)
        episodes = []
        with SteadyLoad(targets(stack), RATE) as load:
            time.sleep(2)
            for _ in range(math.ceil(times * disturbance.share)):
                began = time.monotonic()
                for program in disturbance.programs:
                    # A program that ends before it counts as started is a failed start.
                    eventually(lambda: stack.state(program) == "RUNNING", 20)  # noqa: B023
                    one = _episode(stack, load, ledger, disturbance.act, program, rest)
                    episodes.append(asdict(one))
                if times > 1:
                    until = began + apart * disturbance.exits
                    time.sleep(max(0.0, until - time.monotonic()))
        ledger.settle(lambda: load.outcomes, within=5)
        return {
            "episodes": episodes,
            "balance": asdict(ledger.balance(load.outcomes)),
            "longest": max(one.seconds for one in load.outcomes if one.status == 200),
            "status": stack.stop(),
        }


def _episode(
    stack: Stack, load: SteadyLoad, ledger: Ledger, disturb: Act, program: str, rest: float
) -> Episode:
    began = time.monotonic()
    disturb(stack, program)
    over = time.monotonic()
    names = ("api", "ui")
    try:
        eventually(lambda: all(load.first_success(name, over) for name in names), 30)
    except AssertionError as error:
        answers = {name: statuses(load.since(over, name)) for name in names}
        raise AssertionError(f"{program}: {error}: {answers}\n{stack.stdout}") from None
    recovery = max(load.first_success(name, over) or 0.0 for name in names) - over
    empty = ledger.settle(lambda: load.since(began - 1), within=10)
    time.sleep(rest)
    return Episode(
        program,
        recovery,
        recovery + empty,
        {name: statuses(load.since(began, name)) for name in names},
        holding(stack.pid("api")).rss,
    )
