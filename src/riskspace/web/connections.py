"""Connections whose clients send slowly, read slowly, send without end, or have gone.

uvicorn waits for them for ever. Here each is looked at once a second, so that a request costs
nothing for it, not even the timer that uvicorn has for a connection between two of them.
"""

from __future__ import annotations

import heapq
import json
import random
from asyncio import Transport
from typing import Any, cast

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from riskspace.web import problems, sockets
from riskspace.web.joined import Joined
from riskspace.web.overload import Gate, refusal

# Seconds that a client may let the server wait: for a request's head, and for any second in which
# SLOWEST bytes of a body or of an answer moved.
PATIENCE = 10
# Seconds that a connection may wait for its next request: longer than clients and proxies keep one,
# as a request that comes just when it is ended is lost.
IDLE = 75
SLOWEST = 16 * 1024
# Seconds, at most, until a client that was refused is heard again: each time that it came before,
# twice as many, until the longest. At least half of them: who was refused together would come
# together for ever.
REST = 0.2
LONGEST_REST = 1.0
# Bytes of a request that are not its body: its head, its trailers, and what frames its chunks.
HEAD_LIMIT = 64 * 1024
_FRAME = 16
# A crowd that is too large loses one in so many.
_SHARE = 16


class Crowd(ServerState):
    """The connections of one server, at most `most` of them, and the gate of its requests."""

    def __init__(self, most: int, gate: Gate | None = None) -> None:
        super().__init__()
        self.most = most
        self.gate = gate
        self._places = 0
        self._met = 0

    def look(self) -> None:
        """Ends those whose clients let it wait for too long; to be called once a second."""
        for connection in list(self.connections):
            if isinstance(connection, Connection):
                connection.look()

    def admits(self, newcomer: Connection) -> bool:
        """Whether there is a place. Past the last one, those who have let wait longest go."""
        self._met += 1
        newcomer.number = self._met
        if len(self.connections) <= self.most:
            self._places = 0
            return True
        if self._places == 0:
            self._places = self._make_room(newcomer)
        if self._places == 0:
            return False
        self._places -= 1
        return True

    def _make_room(self, newcomer: Connection) -> int:
        waiting = [
            connection
            for connection in self.connections
            if isinstance(connection, Connection)
            and connection is not newcomer
            and connection.owes_a_request
        ]
        some = self.most // _SHARE + 1
        leaving = heapq.nlargest(some, waiting, key=lambda one: (one.late, -one.number))
        for connection in leaving:
            connection.transport.abort()
        return len(leaving)


