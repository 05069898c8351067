"""More than can be answered in good time is refused at once; what was accepted is answered."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import tiny
from api.apis import Api, on_redis, problem, serving
from api.processes import start
from real import RedisServer, eventually
from scopes import post
from starlette.types import Message, Receive, Scope, Send

from riskspace.api import predictions
from riskspace.web.connections import REST
from riskspace.web.overload import Gate, InFlight, refusal


class Slow:
    """An application that answers when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.answering = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        self.answering += 1
        await self.may.wait()
        if scope["path"] == "/fails":
            raise ValueError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})


async def _nothing() -> Message:
    return {"type": "http.request"}


async def status(
    app: InFlight, path: str = "/predict", headers: Any = (), receive: Receive = _nothing
) -> dict[str, Any]:
    answer: dict[str, Any] = {}

    async def send(message: Message) -> None:
        answer.update(message)

    scope = {"type": "http", "path": path, "method": "POST", "headers": list(headers)}
    async with asyncio.timeout(5):  # where nothing is refused, one waits for the others
        await app(scope, receive, send)
    return answer


def limited(slow: Slow, most: int, clock: Any = lambda: 0.0) -> InFlight:

    return InFlight(slow, Gate(most, logging.getLogger("api"), ("/livez",), clock))


def test_one_more_than_there_may_be_is_refused_and_room_comes_back() -> None:
    async def run() -> None:
        slow = Slow()
        app = limited(slow, 3)
        first = [asyncio.create_task(status(app)) for _ in range(3)]
        await asyncio.sleep(0)
        refused = await status(app, headers=[(b"x-request-id", b"mine")])
        assert refused["status"] == 503
        headers = dict(refused["headers"])
        assert headers[b"retry-after"] == b"1"
        assert headers[b"x-request-id"] == b"mine"
        assert headers[b"content-type"] == b"application/problem+json"
        content = json.loads(refused["body"])
        assert content["status"] == 503
        assert content["request_id"] == "mine"
        assert int(headers[b"content-length"]) == len(refused["body"])
        assert slow.answering == 3
        slow.may.set()
        assert [answer["status"] for answer in await asyncio.gather(*first)] == [200] * 3
        assert (await status(app))["status"] == 200

    asyncio.run(run())


def test_a_probe_is_answered_however_many_others_there_are() -> None:
    async def run() -> None:
        slow = Slow()
        app = limited(slow, 1)
        busy = asyncio.create_task(status(app))
        probe = asyncio.create_task(status(app, "/livez"))
        await asyncio.sleep(0)
        assert slow.answering == 2
        slow.may.set()
        assert (await probe)["status"] == (await busy)["status"] == 200

    asyncio.run(run())


@pytest.mark.parametrize("how", ["fails", "leaves"])
def test_whoever_ends_badly_leaves_room(how: str) -> None:
    async def run() -> None:
        slow = Slow()
        app = limited(slow, 1)
        for _ in range(3):
            task = asyncio.create_task(status(app, f"/{how}"))
            await asyncio.sleep(0)
            if how == "fails":
                slow.may.set()
            else:
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        slow.may.set()
        assert (await status(app))["status"] == 200

    asyncio.run(run())


def test_who_sends_slowly_takes_no_place() -> None:
    async def run() -> None:
        slow = Slow()
        app = limited(slow, 1)
        rest = asyncio.Event()

        async def half() -> Message:
            await rest.wait()
            return {"type": "http.request"}

        sending = asyncio.create_task(status(app, receive=half))
        await asyncio.sleep(0)
        slow.may.set()
        assert (await status(app))["status"] == 200
        slow.may.clear()
        busy = asyncio.create_task(status(app))
        await asyncio.sleep(0)
        rest.set()
        assert (await sending)["status"] == 503, "its place is taken meanwhile"
        slow.may.set()
        assert (await busy)["status"] == 200

    asyncio.run(run())


