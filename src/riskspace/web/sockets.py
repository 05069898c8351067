"""What the kernel says of a transport's connection."""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
import time
from typing import Any

# Linux's tcp_info: bytes that the peer has acknowledged, and that came from it.
_MOVED = struct.Struct("@120xQQ")


def waits(transport: Any) -> bool:
    """Whether something has come that nobody has read."""
    connection: socket.socket = transport.get_extra_info("socket")
    return any(fcntl.ioctl(connection.fileno(), termios.FIONREAD, bytes(4)))


def moved(transport: Any) -> int:
    """Bytes that went either way, as the kernel counts them; where it doesn't, nobody is slow."""
    if sys.platform != "linux":
        return time.monotonic_ns()
    connection: socket.socket = transport.get_extra_info("socket")
    return sum(
        _MOVED.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _MOVED.size))
    )
