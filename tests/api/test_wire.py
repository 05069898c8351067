"""What only a real server and a real socket show."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from api.hostile import CANARY
from api.processes import Process, start

JSON = {"Content-Type": "application/json"}
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def process(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    started = start(pumps, tmp_path_factory.mktemp("api"))
    yield started
    started.program.process.kill()
    started.program.process.wait()


@pytest.fixture(autouse=True)
def _sound(process: Process) -> Iterator[None]:
    """After each test it still answers, and no error was logged."""
    yield
    status, _, answer = process.ask("POST", "/predict", tiny.RECORD)
    assert (status, answer["risk"]) == (200, "worn")
    log = process.program.text()
    assert "ERROR" not in log
    assert "Traceback" not in log
    assert CANARY not in log


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536):
        yield b"x" * 65_536


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/predict", JSON, 413),
        ("/predict/batch", JSON, 413),
        ("/predict/batch", {"Content-Type": "text/csv"}, 413),
        ("/predict", {"Content-Type": "text/plain"}, 415),
        ("/nowhere", JSON, 404),
        ("/health", JSON, 405),
    ],
)
@pytest.mark.parametrize("counted", [True, False], ids=["with its length", "in chunks"])
def test_a_client_that_sends_10_mb_reads_the_answer(
    process: Process, path: str, headers: dict[str, str], status: int, counted: bool
) -> None:
    """And not a broken pipe: the server goes on reading what it will not use."""
    body = b"x" * 10_000_000 if counted else chunks(10_000_000)
    answer = process.ask("POST", path, body, headers)
    assert answer[:2] == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "media_type", "status"),
    [
        ("/predict", "application/json", 413),
        ("/predict/batch", "text/csv", 413),
        ("/predict", "text/plain", 415),
        ("/nowhere", "application/json", 404),
        ("/health", "application/json", 405),
    ],
)
def test_a_client_reads_the_answer_when_its_connection_ends_with_it(
    process: Process, path: str, media_type: str, status: int
) -> None:
    """Its body is read before the answer leaves: closing on unread bytes resets the connection."""
    headers = {"Content-Type": media_type, "Connection": "close"}
    answer = process.ask("POST", path, b"x" * 10_000_000, headers)
    assert answer[:2] == (status, "application/problem+json")


LIES = {
    "no body where one was said": HEAD + b"Content-Length: 50\r\n\r\n",
    "half a body": HEAD + b'Content-Length: 5000\r\n\r\n{"hours": "' + CANARY.encode(),
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n40\r\n{",
    "half a header": HEAD + b"X-Half: " + CANARY.encode(),
    "nothing": b"",
}


@pytest.mark.parametrize("text", LIES.values(), ids=LIES)
def test_a_client_that_leaves_in_the_middle_is_no_error(process: Process, text: bytes) -> None:
    process.say(text)


GARBAGE = {
    "no HTTP": CANARY.encode() + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n{}",
    "a length in words": HEAD + b"Content-Length: many\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "a length and chunks": HEAD
    + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n{}\r\n",
    "a NUL in a header": HEAD + b"X-Nul: \0\r\n\r\n",
    "a header on two lines": HEAD + b"X-Long: a\r\n b\r\n\r\n",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused_and_not_taken_for_a_second_request(
    process: Process, text: bytes
) -> None:
    answer = process.say(text + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ") or not answer
    assert b"model_loaded" not in answer


def test_slow_clients_hold_no_one_up(process: Process) -> None:
    slow = [socket.create_connection(("127.0.0.1", process.port)) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(HEAD + b"Content-Length: 50\r\n\r\n{")
        started = time.monotonic()
        assert process.ask("POST", "/predict", tiny.RECORD)[0] == 200
        assert time.monotonic() - started < 1
    finally:
        for connection in slow:
            connection.close()


def test_head_has_no_body(process: Process) -> None:
    answer = process.say(b"HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b""


def test_the_server_does_not_say_what_it_is(process: Process) -> None:
    answer = process.say(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"\r\nserver:" not in answer.lower()
