"""`python -m riskspace.ui`: the page as one process."""

from __future__ import annotations

import asyncio
import logging
import sys

import httpx
import uvicorn

from riskspace import logs, settings
from riskspace.settings import Settings
from riskspace.ui.app import create_app
from riskspace.ui.client import ApiClient
from riskspace.web.answers import Model
from riskspace.web.listener import listen

logger = logging.getLogger("ui")

# Seconds that requests in flight have at shutdown: a page holds its event stream open for ever.
GRACE = 2


def main() -> int:
    """Serves until stopped; 1 when the API never answers or the port is taken."""
    chosen = settings.load_or_exit()
    logs.configure(chosen)
    try:
        listener = listen(
            chosen.gradio_server_name,
            chosen.gradio_server_port,
            "GRADIO_SERVER_NAME, GRADIO_SERVER_PORT",
        )
        model = asyncio.run(_model(chosen))
    except (httpx.HTTPError, OSError) as error:
        sys.stderr.write(f"{error or type(error).__name__}\n")
        return 1
    app = create_app(chosen, model, httpx.AsyncClient(base_url=chosen.api_url))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    uvicorn.Server(config).run(sockets=[listener])
    return 0


async def _model(chosen: Settings) -> Model:
    async with httpx.AsyncClient(base_url=chosen.api_url) as http:
        try:
            return await ApiClient(http).wait_for_model(chosen.api_tries, chosen.try_seconds)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise httpx.HTTPError(f"API_URL: {chosen.api_url}: no model there: {reason}") from None


if __name__ == "__main__":
    raise SystemExit(main())
