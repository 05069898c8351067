"""What a connection may cost, on a real socket: its time, its bytes and its place."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import tiny
from api.apis import on_redis
from api.processes import Process, start
from real import ROOT, RedisServer, eventually, free_port
from space import answers
from starlette.types import Receive, Scope, Send

from riskspace.web import connections, descriptors
from riskspace.web.connections import HEAD_LIMIT, PATIENCE, SLOWEST
from riskspace.web.server import listen, prepare, serve

BODY = json.dumps(tiny.RECORD).encode()
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
UNREAD = 20
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def process(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    started = start(pumps, tmp_path_factory.mktemp("api"))
    yield started
    assert "Traceback" not in started.program.text()
    started.program.process.kill()
    started.program.process.wait()


def connect(process: Process) -> socket.socket:
    return socket.create_connection(("127.0.0.1", process.port), 30)


def said(process: Process, *pieces: bytes) -> bytes:
    """All that the server says until it ends the connection."""
    with connect(process) as client:
        for piece in pieces:
            client.sendall(piece)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_requests_that_come_in_pieces_and_ahead_of_answers_are_answered_in_order(
    process: Process,
) -> None:
    length = b"Content-Length: %d\r\n" % len(BODY)
    once = HEAD + length + b"\r\n" + BODY + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    text = once * 2 + HEAD + length + b"Connection: close\r\n\r\n" + BODY
    for size in (1, 7, 150, len(text)):
        answer = said(process, *(text[n : n + size] for n in range(0, len(text), size)))
        assert answer.count(b"HTTP/1.1 200 OK") == 5, size
        found = re.findall(rb"prediction_id|status", answer)
        assert found == [b"prediction_id", b"status", b"prediction_id", b"status", b"prediction_id"]


def test_an_answer_without_its_body_is_sent(process: Process) -> None:
    answer = said(process, b"HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(process: Process) -> None:
    with connect(process) as client:
        length = b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(BODY)
        client.sendall(HEAD + length)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(BODY)
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        (b"GET /", b"x" * 4096),
        (b"GET / HTTP/1.1\r\nX-Long: ", b"x" * 4096),
        (b"GET / HTTP/1.1\r\n", b"X-Many: x\r\n" * 400),
        (CHUNKED + b"2\r\n{}\r\n0\r\nX-Trailer: ", b"x" * 4096),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: x\r\n" * 300),
        (CHUNKED + b"2;", b"x" * 4096),
    ],
    ids=["address", "header", "headers", "trailer", "trailers", "chunk extension"],
)
def test_a_head_without_end_is_ended(process: Process, beginning: bytes, piece: bytes) -> None:
    """And takes no memory: the parser would keep it, gigabytes of it."""
    before = memory(process.program.process.pid)
    with connect(process) as client:
        sent = len(beginning)
        with suppress(OSError):
            client.sendall(beginning)
            for _ in range(20_000):
                client.sendall(piece)
                sent += len(piece)
        assert HEAD_LIMIT < sent < 20_000_000
        with suppress(OSError):
            answer = client.recv(65_536)
            assert not answer or answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large")
    assert memory(process.program.process.pid) - before < 20_000_000


def test_a_body_in_the_smallest_chunks_is_no_head(process: Process) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY.ljust(20_000))
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert said(process, head, chunks, b"0\r\n\r\n").startswith(b"HTTP/1.1 200 OK")


@pytest.fixture(scope="module")
def waits(process: Process) -> Iterator[dict[str, Future[bytes]]]:
    """What takes PATIENCE, all at once."""
    with ThreadPoolExecutor() as pool:
        yield {one.__name__: pool.submit(one, process) for one in (slow_line, unread)}


def slow_line(process: Process) -> bytes:
    """A body that takes longer than PATIENCE, at twice the least pace."""
    burst = 2 * SLOWEST
    length = burst * (PATIENCE + 4)
    with connect(process) as client:
        client.sendall(
            HEAD.replace(b"/predict", b"/predict/batch")
            + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % length
        )
        body = (b"[" + BODY + b"]").ljust(length)
        for first in range(0, length, burst):
            time.sleep(0.9)
            client.sendall(body[first : first + burst])
        return client.recv(100)


def unread(process: Process) -> bytes:
    """Answers of far more than the system takes off the server's hands, read too late."""
    with socket.socket() as client:
        client.settimeout(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", process.port))
        client.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * UNREAD)
        time.sleep(PATIENCE + 3)
        answers = bytearray()
        with suppress(ConnectionResetError, TimeoutError):
            while part := client.recv(65_536):
                answers += part
        return bytes(answers)


def test_a_slow_line_is_no_slow_client(waits: dict[str, Future[bytes]]) -> None:
    assert waits["slow_line"].result().startswith(b"HTTP/1.1 200 OK")


def test_an_answer_that_nobody_reads_is_ended(waits: dict[str, Future[bytes]]) -> None:
    answers = waits["unread"].result()
    assert 0 < answers.count(b"HTTP/1.1 200 OK") < UNREAD


