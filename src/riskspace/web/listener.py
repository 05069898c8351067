"""The socket that a server listens on, taken before anything slow is done."""

from __future__ import annotations

import socket


def listen(host: str, port: int, variables: str) -> socket.socket:
    """A bound TCP socket. Raises OSError naming the address and the environment `variables` that
    chose it, where it can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise OSError(f"{variables}: can't listen on {host}:{port}: {error.strerror}") from None
    return listener
