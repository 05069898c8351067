"""`python -m riskspace.api`: the API as one process."""

from __future__ import annotations

import sys

from riskspace import logs, settings
from riskspace.api.app import create_app
from riskspace.backend import assemble
from riskspace.errors import PackageError
from riskspace.web.server import listen, prepare, serve


def main() -> int:
    """Serves until stopped; 1 when the model package is refused or the port is taken."""
    chosen = settings.load_or_exit()
    logs.configure(chosen)
    failures: list[Exception] = []

    def refused(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    try:
        backend = assemble(chosen, refused)
        listener = listen(chosen.api_host, chosen.api_port, "API_HOST, API_PORT")
    except (PackageError, OSError) as error:
        return _fail(error)
    server = prepare(create_app(backend))
    serve(server, listener)
    return _fail(failures[0]) if failures else 0


def _fail(error: Exception) -> int:
    sys.stderr.write(f"{str(error) or type(error).__name__}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
