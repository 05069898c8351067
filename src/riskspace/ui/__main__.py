"""`python -m riskspace.ui`: the page as one process."""

from __future__ import annotations

import asyncio
import sys

import httpx

from riskspace import logs, settings
from riskspace.settings import Settings
from riskspace.ui.app import create_app
from riskspace.ui.client import ApiClient, connect
from riskspace.web.allocator import share_freed_memory
from riskspace.web.answers import Model
from riskspace.web.server import listen, prepare, serve


def main() -> int:
    """Serves until stopped; 1 when the API never answers or the port is taken."""
    chosen = settings.load_or_exit()
    share_freed_memory()
    logs.configure(chosen)
    host, port = chosen.gradio_server_name, chosen.gradio_server_port
    try:
        listener = listen(host, port, "GRADIO_SERVER_NAME, GRADIO_SERVER_PORT")
        model = asyncio.run(_model(chosen))
    except (httpx.HTTPError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    serve(
        prepare(create_app(chosen, model, connect(chosen.api_url, chosen.max_in_flight))), listener
    )
    return 0


async def _model(chosen: Settings) -> Model:
    async with connect(chosen.api_url, chosen.max_in_flight) as http:
        try:
            return await ApiClient(http).wait_for_model(chosen.api_tries, chosen.try_seconds)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise httpx.HTTPError(f"API_URL: {chosen.api_url}: no model there: {reason}") from None


if __name__ == "__main__":
    raise SystemExit(main())
