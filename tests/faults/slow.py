"""Clients that hold a connection: a byte a second of a request line, of a header, of a body; an
answer that nobody reads; a connection that says nothing."""

from __future__ import annotations

import resource
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from faults.aside import Aside, until_left

_POST = b"POST %b HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\n"
_PREDICT, _BATCH = _POST % b"/predict", _POST % b"/predict/batch"
# What each kind sends at once, and what it sends each second from then on.
KINDS = {
    "nothing": (b"", b""),
    "request line": (b"GET /", b"x"),
    "header": (_PREDICT + b"X-Slow: ", b"x"),
    "body": (_PREDICT + b"Content-Length: 60000\r\n\r\n{", b"x"),
    "body in chunks": (_PREDICT + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "long body": (_BATCH + b"Content-Length: 4000000\r\n\r\n" + b" " * 100_000, b"x"),
}


class SlowClients(Aside):
    """So many of each kind at once, until the server ends them. Afterwards `longest` says for how
    many seconds those of a kind were held at most, and `answers` what they were told."""

    def __init__(self, port: int, each: int) -> None:
        super().__init__(__file__, port, each)

    @property
    def longest(self) -> dict[str, float]:
        return {kind: max(ended) for kind, ended in self.found["seconds"].items()}

    @property
    def ended(self) -> int:
        return sum(map(len, self.found["seconds"].values()))

    @property
    def answers(self) -> dict[str, list[str]]:
        return dict(self.found["answers"])


@dataclass
class _Client:
    kind: str
    connection: socket.socket
    began: float
    unsent: bytes
    answer: bytes = b""


@dataclass
class _Clients:
    """All of them, in one thread: they cost the machine as little as they can."""

    port: int
    watch: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    ended: list[tuple[_Client, float]] = field(default_factory=list)

    def connect(self, kind: str) -> None:
        connection = socket.create_connection(("127.0.0.1", self.port), 10)
        connection.setblocking(False)
        client = _Client(kind, connection, time.monotonic(), KINDS[kind][0])
        self.watch.register(connection, selectors.EVENT_READ, client)

    def second(self) -> None:
        """Sends what is next, and listens for a second."""
        over = time.monotonic() + 1
        for key in list(self.watch.get_map().values()):
            self._send(key.data)
        while (left := over - time.monotonic()) > 0:
            if not self.watch.get_map():
                time.sleep(left)
            for key, _ in self.watch.select(left):
                self._listen(key.data)

    def _send(self, client: _Client) -> None:
        text = client.unsent + KINDS[client.kind][1]
        try:
            client.unsent = text[client.connection.send(text) :] if text else b""
        except BlockingIOError:
            client.unsent = text
        except OSError:
            self._end(client)

    def _listen(self, client: _Client) -> None:
        try:
            part = client.connection.recv(65_536)
        except OSError:
            part = b""
        client.answer += part
        if not part:
            self._end(client)

    def _end(self, client: _Client) -> None:
        self.watch.unregister(client.connection)
        client.connection.close()
        self.ended.append((client, time.monotonic() - client.began))

    def found(self) -> dict[str, Any]:
        return {
            "seconds": {
                kind: [seconds for client, seconds in self.ended if client.kind == kind]
                for kind in {client.kind for client, _ in self.ended}
            },
            "answers": {
                kind: sorted(
                    {c.answer.split(b"\r\n")[0].decode() for c, _ in self.ended if c.kind == kind}
                )
                for kind in KINDS
            },
        }


def _main(port: int, each: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    clients = _Clients(port)
    for kind in KINDS:
        for _ in range(each):
            clients.connect(kind)
    until_left(clients.second, clients.found)


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
