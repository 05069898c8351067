"""Asks supervisord to start a program: `python -m riskspace.supervision.start SOCKET PROGRAM`.

`supervisorctl start` would wait until the program has stayed up for `startsecs`; start.sh asks the
service itself instead whether it is ready.
"""

from __future__ import annotations

import http.client
import socket
import sys
import xmlrpc.client
from pathlib import Path

# supervisor.xmlrpc.Faults: the program died within the call, and supervisord will try again.
_SPAWN_ERROR = 50


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002
        return _UnixConnection(self._path)


def start_process(path: Path, program: str) -> None:
    """Starts `program` of the supervisord that listens on the socket `path`, without waiting.

    Raises OSError when nobody listens there, xmlrpc.client.Fault when supervisord refuses.
    """
    with xmlrpc.client.ServerProxy("http://supervisor", _UnixTransport(path)) as server:
        try:
            server.supervisor.startProcess(program, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != _SPAWN_ERROR:
                raise


if __name__ == "__main__":
    try:
        start_process(Path(sys.argv[1]), sys.argv[2])
    except (OSError, xmlrpc.client.Error) as error:
        raise SystemExit(f"supervisord: {error}") from None
