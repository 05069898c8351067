"""Taking in a crowd: libuv accepts one connection a turn of the loop, so that in a busy process the
last of a thousand would wait for a thousand turns."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

# Connections taken in at one turn.
AT_ONCE = 64


class Acceptor:
    """Accepts on a listening socket beside the loop's own server."""

    def __init__(
        self, listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._listener = listener.dup()
        self._listener.setblocking(False)
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[object]] = set()
        self._loop.add_reader(self._listener, self._accept)

    def close(self) -> None:
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for connecting in self._connecting:
            connecting.cancel()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                accepted, _address = self._listener.accept()
            except OSError:  # none is left, one has gone, or there is no room: the server's to say
                return
            connecting = self._loop.create_task(self._connect(accepted))
            self._connecting.add(connecting)
            connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, accepted)
        except OSError:
            accepted.close()
        except asyncio.CancelledError:
            accepted.close()
            raise