def test_a_vanished_client_is_found_out() -> None:
    """What the kernel does for it, whoever is accepted inherits."""
    with listen("127.0.0.1", 0, "") as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                tcp = socket.IPPROTO_TCP
                seconds = accepted.getsockopt(tcp, socket.TCP_KEEPIDLE) + accepted.getsockopt(
                    tcp, socket.TCP_KEEPINTVL
                ) * accepted.getsockopt(tcp, socket.TCP_KEEPCNT)
                assert seconds == 60
                assert accepted.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == 60_000


def test_a_stop_does_not_wait_for_a_body(pumps: Path, tmp_path: Path) -> None:
    process = start(pumps, tmp_path)
    with connect(process) as client:
        client.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")
        time.sleep(0.2)
        began = time.monotonic()
        process.program.stop()
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("limit", [64, 256, 1024, 4096, 6400, 1_000_000])
def test_no_descriptor_is_promised_twice(limit: int) -> None:
    share = descriptors.share(limit)
    assert 0 < share.connections <= descriptors.MOST
    assert 0 < share.backlog <= descriptors.BACKLOG
    spare = min(descriptors.SPARE, limit // 2)
    assert share.connections + share.backlog + spare <= limit


@pytest.fixture
def narrow(pumps: Path, tmp_path: Path) -> Iterator[Process]:
    """An API that may open 128 descriptors."""
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    environ |= {"MODEL_PATH": str(pumps), "API_PORT": str(port)}
    command = ["sh", "-c", f'ulimit -n 128; exec "{sys.executable}" -m riskspace.api']
    with subprocess.Popen(command, env=environ, cwd=tmp_path) as program:
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}/readyz"), 20)
            yield Process(program, port)  # type: ignore[arg-type]
        finally:
            program.kill()


def test_a_newcomer_finds_a_place_however_many_connections_wait(narrow: Process) -> None:
    """Those who have let wait longest make room, and no error of the system ends or busies it."""
    pid = narrow.program.pid  # type: ignore[attr-defined]
    stop = threading.Event()

    def crowd() -> None:
        with ExitStack() as held:
            while not stop.wait(0.001):
                with suppress(OSError):
                    held.enter_context(connect(narrow))

    crowds = [threading.Thread(target=crowd) for _ in range(2)]
    for one in crowds:
        one.start()
    try:
        time.sleep(0.5)
        answered = 0
        for _ in range(40):
            time.sleep(0.02)
            with suppress(OSError):
                answered += narrow.ask("POST", "/predict", tiny.RECORD)[0] == 200
            assert len(os.listdir(f"/proc/{pid}/fd")) < 128
        assert answered >= 38
    finally:
        stop.set()
        for one in crowds:
            one.join()
    assert narrow.ask("GET", "/livez")[0] == 200


def test_thousands_of_requests_ahead_of_answers_are_refused_one_after_the_other(
    pumps: Path, redis_server: RedisServer, tmp_path: Path
) -> None:
    """The one request that there may be reads the log of a Redis that hangs."""
    process = start(pumps, tmp_path, **on_redis(redis_server, MAX_IN_FLIGHT="1"))
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        busy = threading.Thread(target=process.ask, args=("GET", "/logs"))
        busy.start()
        time.sleep(0.2)
        first = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        refused = b"GET /model HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /model HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = said(process, first + refused * 2000 + first + last)
        busy.join()
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)
        process.program.stop()
    statuses = re.findall(rb"HTTP/1.1 (\d+)", answer)
    assert statuses == [b"200", *[b"503"] * 2000, b"200", b"503"]
    assert "Traceback" not in process.program.text()


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        for stage in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{stage}.complete"})
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body"})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits 2 s for a request, and 6 s for the next one."""
    monkeypatch.setattr(connections, "PATIENCE", 2)
    monkeypatch.setattr(connections, "IDLE", 6)
    with listen("127.0.0.1", 0, "") as listener:
        port = listener.getsockname()[1]
        server = prepare(hello)
        running = threading.Thread(target=serve, args=(server, listener))
        running.start()
        eventually(lambda: server.started)
        yield port
        server.should_exit = True
        running.join()


def test_a_connection_waits_longer_for_its_next_request_than_for_the_rest_of_one(
    impatient: int,
) -> None:
    def held(before: bytes) -> float:
        """Seconds until the server ends a connection that says no more than this."""
        with socket.create_connection(("127.0.0.1", impatient), 20) as client:
            client.sendall(before)
            began = time.monotonic()
            with suppress(ConnectionResetError):
                while client.recv(65_536):
                    pass
            return time.monotonic() - began

    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with ThreadPoolExecutor(3) as clients:
        silent, slow, idle = clients.map(held, (b"", request + b"GET / HT", request))
    assert silent < 4.5
    assert slow < 4.5
    assert 5 < idle < 9


def test_a_body_that_comes_byte_by_byte_is_not_waited_for(impatient: int) -> None:
    answer, began = b"", time.monotonic()
    with socket.create_connection(("127.0.0.1", impatient), 0.2) as client:
        client.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        while not answer and time.monotonic() - began < 10:
            client.sendall(b"x")
            with suppress(TimeoutError):
                answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < 4.5
