from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from api.apis import TOKEN, Api, on_redis, serving
from real import RedisServer

Serve = Callable[..., Api]


@pytest.fixture
def serve(pumps: Path) -> Iterator[Serve]:
    """Starts APIs over the tiny package that end with the test."""
    with ExitStack() as stack:

        def start(environ: dict[str, str] | None = None, **options: Any) -> Api:
            return stack.enter_context(serving(pumps, environ or {}, **options))

        yield start


@pytest.fixture
def api(serve: Serve) -> Api:
    """The API as it starts with nothing set."""
    return serve()


@pytest.fixture(scope="module")
def lasting(pumps: Path) -> Iterator[Api]:
    """The same, once for all tests that leave it as it is."""
    with serving(pumps, {}) as api:
        yield api


@pytest.fixture
def redis_api(redis_server: RedisServer, serve: Serve) -> Api:
    """The API with its log and its records in Redis, and with an owner."""
    return serve(on_redis(redis_server, ADMIN_TOKEN=TOKEN))