class Connection(HttpToolsProtocol):
    """HTTP/1.1 with one client. A request goes to the application once it is there, body and all,
    or as much of it as is held: who sends slowly keeps no one busy.

    `late` is for how many looks in a row it has been the client's turn, `number` its place among
    those that ever came.
    """

    server_state: Crowd

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.late = 0
        self.number = 0
        self._seen: RequestResponseCycle | None = None
        self._moved = 0
        self._overhead = 0
        self._begun = False
        self._held: ASGI3Application | None = None
        self._answering: RequestResponseCycle | None = None
        self._rests = REST
        self._early = False  # the next request came while nobody heard

    @property
    def owes_a_request(self) -> bool:
        """Whether nothing is asked yet that the application could answer."""
        answered = self.cycle is None or self.cycle.response_complete
        return (answered or self._held is not None) and not self.transport.is_closing()

    # --- What comes in ------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._joined = Joined(transport)
        if not self.server_state.admits(self):
            self._refuse(503, "There are too many connections.", b"retry-after: 1\r\n")

    def data_received(self, data: bytes) -> None:
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > HEAD_LIMIT:
            self._refuse(431, f"The head is longer than {HEAD_LIMIT} bytes.")

    def on_message_begin(self) -> None:
        self.late, self._begun = 0, True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the body it is a trailer, which no proxy before us has looked at.
        if self.cycle is None or self.cycle.scope is not self.scope:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._overhead = max(0, self._overhead - len(body) - _FRAME)
        super().on_body(body)
        if self._held is not None and len(self.cycle.body) > HIGH_WATER_LIMIT:
            self._release()

    def on_message_complete(self) -> None:
        self._overhead, self._begun = 0, False
        super().on_message_complete()
        if self._held is not None:
            self._release()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # A client that waits to be asked for its body is asked by the application.
        if cycle.more_body and not cycle.waiting_for_100_continue:
            self._held = app
        else:
            self._begin(cycle, app)

    def _release(self) -> None:
        app, self._held = self._held, None
        assert app is not None
        self._begin(self.cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        gate, scope = self.server_state.gate, cast(Scope, cycle.scope)
        early, self._early = self._early, False
        if gate is None or cycle.more_body or gate.lets_in(scope, early=early):
            self._answering = cycle
            cycle.transport = cast(Transport, self._joined)
            self._joined.begin()
            super()._start_asgi_task(cycle, app)
        else:
            self._turn_away(cycle, gate.most)

    def _turn_away(self, cycle: RequestResponseCycle, most: int) -> None:
        """Answers as the application would, without a task for it: a crowd that is refused must
        not keep those waiting who are not."""
        headers, body = refusal(cast(Scope, cycle.scope), most)
        lines = [b"HTTP/1.1 503 Service Unavailable\r\n"]
        lines += [b"%b: %b\r\n" % pair for pair in (*cycle.default_headers, *headers)]
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        lines += [b"\r\n", b"" if cycle.scope["method"] == "HEAD" else body]
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(lines))
        if not cycle.keep_alive:
            self.transport.close()
        if self.pipeline:  # thousands may have come ahead of this answer: not inside each other
            self.loop.call_soon(self.on_response_complete)
        else:
            self.on_response_complete()
            self._rest()

    def _rest(self) -> None:
        """Doesn't hear for a moment who was told to come again later: else a crowd that comes again
        at once would have its refusals, and nobody an answer."""
        if not self.transport.is_closing():
            self.transport.pause_reading()
            self.loop.call_later(random.uniform(self._rests / 2, self._rests), self._listen)

    def _listen(self) -> None:
        if not self.transport.is_closing() and not self.flow.read_paused:
            self._early = sockets.waits(self.transport)
            self._rests = min(2 * self._rests, LONGEST_REST) if self._early else REST
            self.transport.resume_reading()

    def on_response_complete(self) -> None:
        """As uvicorn's own, without its timer."""
        self._joined.flush()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    # --- How it ends --------------------------------------------------------------------------

    def eof_received(self) -> None:
        """Nobody reads any more, and the transport closes: an answer that is written to it would
        be an error, though not the application's."""
        if self._answering is not None:
            self._answering.disconnected = True

    def look(self) -> None:
        """Ends the connection where its client has let wait for too long."""
        if self._moves():
            self.late = 0
            return
        self.late += 1
        answered = self.cycle is not None and self.cycle.response_complete
        if self.late < (IDLE if answered and not self._begun else PATIENCE):
            return
        if self._held is not None:
            self._refuse(408, f"The body stopped coming for {PATIENCE} seconds.")
        else:
            self.transport.abort()

    def shutdown(self) -> None:
        if self._held is not None:
            self.transport.close()
        else:
            super().shutdown()

    def _moves(self) -> bool:
        """Whether it is not the client's turn, or the client has done enough since the last
        look."""
        cycle, seen = self.cycle, self._seen
        self._seen = cycle
        if not self.transport.get_write_buffer_size():
            if cycle is None or cycle.response_complete:
                return cycle is not seen
            if not cycle.more_body or self.flow.read_paused:
                return True
        before, self._moved = self._moved, sockets.moved(self.transport)
        return self._moved - before >= SLOWEST

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Refuses what can't be read, once what came before it is answered."""
        if self.owes_a_request or self.cycle is None or self.cycle.more_body:
            self._refuse(400, "The request can't be read.")
        else:
            self.cycle.keep_alive = False
            self.flow.pause_reading()

    def _refuse(self, status: int, detail: str, headers: bytes = b"") -> None:
        """An answer to what is no request yet, and the end."""
        if not self.owes_a_request:
            self.eof_received()
            self.transport.abort()
            return
        content = {
            "type": "about:blank",
            "title": problems.title(status),
            "status": status,
            "detail": detail,
            "instance": "/",
            "request_id": None,
        }
        body = json.dumps(content).encode()
        own = f"content-type: {problems.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n".encode()
        head = f"HTTP/1.1 {status} {content['title']}\r\n".encode()
        dated = b"".join(b"%b: %b\r\n" % pair for pair in self.server_state.default_headers)
        end = b"connection: close\r\n\r\n"
        self._held = None
        self.transport.write(b"".join((head, dated, own, headers, end, body)))
        self.transport.close()
