"""What stands between the page and its API, and reads along."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import httptools


@dataclass
class Passed:
    """A request as the API is asked it."""

    method: str = ""
    target: bytes = b""
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    body: bytes = b""

    def values(self, name: str) -> list[bytes]:
        return [value for known, value in self.headers if known == name]


class _Reader:
    """Takes requests from the bytes of one connection."""

    def __init__(self, passed: list[Passed]) -> None:
        self._passed = passed
        self._current = Passed()
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self._current = Passed()

    def on_url(self, url: bytes) -> None:
        self._current.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._current.headers.append((name.decode("latin-1").lower(), value))

    def on_body(self, body: bytes) -> None:
        self._current.body += body

    def on_message_complete(self) -> None:
        self._current.method = self.parser.get_method().decode()
        self._passed.append(self._current)


class Relay:
    """Passes every byte on to `port`, both ways; `passed` are the requests among them."""

    def __init__(self, port: int) -> None:
        self.passed: list[Passed] = []
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever accepts
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                asking, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(asking,), daemon=True).start()

    def _pass(self, asking: socket.socket) -> None:
        with asking, suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as api:
            for end in (asking, api):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=_pump, args=(api, asking), daemon=True)
            back.start()
            reader = _Reader(self.passed)
            while part := asking.recv(65_536):
                reader.parser.feed_data(part)
                api.sendall(part)
            api.shutdown(socket.SHUT_WR)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_RDWR)
