"""More than there is room for: too many requests, too many at once, too many that take their
time."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

from bench.ratios import percentile
from faults.crowds import crowd
from faults.load import SteadyLoad, Target
from faults.newcomers import Newcomers
from faults.pulse import Pulse
from faults.rooms import Api, api
from faults.slow import KINDS, SlowClients

from riskspace.web.connections import PATIENCE
from riskspace.web.descriptors import claim

# Requests that the API has in flight at most, by default.
IN_FLIGHT = 768
CONNECTIONS = 1000
# How many times its capacity it is asked for.
TIMES = 10
# Batches of the largest size at once.
BATCHES = 60
ROWS = 10_000
# Requests a second of a client whose refusals are looked at.
SAMPLED = 50
# Seconds that the capacity is measured for before a crowd; then it is once more.
CAPACITY_FOR = 4
# Seconds after the crowd has gone at which full speed is looked for. So often it is compared with
# that of an API that had no crowd, each for a second: a machine's own speed
# changes.
BACK_AFTER = 2
# Seconds after which there are as many records as are kept: from then on, Redis drops one for each.
FULL_AFTER = 20
COMPARISONS = 16


def endure(seconds: int) -> dict[str, Any]:
    """1 000 connections, then ten times the capacity, each for so long; and 1 000 requests of one
    moment."""
    claim()
    with api() as server, api() as idle:
        server.rate(1)
        idle.rate(min(seconds, FULL_AFTER))
        return {
            "in_flight": IN_FLIGHT,
            "memory_before": server.most_memory(),
            "crowd": _crowded(server, idle, CONNECTIONS, seconds),
            "tenfold": _crowded(server, idle, CONNECTIONS, seconds, TIMES),
            "moment": asyncio.run(_moment(server, CONNECTIONS)),
            "most_memory": server.most_memory(),
            "batches": asyncio.run(_batches(server, BATCHES)),
            "batches_memory": server.most_memory(),
            "alive": server.process.poll() is None,
        }


def _crowded(
    server: Api, idle: Api, connections: int, seconds: int, times: float = 0
) -> dict[str, Any]:
    """A crowd that asks for so many `times` the capacity, or as much as it can."""
    target = Target("api", server.port)
    before = server.rate(min(seconds, CAPACITY_FOR))
    with (
        Pulse(server.port) as pulse,
        Newcomers(server.port, server.body) as newcomers,
        SteadyLoad([target], SAMPLED) as sample,
    ):
        time.sleep(0.2)
        found = crowd(server.port, server.body, connections, seconds, times * before)
    memory = server.most_memory()
    time.sleep(BACK_AFTER)
    after, without = _in_turn(server, idle, min(seconds, COMPARISONS))
    refused = [one for one in sample.outcomes if one.status == 503]
    return {
        "connections": connections,
        # The machine's own speed may have changed meanwhile.
        "capacity": (before + after) / 2,
        **asdict(found),
        "livez_longest": pulse.longest,
        "livez_failures": pulse.failures,
        "newcomers_refused": len(newcomers.refused),
        "newcomers_refused_p99": percentile(newcomers.refused or [0.0], 99),
        "newcomers_failures": newcomers.failures,
        "sampled": dict(Counter(str(one.status or one.error) for one in sample.outcomes)),
        "without_retry_after": sum(one.retry_after is None for one in refused),
        "memory": memory,
        "speed_after": after / without,
    }


def _in_turn(one: Api, other: Api, times: int) -> tuple[float, float]:
    """The rates of two, each so many times for a second, and first every other time."""
    rates: dict[int, list[float]] = {one.port: [], other.port: []}
    for number in range(times):
        for server in (one, other) if number % 2 else (other, one):
            rates[server.port].append(server.rate(1))
    return statistics.mean(rates[one.port]), statistics.mean(rates[other.port])


async def _moment(server: Api, requests: int) -> dict[str, int]:
    """What requests get that a frozen API finds all at once."""
    body = server.body.read_bytes()
    head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    text = f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def status(reader: asyncio.StreamReader) -> str:
        return (await reader.readline()).split()[1].decode()

    await asyncio.sleep(0.5)  # until those of the load are gone
    before = server.descriptors()
    clients = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(requests)]
    async with asyncio.timeout(PATIENCE):
        while server.descriptors() - before < requests:
            await asyncio.sleep(0.05)
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        for _, writer in clients:
            writer.write(text)
        await asyncio.sleep(0.2)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    statuses = Counter(await asyncio.gather(*(status(reader) for reader, _ in clients)))
    for _, writer in clients:
        writer.close()
    await asyncio.sleep(0.1)  # which the transports take to be closed
    return dict(statuses)


async def _batches(server: Api, number: int) -> dict[str, int]:
    """What so many batches of the largest size get that are sent at once."""
    body = b"[" + b",".join([server.body.read_bytes()] * ROWS) + b"]"
    head = "POST /predict/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    text = f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def ask() -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(text)
            status = (await reader.readline()).split()[1].decode()
            await reader.read()
            return status
        finally:
            writer.close()

    statuses = Counter(await asyncio.gather(*(ask() for _ in range(number))))
    await asyncio.sleep(0.1)  # which the transports take to be closed
    return dict(statuses)


def endure_slow(each: int, seconds: int) -> dict[str, Any]:
    """So many slow clients of each kind at once; what others get meanwhile, and when they end."""
    wanted = each * len(KINDS)
    with api() as server:
        server.rate(1)
        alone = [server.rate(seconds)]
        time.sleep(0.5)  # until those of the load are gone
        before = server.descriptors()
        with Pulse(server.port) as pulse, SlowClients(server.port, each) as slow:
            began = time.monotonic()
            time.sleep(1)
            held = server.descriptors() - before
            beside = server.rate(seconds)
            time.sleep(max(0.0, began + PATIENCE + 3 - time.monotonic()))
        alone.append(server.rate(seconds))
        return {
            "wanted": wanted,
            "held": held,
            "left": wanted - slow.ended,
            "alone": statistics.mean(alone),
            "beside": beside,
            "longest": slow.longest,
            "answers": slow.answers,
            "livez_longest": pulse.longest,
            "livez_failures": pulse.failures,
            "most_memory": server.most_memory(),
            "patience": PATIENCE,
        }
