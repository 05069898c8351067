"""An answered prediction is a recorded one, whatever ends the API."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import tiny
from api.apis import entries, on_redis
from api.processes import Process, start
from real import RedisServer, eventually

ROWS = [tiny.RECORD] * 500


def ids(server: RedisServer) -> list[str]:
    return [record["id"] for record in entries(server, "records")]


def predicted(api: Process) -> list[str]:
    """The ids of one answer, or of a batch's."""
    status, _, answer = api.ask("POST", "/predict", tiny.RECORD)
    assert status == 200
    return [answer["prediction_id"]]


def predicted_batch(api: Process) -> list[str]:
    status, _, answer = api.ask("POST", "/predict/batch", {"records": ROWS})
    assert status == 200
    return [row["prediction_id"] for row in answer["results"]]


@contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@pytest.fixture
def started(
    pumps: Path, redis_server: RedisServer, tmp_path: Path
) -> Iterator[Callable[..., Process]]:
    processes: list[Process] = []

    def begin(**more: str) -> Process:
        processes.append(start(pumps, tmp_path, **on_redis(redis_server, **more)))
        return processes[-1]

    yield begin
    for process in processes:
        with suppress(ProcessLookupError):
            process.program.process.kill()
        process.program.process.wait()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("predict", [predicted, predicted_batch])
def test_what_was_answered_while_redis_hung_is_there_after_a_kill(
    started: Callable[..., Process],
    redis_server: RedisServer,
    predict: Callable[[Process], list[str]],
    workers: str,
) -> None:
    api = started(WEB_CONCURRENCY=workers)
    with frozen(redis_server):
        answered = [id_ for _ in range(10) for id_ in predict(api)]
        api.program.process.kill()
        api.program.process.wait()
        api = started(WEB_CONCURRENCY=workers)
    eventually(lambda: len(ids(redis_server)) >= len(answered))
    assert sorted(ids(redis_server)) == sorted(answered)
    assert f"Journal repris (prédictions: {len(answered)})" in api.program.text() or workers == "2"


def test_each_answer_is_recorded_once_however_often_the_api_is_killed(
    started: Callable[..., Process], redis_server: RedisServer
) -> None:
    """At moments of no choice: before Redis has what was answered, while it gets it, after."""
    answered: list[str] = []
    for delay in (0.0, 0.005, 0.02, 0.05):
        api = started()

        def ask(api: Process = api) -> None:
            with suppress(OSError, http.client.HTTPException, json.JSONDecodeError):
                while True:
                    answered.extend(predicted(api))

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        time.sleep(0.2 + delay)
        api.program.process.kill()
        for thread in asking:
            thread.join()
    api = started()
    eventually(lambda: set(answered) <= set(ids(redis_server)))
    kept = ids(redis_server)
    assert len(kept) == len(set(kept))
    assert len(answered) > 100
    # One more for each connection whose answer never arrived.
    assert len(set(kept) - set(answered)) <= 4 * 4


def test_a_record_that_was_replayed_is_the_one_that_was_answered(
    started: Callable[..., Process], redis_server: RedisServer
) -> None:
    def record() -> dict[str, Any]:
        eventually(lambda: bool(entries(redis_server, "records")))
        return entries(redis_server, "records")[-1]

    api = started()
    predicted(api)
    usual = record()
    with frozen(redis_server):
        (answered,) = predicted(api)
        api.program.process.kill()
        api.program.process.wait()
        started()
    eventually(lambda: len(ids(redis_server)) == 2)
    replayed = record()
    assert replayed["id"] == answered
    own = {"id", "timestamp", "latency_ms", "request_id"}
    assert {k: v for k, v in replayed.items() if k not in own} == {
        k: v for k, v in usual.items() if k not in own
    }
    assert json.loads(replayed["inputs"]) == tiny.RECORD


def test_a_run_folder_that_can_t_be_written_is_said_and_stops_nothing(
    started: Callable[..., Process], redis_server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    api = started(RUN_DIR=str(tmp_path / "file"))
    answered = predicted(api)
    eventually(lambda: ids(redis_server) == answered)
    assert "Journal impossible" in api.program.text()


def test_nothing_stays_in_the_run_folder_after_a_clean_end(
    started: Callable[..., Process], tmp_path: Path
) -> None:
    api = started()
    predicted(api)
    assert list((tmp_path / "journal").iterdir())
    api.program.stop()
    assert not list((tmp_path / "journal").iterdir())