def test_the_log_says_how_many_but_not_each(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        now = 100.0
        slow = Slow()
        app = limited(slow, 1, lambda: now)
        busy = asyncio.create_task(status(app))
        await asyncio.sleep(0)
        for _ in range(50):
            await status(app)
        now += 11
        await status(app)
        slow.may.set()
        await busy

    asyncio.run(run())
    assert caplog.messages == [
        "Surcharge (demandes refusées: 1 au total)",
        "Surcharge (demandes refusées: 51 au total)",
    ]


@contextmanager
def _held(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Batches that wait until they may go on, and whether one does."""
    may, service = threading.Event(), api.backend.service
    held = threading.Event()
    predict_rows = service.predict_rows

    def later(body: bytes, *, csv: bool) -> Any:
        held.set()
        may.wait(20)
        return predict_rows(body, csv=csv)

    monkeypatch.setattr(service, "predict_rows", later)
    try:
        yield may, held
    finally:
        may.set()


def test_batches_that_wait_are_bounded_and_predictions_go_on(
    lasting: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that waits holds its body."""
    waiting = predictions.MAX_BATCHES - 1
    with _held(lasting, monkeypatch) as (may, _):
        found: list[Any] = []

        def ask() -> None:
            found.append(lasting.client.post("/predict/batch", json=[tiny.RECORD]))

        threads = [threading.Thread(target=ask) for _ in range(waiting + 4)]
        for thread in threads:
            thread.start()
        eventually(lambda: len(found) == 3)  # one is being answered, so many wait
        assert lasting.client.post("/predict", json=tiny.RECORD).status_code == 200
        may.set()
        for thread in threads:
            thread.join()
    refused = [answer for answer in found if answer.status_code != 200]
    assert len(refused) == 3
    for answer in refused:
        problem(answer, 503)
        assert answer.headers["retry-after"] == "2"


def test_the_running_api_refuses_what_its_setting_says(
    pumps: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(pumps, {"MAX_IN_FLIGHT": "1"}) as api, _held(api, monkeypatch) as (may, held):
        busy = threading.Thread(
            target=lambda: api.client.post("/predict/batch", json=[tiny.RECORD])
        )
        busy.start()
        assert held.wait(10)
        answer = api.client.post("/predict", json=tiny.RECORD)
        assert problem(answer, 503)["detail"].startswith("There are 1 requests already")
        for path in ("/livez", "/readyz", "/health"):
            assert api.client.get(path).status_code == 200
        may.set()
        busy.join()
        assert api.client.post("/predict", json=tiny.RECORD).status_code == 200


@pytest.mark.parametrize("path", ["/predict", '/"é\\\n%s'])
def test_a_refusal_is_a_problem_whatever_was_asked_for(path: str) -> None:
    headers, body = refusal({"path": path, "headers": [(b"x-request-id", b"mine")]}, 4)
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "There are 4 requests already; come again.",
        "instance": path,
        "request_id": "mine",
    }
    assert dict(headers)[b"content-length"] == b"%d" % len(body)


def test_who_comes_again_at_once_is_refused_at_once_and_heard_again_later(
    pumps: Path, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The one request that there may be reads the log of a Redis that hangs."""
    process = start(pumps, tmp_path, **on_redis(redis_server, MAX_IN_FLIGHT="1"))
    os.kill(redis_server.pid, signal.SIGSTOP)
    took, statuses = [], []
    try:
        busy = threading.Thread(target=process.ask, args=("GET", "/logs"))
        busy.start()
        time.sleep(0.2)
        connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=10)
        for _ in range(4):
            began = time.monotonic()
            connection.request("POST", "/predict", json.dumps(tiny.RECORD))
            answer = connection.getresponse()
            answer.read()
            took.append(time.monotonic() - began)
            statuses.append(answer.status)
        assert process.ask("GET", "/livez")[0] == 200
        busy.join()
        connection.close()
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
        process.program.stop()
    assert statuses == [503] * 4
    assert took[0] < REST / 2
    for n, seconds in enumerate(took[1:]):
        assert seconds > 2**n * REST / 2 * 0.8


def test_who_was_refused_together_does_not_come_again_together(
    pumps: Path, redis_server: RedisServer, tmp_path: Path
) -> None:
    process = start(pumps, tmp_path, **on_redis(redis_server, MAX_IN_FLIGHT="1"))
    os.kill(redis_server.pid, signal.SIGSTOP)
    body = json.dumps(tiny.RECORD).encode()
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    request = b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)

    async def refused_again() -> float:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        for _ in range(2):
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 503 ")
            length = re.search(rb"content-length: (\d+)", answer)
            assert length is not None
            await reader.readexactly(int(length[1]))
        writer.close()
        return time.monotonic()

    async def all_again() -> list[float]:
        return await asyncio.gather(*(refused_again() for _ in range(20)))

    try:
        busy = threading.Thread(target=process.ask, args=("GET", "/logs"))
        busy.start()
        time.sleep(0.2)
        heard = asyncio.run(all_again())
        busy.join()
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
        process.program.stop()
    assert max(heard) - min(heard) > REST / 4


def test_who_came_too_early_is_answered_once_there_is_room() -> None:
    gate = Gate(4, logging.getLogger("api"))
    busy: list[dict[str, Any]] = [{"path": "/predict"} for _ in range(4)]
    assert [gate.lets_in(scope) for scope in busy] == [True] * 4
    for scope, room in zip(busy, (False, False, True, True), strict=True):
        gate.leaves(scope)
        early = {"path": "/predict"}
        assert gate.lets_in(early, early=True) is room
        gate.leaves(early)


def test_who_came_too_early_is_answered_by_one_that_has_nothing_to_do() -> None:
    assert Gate(1, logging.getLogger("api")).lets_in({"path": "/predict"}, early=True)


def test_a_batch_that_takes_too_long_to_come_leaves_its_place(
    pumps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "UPLOAD", 0.3)
    monkeypatch.setattr(predictions, "MAX_BATCHES", 1)
    answer: dict[str, Any] = {}

    async def slowly() -> Message:
        await asyncio.sleep(1)
        return {"type": "http.request", "body": b"[]"}

    async def send(message: Message) -> None:
        answer.update(message)

    scope = post("/predict/batch")
    with serving(pumps, {}) as api:
        assert api.client.portal is not None
        api.client.portal.call(api.client.app, scope, slowly, send)
        assert answer["status"] == 408
        said = json.loads(answer["body"])["detail"]
        assert said == "The body took more than 0.3 seconds to come."
        assert api.client.post("/predict/batch", json=[tiny.RECORD]).status_code == 200
