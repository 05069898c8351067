"""`python -m riskspace.api`: the API, in one process or in WEB_CONCURRENCY of them."""

from __future__ import annotations

import gc
import socket
import sys
from functools import partial

from riskspace import logs, settings
from riskspace.api.app import create_app, create_gate
from riskspace.backend import assemble
from riskspace.errors import PackageError
from riskspace.settings import Settings
from riskspace.web import workers
from riskspace.web.allocator import keep_freed_memory
from riskspace.web.server import listen, prepare, serve

# Seconds that another thread may go on for while the event loop wants to; Python's own are 5 ms.
GIVE_WAY = 0.0005


def main() -> int:
    """Serves until stopped; 1 when the model package is refused or the port is taken."""
    chosen = settings.load_or_exit()
    keep_freed_memory()
    try:
        listener = listen(chosen.api_host, chosen.api_port, "API_HOST, API_PORT")
    except OSError as error:
        return _fail(error)
    return workers.run(chosen.web_concurrency, partial(_work, chosen, listener))


def _work(chosen: Settings, listener: socket.socket) -> int:
    output = logs.configure(chosen)
    failures: list[Exception] = []

    def refused(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    try:
        backend = assemble(chosen, output, refused, settle)
    except PackageError as error:
        return _fail(error)
    gate = create_gate(chosen)
    server = prepare(create_app(backend, gate), gate)
    serve(server, listener)
    return _fail(failures[0]) if failures else 0


def settle() -> None:
    """What is there now stays: the collector needn't look at it again, and seldom at the rest, as
    hardly anything that a request makes refers to itself. And a batch, which has a thread of its
    own, gives way to the event loop at once."""
    gc.collect()
    gc.freeze()
    # New objects between two looks: with five times as many, a thousand new connections made
    # everybody wait for one look.
    gc.set_threshold(10_000, 20, 100)
    sys.setswitchinterval(GIVE_WAY)


def _fail(error: Exception) -> int:
    sys.stderr.write(f"{str(error) or type(error).__name__}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
