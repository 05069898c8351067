"""One connection that stays open, for calls so large that the client's own work would be measured:
what comes is read into one piece of memory, again and again."""

from __future__ import annotations

import re
import socket

from bench.load import HOST, LoadError

_ROOM = 16 * 1024 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class KeptConnection:
    """Sends one request again and again."""

    def __init__(self, port: int, path: str, body: bytes) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        self._request = b"%sContent-Length: %d\r\n\r\n%s" % (head.encode(), len(body), body)
        self._answer = memoryview(bytearray(_ROOM))
        self._socket = socket.create_connection((HOST, port), 30)

    def __enter__(self) -> KeptConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self) -> memoryview:
        """The answer's body, until the next one. Raises LoadError where it isn't a success."""
        self._socket.sendall(self._request)
        received = self._receive(0)
        head = -1
        while head < 0:
            head = bytes(self._answer[:received]).find(b"\r\n\r\n")
            received = received if head >= 0 else self._receive(received)
        start = head + 4
        said = bytes(self._answer[: head + 2])
        length = _LENGTH.search(said)
        if not said.startswith(b"HTTP/1.1 200 ") or length is None:
            raise LoadError(f"answered {said.splitlines()[0]!r}")
        end = start + int(length[1])
        while received < end:
            received = self._receive(received)
        return self._answer[start:end]

    def _receive(self, received: int) -> int:
        """Bytes received so far, with what comes next."""
        size = self._socket.recv_into(self._answer[received:])
        if not size:
            raise LoadError("the connection was closed")
        return received + size
