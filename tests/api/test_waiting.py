"""Who waits for the store, for how long, and what a write cut short leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tiny
from api.apis import Api, problem, serving
from real import RedisServer

from riskspace.store.entries import Fields
from riskspace.store.protocol import Mark, Stream


def test_a_write_under_way_is_not_made_again_when_the_api_ends(pumps: Path) -> None:
    """The store has the entries, and its answer is on the way: to write them again at shutdown
    would record a prediction twice."""
    written: list[Fields] = []
    begun = threading.Event()

    async def append(_: Stream, entries: Sequence[Fields], __: Mark) -> None:
        written.extend(entries)
        begun.set()
        await asyncio.sleep(0.3)

    with serving(pumps, {}) as api:
        api.backend.store.append = append  # type: ignore[method-assign]
        identity = api.client.post("/predict", json=tiny.RECORD).json()["prediction_id"]
        assert begun.wait(10)
    assert [fields["id"] for fields in written] == [identity]


def test_predictions_do_not_wait_when_redis_is_stuck(
    redis_api: Api, redis_server: RedisServer
) -> None:
    os.kill(redis_server.pid, signal.SIGSTOP)
    started = time.monotonic()
    for _ in range(20):
        assert redis_api.client.post("/predict", json=tiny.RECORD).status_code == 200
    assert redis_api.client.post("/predict/batch", json=[tiny.RECORD] * 100).status_code == 200
    assert time.monotonic() - started < 2
    os.kill(redis_server.pid, signal.SIGCONT)


def test_readers_of_the_log_do_not_queue_when_redis_is_stuck(
    redis_api: Api, redis_server: RedisServer
) -> None:
    os.kill(redis_server.pid, signal.SIGSTOP)
    redis_api.client.post("/predict", json=tiny.RECORD)  # something for each of them to write
    started = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(redis_api.client.get, ["/logs"] * 8))
    assert time.monotonic() - started < 12  # 24 when they wait for each other
    for answer in answers:
        problem(answer, 503)
    os.kill(redis_server.pid, signal.SIGCONT)
