"""An application as one process: its socket, taken before anything slow is done, and its server."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from riskspace.web import descriptors
from riskspace.web.acceptor import Acceptor
from riskspace.web.connections import Connection, Crowd
from riskspace.web.overload import Gate

# Seconds that requests in flight have at shutdown; a page holds its event stream open for ever.
GRACE = 2
# Seconds until the kernel asks a silent client whether it is still there, between two more tries,
# how many they are, and seconds (in ms) that sent bytes may go unacknowledged: a client that has
# vanished says nothing, not even that it has gone.
_VANISHED = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


def listen(host: str, port: int, variables: str) -> socket.socket:
    """A bound TCP socket. Raises OSError naming the address and the environment `variables` that
    chose it, where it can't be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _VANISHED.items():  # whoever is accepted inherits them
            if hasattr(socket, name):
                listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        listener.bind(address)
    except OSError as error:
        raise OSError(f"{variables}: can't listen on {host}:{port}: {error.strerror}") from None
    return listener


class Server(uvicorn.Server):
    """uvicorn's, with an eye on its connections and a quicker way to take them in."""

    def __init__(self, config: uvicorn.Config, crowd: Crowd) -> None:
        super().__init__(config)
        self.server_state = self._crowd = crowd
        self._acceptors: list[Acceptor] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._acceptors = [Acceptor(listener, self._connection) for listener in sockets or []]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        await asyncio.sleep(0)  # which those that are being taken in need to end
        await super().shutdown(sockets)

    def _connection(self) -> Connection:
        return Connection(
            config=self.config, server_state=self._crowd, app_state=self.lifespan.state
        )

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # once a second
            self._crowd.look()
        return await super().on_tick(counter)


def prepare(app: ASGIApp, gate: Gate | None = None) -> Server:
    """A server that logs nothing of its own below WARNING; for `serve`. What the gate doesn't let
    in, it refuses by itself."""
    share = descriptors.claim()
    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # who is connected, not who they say they are
        server_header=False,
        backlog=share.backlog,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(config, Crowd(share.connections, gate))


def serve(server: Server, listener: socket.socket) -> None:
    """Answers until SIGTERM, SIGINT or `server.should_exit`."""
    with suppress(KeyboardInterrupt):  # uvicorn ends in order, then raises the signal again
        server.run(sockets=[listener])
