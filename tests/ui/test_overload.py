"""The public port refuses what is too much, as the API does."""

from __future__ import annotations

import asyncio

import httpx

from riskspace import settings
from riskspace.ui.public_api import create_public_api


def test_one_more_than_there_may_be_is_refused_and_room_comes_back() -> None:
    async def run() -> None:
        may, asked = asyncio.Event(), []

        async def slow(request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            await may.wait()
            return httpx.Response(200, json={})

        upstream = httpx.AsyncClient(transport=httpx.MockTransport(slow), base_url="http://api")
        app = create_public_api(upstream, settings.load({"MAX_IN_FLIGHT": "2"}))
        transport = httpx.ASGITransport(app)
        waiting = asyncio.timeout(10)  # where nothing is refused, one waits for the others
        async with (
            waiting,
            upstream,
            httpx.AsyncClient(transport=transport, base_url="http://here") as http,
        ):
            busy = [asyncio.create_task(http.get("/model")) for _ in range(2)]
            while len(asked) < 2:
                await asyncio.sleep(0)
            refused = await http.get("/health")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.json()["detail"] == "There are 2 requests already; come again."
            may.set()
            assert [(await one).status_code for one in busy] == [200, 200]
            assert (await http.get("/health")).status_code == 200
            assert len(asked) == 3

    asyncio.run(run())
