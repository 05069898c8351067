"""Contenders measured in turns, so that all of them meet the machine's good and bad moments."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from bench import load, model, processes
from bench.redis_server import RECORDS, RedisServer
from bench.server import Contender, Server, ServerError

# Processors that may be busy elsewhere in a calm round, and seconds that a run waits for calm.
CALM = 0.25
WAIT = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """`attempts` is how many rounds are measured at most to have so many that were calm."""

    rounds: int
    seconds: int
    warmup: int
    attempts: int = 0
    connections: int = load.CONNECTIONS

    def __post_init__(self) -> None:
        object.__setattr__(self, "attempts", max(self.attempts, self.rounds))


@dataclass(frozen=True, slots=True)
class Run:
    """One contender in one round.

    Times in ms but for `start` (seconds from the process to its first answer), CPU in µs a request,
    memory in MB (10^6 bytes). `elsewhere` is how many processors were busy meanwhile with neither
    the server, nor Redis, nor the load: where it is far from 0, the machine was not ours.
    """

    contender: str
    round: int
    rate: float
    p50: float
    p99: float
    longest: float
    requests: int
    start: float
    memory: float
    cpu: float
    redis_memory: float
    redis_cpu: float
    elsewhere: float


@contextmanager
def serving(contender: Contender) -> Iterator[tuple[Server, RedisServer | None]]:
    """The contender, and the Redis that it writes to where it does."""
    with ExitStack() as stack:
        redis, environ = None, {}
        if contender.redis:
            redis = stack.enter_context(RedisServer())
            environ = {"REDIS_HOST": load.HOST, "REDIS_PORT": str(redis.port)}
        yield stack.enter_context(Server(contender, model.probability(), environ)), redis


def one(contender: Contender, plan: Plan, number: int) -> Run:
    if plan.attempts > plan.rounds:
        _wait_for_calm()
    with serving(contender) as (server, redis):
        server.check()
        warm = _load(server, plan.warmup, plan.connections)
        before = _Clock(server, redis)
        found = _load(server, plan.seconds, plan.connections)
        after = _Clock(server, redis)
        server.check()
        if redis is not None:
            # At the end of a run wrk leaves what it asked last.
            asked = warm.requests + found.requests + server.answered
            _all_recorded(redis, asked, 2 * plan.connections)
        cpu, redis_cpu = after.server - before.server, after.redis - before.redis
        machine, generator = after.machine - before.machine, after.load - before.load
        return Run(
            contender=contender.name,
            round=number,
            rate=found.rate,
            p50=found.p50,
            p99=found.p99,
            longest=found.longest,
            requests=found.requests,
            start=server.start_seconds,
            memory=server.memory,
            cpu=cpu / found.requests * 1e6,
            redis_memory=redis.memory if redis else 0.0,
            redis_cpu=redis_cpu / found.requests * 1e6,
            elsewhere=max(0.0, machine - cpu - redis_cpu - generator) / (after.time - before.time),
        )


def all_of(contenders: Sequence[Contender], plan: Plan) -> list[Run]:
    """Every contender once a round, each round beginning with the next one.

    Rounds go on until enough of them were calm, or `attempts` is reached; the calmest are given.
    """
    tried: list[list[Run]] = []
    while len(tried) < plan.attempts and sum(map(_calm, tried)) < plan.rounds:
        number = len(tried)
        turn = number % len(contenders)
        runs = []
        for contender in (*contenders[turn:], *contenders[:turn]):
            run = one(contender, plan, number)
            runs.append(run)
            say(
                f"round {number + 1} {run.contender:<34}"
                f"{run.rate:9.0f}/s  p99 {run.p99:7.2f} ms  {run.memory:5.0f} MB"
                f"  start {run.start:.2f} s  elsewhere {run.elsewhere:.2f}"
            )
        tried.append(runs)
    return [run for runs in sorted(tried, key=_disturbance)[: plan.rounds] for run in runs]


def _disturbance(runs: Sequence[Run]) -> float:
    return max(run.elsewhere for run in runs)


def _calm(runs: Sequence[Run]) -> bool:
    return _disturbance(runs) <= CALM


def of(runs: Sequence[Run], name: str) -> list[Run]:
    """The runs of one contender, in the order of the rounds."""
    return sorted((run for run in runs if run.contender == name), key=lambda run: run.round)


def say(line: str) -> None:
    """How far a measurement is."""
    sys.stderr.write(f"{line}\n")


def as_json(runs: Sequence[Run]) -> list[dict[str, Any]]:
    return [
        {n: round(v, 4) if isinstance(v, float) else v for n, v in asdict(run).items()}
        for run in runs
    ]


def _load(server: Server, seconds: int, connections: int) -> load.Load:
    return load.wrk(server.port, server.contender.path, server.body, seconds, connections)


def _all_recorded(redis: RedisServer, asked: int, unanswered: int) -> None:
    recorded = redis.settled(RECORDS)
    if not asked <= recorded <= asked + unanswered:
        raise ServerError(f"{asked} predictions, but {recorded} records in Redis")


def _wait_for_calm() -> None:
    for _ in range(WAIT):
        before = processes.machine_busy_seconds()
        time.sleep(1)
        if processes.machine_busy_seconds() - before <= CALM:
            return


class _Clock:
    """Processor seconds so far."""

    def __init__(self, server: Server, redis: RedisServer | None) -> None:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.server = server.cpu_seconds
        self.redis = redis.cpu_seconds if redis else 0.0
        self.load = children.ru_utime + children.ru_stime
        self.machine = processes.machine_busy_seconds()
        self.time = time.perf_counter()
