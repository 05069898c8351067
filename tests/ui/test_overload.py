"""The public port refuses what is too much, as the API does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from scopes import post
from starlette.applications import Starlette
from starlette.types import Message

from riskspace import settings
from riskspace.ui.public_api import AT_ONCE, create_public_api


class Upstream:
    """An API that answers when it may."""

    def __init__(self) -> None:
        self.may = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        await self.may.wait()
        return httpx.Response(200, json={})


@asynccontextmanager
async def public(upstream: Upstream) -> AsyncIterator[tuple[Starlette, httpx.AsyncClient]]:
    mock = httpx.MockTransport(upstream)
    async with asyncio.timeout(10), httpx.AsyncClient(transport=mock, base_url="http://api") as api:
        app = create_public_api(api, settings.load({}))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            yield app, http


def test_few_ask_the_api_at_once_and_batches_beside_them() -> None:
    async def run() -> None:
        upstream = Upstream()
        async with public(upstream) as (_, http):
            ones = [asyncio.create_task(http.post("/predict", json={})) for _ in range(2 * AT_ONCE)]
            await asyncio.sleep(0.1)
            assert upstream.asked == ["/predict"] * AT_ONCE
            batch = asyncio.create_task(http.post("/predict/batch", json=[]))
            await asyncio.sleep(0.1)
            assert upstream.asked[AT_ONCE:] == ["/predict/batch"]
            upstream.may.set()
            assert {(await one).status_code for one in (*ones, batch)} == {200}

    asyncio.run(run())


def test_the_api_is_not_asked_for_whoever_has_gone() -> None:
    async def run() -> None:
        upstream = Upstream()
        upstream.may.set()
        messages: list[Message] = [{"type": "http.request", "body": b"{}"}]
        answer: dict[str, Any] = {}

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            answer.update(message)

        scope = post("/predict")
        async with public(upstream) as (app, _):
            await app(scope, receive, send)
        assert upstream.asked == []
        assert answer["status"] == 499

    asyncio.run(run())


def test_one_record_may_not_be_as_long_as_a_batch() -> None:
    async def run() -> None:
        upstream = Upstream()
        upstream.may.set()
        async with public(upstream) as (_, http):
            long = b" " * 100_000
            assert (await http.post("/predict", content=long)).status_code == 413
            assert (await http.post("/predict/batch", content=long)).status_code == 200

    asyncio.run(run())


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
