"""A steady load: so many predictions a second, asked whether or not those before were answered,
and what became of each."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from real import ROOT

# Seconds that a client waits for its answer.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where predictions are asked for. `name` tells targets apart in figures."""

    name: str
    port: int
    path: str = "/predict"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request. `began` is in seconds of `time.monotonic`; without an HTTP answer
    `status` is None and `error` says what happened to the connection."""

    request_id: str
    target: str
    began: float
    seconds: float
    status: int | None = None
    prediction_id: str | None = None
    retry_after: str | None = None
    error: str | None = None

    @property
    def ended(self) -> float:
        return self.began + self.seconds


def example() -> bytes:
    """The record that the shipped model is shown with, as JSON."""
    manifest = json.loads((ROOT / "models/prediabetes/manifest.json").read_text("utf-8"))
    return json.dumps(manifest["example"]["record"]).encode()


class SteadyLoad:
    """Asks in a thread of its own from `start` to `stop`; the targets take turns.

    Connections stay open and are used again; one more is opened where none is free.
    """

    _numbers = itertools.count()

    def __init__(self, targets: Sequence[Target], rate: float, body: bytes | None = None) -> None:
        self.outcomes: list[Outcome] = []
        self._turns = itertools.cycle(targets)
        self._rate = rate
        self._body = example() if body is None else body
        self._free: dict[str, deque[_Connection]] = {target.name: deque() for target in targets}
        self._asking: set[asyncio.Task[None]] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Asks no more, and waits for the last answers."""
        self._stopping.set()
        self._thread.join(2 * PATIENCE)

    def since(self, moment: float, target: str | None = None) -> list[Outcome]:
        """Of the requests that began after a moment."""
        return [
            outcome
            for outcome in tuple(self.outcomes)
            if outcome.began >= moment and target in (None, outcome.target)
        ]

    def first_success(self, target: str, after: float) -> float | None:
        """When the first request that began after a moment was answered with 200."""
        ends = [one.ended for one in self.since(after, target) if one.status == 200]
        return min(ends, default=None)

    async def _run(self) -> None:
        began = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(began + number / self._rate - time.monotonic())
            if self._stopping.is_set():
                break
            task = asyncio.create_task(self._ask(next(self._turns)))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        while self._asking:
            await asyncio.wait(self._asking)
        for connection in itertools.chain(*self._free.values()):
            connection.close()
        await asyncio.sleep(0.1)  # which their transports take to be closed

    async def _ask(self, target: Target) -> None:
        request_id = f"load-{next(self._numbers)}"
        began = time.monotonic()
        connection = None
        try:
            async with asyncio.timeout(PATIENCE):
                connection = await self._connected(target)
                answer = await connection.ask(target.path, self._body, request_id)
        except (OSError, EOFError, TimeoutError) as error:
            if connection is not None:
                connection.close()
            seconds, kind = time.monotonic() - began, type(error).__name__
            self.outcomes.append(Outcome(request_id, target.name, began, seconds, error=kind))
            return
        if answer.closes:
            connection.close()
        else:
            self._free[target.name].append(connection)
        self.outcomes.append(
            Outcome(
                request_id,
                target.name,
                began,
                time.monotonic() - began,
                answer.status,
                answer.prediction_id,
                answer.retry_after,
            )
        )

    async def _connected(self, target: Target) -> _Connection:
        free = self._free[target.name]
        while free:
            connection = free.pop()
            if connection.open:
                return connection
            connection.close()
        return _Connection(*await asyncio.open_connection("127.0.0.1", target.port))


def statuses(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How often each status or error came."""
    return dict(Counter(str(one.status or one.error) for one in outcomes))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    retry_after: str | None
    closes: bool
    prediction_id: str | None


class _Connection:
    """HTTP/1.1 as far as a client that knows the server needs it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def open(self) -> bool:
        return not (self._reader.at_eof() or self._writer.is_closing())

    async def ask(self, path: str, body: bytes, request_id: str) -> _Answer:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: load\r\nContent-Type: application/json\r\n"
            f"X-Request-ID: {request_id}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        content = await self._reader.readexactly(int(headers["content-length"]))
        status = int(first.split()[1])
        return _Answer(
            status,
            headers.get("retry-after"),
            headers.get("connection") == "close",
            json.loads(content)["prediction_id"] if status == 200 else None,
        )

    def close(self) -> None:
        self._writer.close()
