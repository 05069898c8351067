"""An answer's head and its body, sent by one call of the system."""

from __future__ import annotations

from typing import Any

_LENGTH = b"\r\ncontent-length: "


class Joined:
    """Stands before a transport, as far as uvicorn's cycle of request and response knows one. The
    head of an answer whose length is known waits for what follows it: with uvloop each write is a
    call, and wakes who reads."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._held: bytes | None = None
        self._begins = False

    def begin(self) -> None:
        """An answer is to come."""
        self._begins = True

    def write(self, data: bytes) -> None:
        if self._held is not None:
            head, self._held = self._held, None
            self._transport.write(head + data)
        elif self._begins and _LENGTH in data:
            self._held = data
        else:
            self._transport.write(data)
        self._begins = False

    def flush(self) -> None:
        """Nothing follows."""
        if self._held is not None:
            head, self._held = self._held, None
            self._transport.write(head)

    def is_closing(self) -> bool:
        return bool(self._transport.is_closing())

    def close(self) -> None:
        self.flush()
        self._transport.close()
