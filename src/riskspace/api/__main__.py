"""`python -m riskspace.api`: the API as one process."""

from __future__ import annotations

import sys
from contextlib import suppress

import uvicorn

from riskspace import logs, settings
from riskspace.api.app import create_app
from riskspace.api.backend import assemble
from riskspace.errors import PackageError
from riskspace.model import manifest, package
from riskspace.web.listener import listen

# Seconds that requests in flight have at shutdown.
GRACE = 2


def main() -> int:
    """Serves until stopped; 1 when the model package is refused or the port is taken."""
    chosen = settings.load_or_exit()
    logs.configure(chosen)
    failures: list[Exception] = []

    def refused(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    try:
        backend = assemble(
            chosen,
            manifest.read(chosen.model_path),
            lambda: package.load(chosen.model_path),
            refused,
        )
        listener = listen(chosen.api_host, chosen.api_port, "API_HOST, API_PORT")
    except (PackageError, OSError) as error:
        return _fail(error)
    config = uvicorn.Config(
        create_app(backend),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn ends in order, then raises the signal again
        server.run(sockets=[listener])
    return _fail(failures[0]) if failures else 0


def _fail(error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
