"""Bytes to a port as they are, and what comes back: no client in between that would tidy them."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JSON = {"Content-Type": "application/json"}
# Seconds that an answer may take, and that another one may take which should not be there.
ANSWER, ANOTHER = 10.0, 0.2


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """All that a server said on one connection."""

    text: bytes
    answers: list[Answer]

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


class Wire:
    """One port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), ANSWER)

    def say(self, *parts: bytes, leave: bool = False, wait: float = ANSWER) -> Said:
        """Sends bytes and reads until the server closes or has nothing more to say; with `leave`,
        the server is told that no more will come."""
        with self.connect() as connection:
            heard = b""
            try:
                for part in parts:
                    connection.sendall(part)
                if leave:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has closed already: what it said is still to be read
            deadline = time.monotonic() + wait
            while (left := deadline - time.monotonic()) > 0:
                connection.settimeout(min(left, ANOTHER) if whole(heard) else left)
                try:
                    part = connection.recv(1 << 20)
                except OSError:
                    break
                if not part:
                    break
                heard += part
            return Said(heard, parsed(heard))

    def ask(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, and the one answer to it."""
        lines = {"Host": "x", "Connection": "close", **(headers or {})}
        if body:
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        text = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1")
        (answer,) = self.say(text + body, wait=30).answers
        return answer


def parsed(text: bytes) -> list[Answer]:
    """The answers in what a server said; a last one that is cut short is none."""
    answers = []
    while (found := _first(text)) is not None:
        answer, text = found
        answers.append(answer)
    return answers


def whole(text: bytes) -> bool:
    """Whether nothing of an answer that began is still to come."""
    answers = parsed(text)
    return bool(answers) and not _rest(text, len(answers))


def _rest(text: bytes, count: int) -> bytes:
    for _ in range(count):
        found = _first(text)
        assert found is not None
        text = found[1]
    return text


def _first(text: bytes) -> tuple[Answer, bytes] | None:
    head, end, rest = text.partition(b"\r\n\r\n")
    start = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    if not end or start is None:
        return None
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
    headers = {name.lower(): value for name, _, value in lines}
    status = int(start[1])
    if status == 100:
        return _first(rest)
    if headers.get("transfer-encoding") == "chunked":
        body, rest = _unchunked(rest)
        return (Answer(status, headers, body), rest) if body is not None else None
    size = int(headers.get("content-length", 0))
    return (Answer(status, headers, rest[:size]), rest[size:]) if len(rest) >= size else None


def _unchunked(text: bytes) -> tuple[bytes | None, bytes]:
    body = b""
    while (found := re.match(rb"([0-9A-Fa-f]+)\r\n", text)) is not None:
        size, start = int(found[1], 16), found.end()
        if len(text) < start + size + 2:
            break
        body += text[start : start + size]
        text = text[start + size + 2 :]
        if size == 0:
            return body, text
    return None, text
