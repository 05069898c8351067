"""What else is promised of this API, each measured by a run of its own.

Each takes a plan and gives figures; what they must be is in `bars`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench import load
from bench.contenders import API
from bench.rounds import Plan, all_of, as_json, say, serving
from bench.server import Server

CROWDS = (16, 64, 256, 512)
PREDICTIONS = 1_000_000


def workers(plan: Plan) -> dict[str, Any]:
    """One worker and two, in turns; what a request costs them is in `cpu`."""
    contenders = [
        replace(
            API,
            name=f"workers-{n}",
            environ={**API.environ, "WEB_CONCURRENCY": str(n)},
            processes=n,
        )
        for n in (1, 2)
    ]
    return {"runs": as_json(all_of(contenders, plan))}


def crowds(plan: Plan) -> dict[str, Any]:
    """Requests a second with more and more connections, on one server a round."""
    rounds = []
    for number in range(plan.rounds):
        rates = {}
        with serving(API) as (server, _):
            _drive(server, plan.warmup)
            turn = number % len(CROWDS)
            for connections in (*CROWDS[turn:], *CROWDS[:turn]):
                found = _drive(server, plan.seconds, connections)
                rates[connections] = round(found.rate, 1)
                say(f"round {number + 1} {connections} connections {found.rate:.0f}/s")
            server.check()
        rounds.append({str(connections): rates[connections] for connections in CROWDS})
    return {"rates": rounds}


def pace(plan: Plan) -> dict[str, Any]:
    """The 99th percentile (ms) at half of what the same server can do at most."""
    rounds = []
    for _ in range(plan.rounds):
        with serving(API) as (server, _redis):
            _drive(server, plan.warmup)
            most = _drive(server, plan.seconds).rate
            found = load.h2load(
                server.port, API.path, server.body, plan.seconds, most / 2, plan.warmup
            )
            server.check()
        rounds.append(
            {"capacity": round(most, 1), "rate": round(found.rate, 1), "p50": found.p50,
             "p99": found.p99, "longest": found.longest}
        )  # fmt: skip
        say(f"capacity {most:.0f}/s, at {found.rate:.0f}/s p99 {found.p99:.2f} ms")
    return {"rounds": rounds}


def endurance(plan: Plan) -> dict[str, Any]:
    """Memory (MB) of the API while it predicts a million times."""
    samples: list[tuple[int, float]] = []
    with serving(API) as (server, redis):
        done = _drive(server, plan.warmup).requests
        samples.append((done, round(server.memory, 1)))
        while done < PREDICTIONS:
            done += _drive(server, plan.seconds).requests
            samples.append((done, round(server.memory, 1)))
            say(f"{done} predictions, {samples[-1][1]:.1f} MB")
        server.check()
        assert redis is not None
        return {"samples": samples, "redis": round(redis.memory, 1)}


def _drive(server: Server, seconds: int, connections: int = load.CONNECTIONS) -> load.Load:
    return load.wrk(server.port, server.contender.path, server.body, seconds, connections)
