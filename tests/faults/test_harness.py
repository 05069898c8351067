"""The campaign's own instruments, on real things."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from api.processes import Process, start
from faults import proxy
from faults.ledger import RECORDS, Balance, Ledger
from faults.load import Outcome, SteadyLoad, Target
from faults.proxy import Fault, Proxy
from real import RedisServer
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = start(Path("models/prediabetes").resolve(), tmp_path_factory.mktemp("api"))
    yield process
    process.program.process.kill()
    process.program.process.wait()


def test_the_load_does_not_wait_for_answers(api: Process) -> None:
    with SteadyLoad([Target("api", api.port)], rate=100) as load:
        time.sleep(0.5)
        os.kill(api.program.process.pid, signal.SIGSTOP)
        time.sleep(1)
        os.kill(api.program.process.pid, signal.SIGCONT)
        time.sleep(0.5)
    assert len(load.outcomes) == pytest.approx(200, abs=40)
    assert {one.status for one in load.outcomes} == {200}
    assert len({one.prediction_id for one in load.outcomes}) == len(load.outcomes)
    assert 0.8 < max(one.seconds for one in load.outcomes) < 2


def test_the_load_tells_refusals_from_dead_connections(api: Process) -> None:
    targets = [Target("wrong", api.port), Target("away", 1)]
    with SteadyLoad(targets, rate=50, body=b"{}") as load:
        time.sleep(0.5)
    found = {(one.target, one.status, one.error) for one in load.outcomes}
    assert found == {("wrong", 422, None), ("away", None, "ConnectionRefusedError")}


def outcome(number: int, status: int | None = 200) -> Outcome:
    identity = f"prediction-{number}" if status == 200 else None
    return Outcome(f"load-{number}", "api", 0.0, 0.0, status, identity)


@pytest.mark.parametrize(
    ("recorded", "outcomes", "balance"),
    [
        ([1, 2], [outcome(1), outcome(2)], Balance(2, 0, 0, 0, 0)),
        ([1], [outcome(1), outcome(2)], Balance(2, 1, 0, 0, 0)),
        ([1, 1], [outcome(1)], Balance(1, 0, 1, 0, 0)),
        ([1], [outcome(1, status=None)], Balance(0, 0, 0, 0, 1)),
        ([1], [outcome(1, status=502)], Balance(0, 0, 0, 0, 1)),
        ([1], [outcome(1, status=503)], Balance(0, 0, 0, 1, 0)),
        ([1], [], Balance(0, 0, 0, 1, 0)),
    ],
    ids=["kept", "lost", "twice", "died", "died behind the page", "refused", "nobody's"],
)
def test_the_ledger_finds_what_is_not_there_once(
    redis_server: RedisServer, recorded: list[int], outcomes: list[Outcome], balance: Balance
) -> None:
    ledger = Ledger(redis_server.port)
    with Redis(port=redis_server.port) as client:
        for number in recorded:
            fields = {"id": f"prediction-{number}", "request_id": f"load-{number}"}
            client.xadd(RECORDS, fields)  # type: ignore[arg-type]
            ledger.read()
    assert ledger.balance(outcomes) == balance


@pytest.mark.parametrize(
    ("fault", "error", "done"),
    [
        (proxy.nothing, None, True),
        (proxy.delay(0.2), None, True),
        (proxy.reset, "Connection closed by server.", False),
        (proxy.refuse(proxy.OOM), "command not allowed when used memory", False),
        (proxy.refuse(proxy.LOADING), "Redis is loading the dataset in memory", False),
        (proxy.refuse(proxy.READONLY), "You can't write against a read only replica.", False),
        (proxy.refuse(proxy.MISCONF), "Errors writing to the AOF file", False),
        (proxy.cut_after(20), "Connection closed by server.", False),
        (proxy.lose_reply, "Connection closed by server.", True),
    ],
    ids=["none", "delay", "reset", "OOM", "LOADING", "READONLY", "MISCONF", "cut", "lost reply"],
)
def test_the_proxy_does_what_it_is_told(
    redis_server: RedisServer, fault: Fault, error: str | None, done: bool
) -> None:
    with (
        Redis(port=redis_server.port) as straight,
        Proxy(redis_server.port) as between,
        Redis(port=between.port, retry=Retry(NoBackoff(), 0)) as client,
    ):
        client.ping()
        between.fault = fault
        began, said = time.monotonic(), None
        try:
            client.xadd("stream", {"key": "value" * 1000})
        except RedisError as failure:
            said = str(failure)
        assert (error is None and said is None) or (said is not None and str(error) in said)
        assert (time.monotonic() - began >= 0.2) is (said is None and fault is not proxy.nothing)
        assert straight.xlen("stream") == done
