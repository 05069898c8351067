"""Stands in for a program of the stack: `stand_in.py HOST PORT BEHAVIOUR [ARGUMENT]`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_connection, create_server
from typing import Any, NoReturn


class Server(ThreadingHTTPServer):
    """Answers every GET with one status, as `/health` and `/` do."""

    def __init__(self, host: str, port: int, status: int = 200) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        super().__init__((host, port), Handler)
        self.serve_forever()


def answers(host: str, port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(host, port)


def answers_503(host: str, port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(host, port, 503)


def talks(host: str, port: int) -> None:
    sys.stdout.write("on standard output\n")
    sys.stdout.flush()
    sys.stderr.write("on standard error\n")
    answers(host, port)


def never_answers(host: str, port: int) -> None:
    """Lets its queue of connections fill up, so that in the end connecting hangs too."""
    with create_server((host, port), backlog=1):
        signal.pause()


def ignores_term(host: str, port: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Server(host, port)


def dies(*_: object) -> NoReturn:
    sys.stderr.write("Traceback (most recent call last):\nRuntimeError: no heart\n")
    sys.stderr.flush()
    os._exit(3)


def is_killed(*_: object) -> None:
    signal.raise_signal(signal.SIGKILL)


def dies_after(host: str, port: int, seconds: str) -> None:
    threading.Timer(float(seconds), dies).start()
    Server(host, port)


def starts_once(host: str, port: int, marker: str) -> None:
    if Path(marker).exists():
        dies()
    Path(marker).touch()
    dies_after(host, port, "1.5")


def needs_at_its_end(host: str, port: int, other: str) -> None:
    """Is asked to stop while `other` (`http://...` or `redis://HOST:PORT`) must still answer."""

    def last_act(*_: object) -> NoReturn:
        if other.startswith("http:"):
            urllib.request.urlopen(other, timeout=2).close()
        else:
            redis_host, redis_port = other.removeprefix("redis://").split(":")
            with create_connection((redis_host, int(redis_port)), timeout=2) as redis:
                redis.sendall(b"SET last act\r\n")
                assert redis.recv(64) == b"+OK\r\n"
        sys.stdout.write(f"reached {other}\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, last_act)
    Server(host, port)


BEHAVIOURS = {
    behaviour.__name__: behaviour
    for behaviour in (
        answers,
        answers_503,
        talks,
        never_answers,
        ignores_term,
        dies,
        is_killed,
        dies_after,
        starts_once,
        needs_at_its_end,
    )
}

if __name__ == "__main__":
    given_host, given_port, given_behaviour, *arguments = sys.argv[1:]
    BEHAVIOURS[given_behaviour](given_host, int(given_port), *arguments)
