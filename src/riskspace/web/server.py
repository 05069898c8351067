"""An application as one process: its socket, taken before anything slow is done, and its server."""

from __future__ import annotations

import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

# Seconds that requests in flight have at shutdown; a page holds its event stream open for ever.
GRACE = 2


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


def prepare(app: ASGIApp) -> uvicorn.Server:
    """A server that logs nothing of its own below WARNING; for `serve`."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)


def serve(server: uvicorn.Server, listener: socket.socket) -> None:
    """Answers until SIGTERM, SIGINT or `server.should_exit`."""
    with suppress(KeyboardInterrupt):  # uvicorn ends in order, then raises the signal again
        server.run(sockets=[listener])
