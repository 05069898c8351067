"""Redis inside the container, filled far beyond its memory."""

from __future__ import annotations

import json
import signal
import time

import pytest
from containers.conftest import Measured, Run
from containers.engines import Container
from containers.supervised import redis, send
from real import eventually

pytestmark = pytest.mark.container

RECORD = b'{"age_years": 52, "sex": "female", "height_cm": 165, "weight_kg": 78}'
KEYS = ("riskspace:logs", "riskspace:records")

FILL = """
import asyncio, os, random, sys
from riskspace.settings import load
from riskspace.store.redis import RedisStore
from riskspace.store.protocol import Mark, Stream

async def fill(total):
    store = RedisStore.of(load(os.environ))
    streams = Stream("riskspace:logs", 1_000_000), Stream("riskspace:records", 10_000_000)
    written = number = 0
    while written < total:
        for stream in streams:
            entries = [
                {"number": str(number + i), "message": random.randbytes(2000).hex()}
                for i in range(500)
            ]
            await store.append(stream, entries, Mark("filler", number))
            written += 500 * 4000
        number += 500
    print(number)

asyncio.run(fill(int(sys.argv[1])))
"""
KEPT = """
import json, os, sys
from redis import Redis
with Redis(decode_responses=True) as client:
    numbers = [int(entry["number"]) for _, entry in client.xrange(sys.argv[1])
               if "number" in entry]
print(json.dumps(numbers))
"""


@pytest.fixture(scope="module")
def space(run_early: Run, space_image: str) -> Container:
    return run_early(space_image, "--memory=1g").up()


def kept(space: Container, key: str) -> list[int]:
    return list(json.loads(space.python(KEPT, key)))


def test_five_times_redis_s_memory_loses_only_the_oldest(
    space: Container, measured: Measured
) -> None:
    """Through the store's own code, with the largest numbers of entries that the settings accept,
    so that it is their size that decides."""
    written = int(space.python(FILL, str(5 * 256 * 2**20)))
    for key in KEYS:
        numbers = kept(space, key)
        assert numbers == list(range(written - len(numbers), written))
        # Two thirds of the 64 MB that each may take, at least.
        assert len(numbers) * 4000 > 64 * 2**20 * 2 / 3
    assert redis(space, "INFO", "stats")["evicted_keys"] == 0
    peak = int(redis(space, "INFO", "memory")["used_memory_peak"])
    measured(f"1.25 GiB through Redis: evicted_keys 0, at most {peak / 2**20:.0f} MiB at once")
    assert peak < 200 * 2**20
    assert space.output().count("Démarrage de l'API...") == 1
    assert space.post("/api/predict", RECORD)[0] == 200


def test_a_full_redis_killed_comes_back_with_all_that_it_had(
    space: Container, measured: Measured
) -> None:
    before = [kept(space, key) for key in KEYS]
    send(space, "redis", signal.SIGKILL)
    at = time.monotonic()
    eventually(lambda: b'"redis_connected":true' in space.get("/api/health")[1], 20, every=0.02)
    measured(f"redis, full: back {time.monotonic() - at:.2f} s after kill -9")
    assert [kept(space, key) for key in KEYS] == before
    assert redis(space, "INFO", "stats")["evicted_keys"] == 0
