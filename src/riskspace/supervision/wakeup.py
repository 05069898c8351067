"""Makes supervisord act on a signal at once.

supervisord (4.3) waits in `poll` for up to 1 s, and since Python 3.5 a signal no longer interrupts
that wait (PEP 475). So a program that died is restarted up to a second late, and a stop costs up
to a second more for each program. A wake-up descriptor among those it polls ends the wait
(https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
"""

from __future__ import annotations

import os
import signal
from typing import Any

_AGAIN = b"\0"  # no signal has the number 0


class Wakeup:
    """A reader of supervisord's loop, in the shape of its dispatchers.

    supervisord handles one signal a turn of its loop, and restarts in the turn after the one that
    reaped. So it reads one signal a turn, and each is worth one more turn.
    """

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        if os.read(self.fd, 1) != _AGAIN:
            os.write(self._write_fd, _AGAIN)

    def handle_error(self) -> None:
        """A full pipe wakes just as well."""


def install(supervisord: Any, **_: str) -> object:
    """Called by supervisord as the factory of an RPC interface: this one has no methods."""
    wakeup = Wakeup()
    supervisord.options.get_socket_map()[wakeup.fd] = wakeup
    return object()
