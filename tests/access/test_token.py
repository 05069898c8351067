"""The admin's token: what is accepted for it, and that nobody gets to read it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import tiny
from api.apis import on_redis
from hypothesis import example, given
from hypothesis import strategies as st
from model.strategies import QUICK
from pydantic import SecretStr
from real import RedisServer, eventually
from redis import Redis
from space import Space, start_space
from starlette.requests import Request

from riskspace.errors import Forbidden, Unauthorized
from riskspace.web.admin import SHORT, Admin

logger = logging.getLogger("api")
# Printable, longer than a word, not ASCII alone.
CANARY = "canari-7731-é-€-🔧"
FOLLOWS = "Bearer " + CANARY


def require(admin: Admin, authorization: bytes | None) -> None:
    headers = [] if authorization is None else [(b"authorization", authorization)]
    admin.require(Request({"type": "http", "headers": headers, "client": None}))


def sendable(text: str) -> bool:
    return bool(text) and text.isprintable() and text == text.strip()


tokens = st.text(min_size=1, max_size=40).filter(sendable)


@given(tokens, st.binary(max_size=60))
@example("é", b"\xe9")
@example("a", b"a" * 60_000)
@example("a" * 60, b"a")
@QUICK
def test_the_token_s_own_bytes_open_and_no_others(token: str, given: bytes) -> None:
    require(Admin(SecretStr(token), logger), b"Bearer " + token.encode())
    if given.strip() != token.encode():
        with pytest.raises(Unauthorized):
            require(Admin(SecretStr(token), logger), b"Bearer " + given)


@pytest.mark.parametrize("scheme", [b"Basic ", b"Token ", b"", b"Bearer", b"Bearer\t"])
def test_another_scheme_does_not_open(scheme: bytes) -> None:
    with pytest.raises(Unauthorized):
        require(Admin(SecretStr(CANARY), logger), scheme + CANARY.encode())


@pytest.mark.parametrize("given", [None, b"", b"Bearer", b"Bearer ", b"Bearer None", b"Bearer x"])
def test_nothing_opens_where_no_token_is_set(given: bytes | None) -> None:
    with pytest.raises(Forbidden):
        require(Admin(None, logger), given)


@pytest.mark.parametrize(("length", "warned"), [(SHORT - 1, True), (SHORT, False)])
def test_a_short_token_is_warned_of(
    caplog: pytest.LogCaptureFixture, length: int, warned: bool
) -> None:
    token = CANARY[:1] * length
    Admin(SecretStr(token), logger)
    assert ("ADMIN_TOKEN" in caplog.text) is warned
    assert token not in caplog.text


@pytest.fixture(scope="module")
def canary(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space that logs all it can, with its log in a Redis."""
    folder = tmp_path_factory.mktemp("canary")
    server = RedisServer(folder)
    server.start()
    variables = on_redis(server, ADMIN_TOKEN=CANARY, LOG_LEVEL="DEBUG")
    space = start_space(pumps, folder, **variables)
    yield space
    space.end()
    server.stop()


# Where a token may get by mistake or on purpose.
PLACES: dict[str, dict[str, Any]] = {
    "the right header": {"headers": {"Authorization": FOLLOWS.encode()}},
    "the right header and more": {"headers": {"Authorization": f"{FOLLOWS}x".encode()}},
    "another scheme": {"headers": {"Authorization": f"Basic {CANARY}".encode()}},
    "no scheme": {"headers": {"Authorization": CANARY.encode()}},
    "another header": {"headers": {"X-API-Key": CANARY.encode(), "Cookie": f"t={CANARY}".encode()}},
    "the request's id": {"headers": {"X-Request-ID": CANARY.encode()}},
    "a proxy's header": {"headers": {"X-Forwarded-For": CANARY.encode()}},
    "the accepted types": {"headers": {"Accept": CANARY.encode()}},
    "the query": {"params": {"token": CANARY, "access_token": CANARY}},
    "a known parameter": {"params": {"limit": CANARY, "cursor": CANARY, "since": CANARY}},
}
CALLS = [
    ("GET", 7860, "/api/logs"),
    ("DELETE", 7860, "/api/logs"),
    ("POST", 7860, "/api/predict"),
    ("GET", 7860, "/config"),
    ("GET", 8000, "/logs"),
    ("DELETE", 8000, "/logs"),
    ("POST", 8000, "/predict"),
]


@pytest.mark.parametrize(("method", "port", "path"), CALLS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_the_token_is_in_no_answer_and_opens_from_its_own_header_alone(
    canary: Space, method: str, port: int, path: str, place: dict[str, Any]
) -> None:
    base = canary.url if port == 7860 else canary.api_url
    body = {"json": {**tiny.RECORD, "material": CANARY}} if method == "POST" else {}
    answer = httpx.request(method, f"{base}{path}", **place, **body)
    said = answer.text + str(answer.headers)
    for part in (CANARY, CANARY.encode("unicode_escape").decode(), "canari-7731"):
        assert part not in said
    assert answer.status_code < 500
    if (method, port) == ("DELETE", 8000) or path == "/api/logs":
        right = place is PLACES["the right header"]
        assert answer.is_success is right


# What Redis keeps, by its kind.
READ: dict[str, Callable[[Any, str], Any]] = {
    "stream": lambda client, key: client.xrange(key),
    "string": lambda client, key: client.get(key),
    "hash": lambda client, key: client.hgetall(key),
    "zset": lambda client, key: client.zrange(key, 0, -1),
    "set": lambda client, key: client.smembers(key),
    "list": lambda client, key: client.lrange(key, 0, -1),
}


def test_the_token_is_in_no_log_and_no_file(canary: Space) -> None:
    """After all that was asked before."""
    for place in PLACES.values():
        for method, port, path in CALLS:
            base = canary.url if port == 7860 else canary.api_url
            httpx.request(method, f"{base}{path}", **place)
    httpx.post(f"{canary.api_url}/predict", json=tiny.RECORD)
    port = int(canary.environ["REDIS_PORT"])
    with Redis(port=port, decode_responses=True) as client:
        eventually(lambda: client.exists("riskspace:logs") == 1)
        kept = str([READ[client.type(key)](client, key) for key in client.scan_iter()])
    log = httpx.get(f"{canary.api_url}/logs", params={"limit": 1000})
    assert log.json()["total"] > 0
    for text in (kept, log.text, canary.api.text(), canary.ui.text()):
        assert "canari-7731" not in text
    for path in canary.folder.rglob("*"):
        assert not path.is_file() or b"canari-7731" not in path.read_bytes(), path
