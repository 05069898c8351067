"""The log, read a page at a time, and emptied by its owner alone."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
import tiny
from api.apis import TOKEN, Api, entries, problem
from real import RedisServer

Serve = Callable[..., Api]
OWNER = {"Authorization": f"Bearer {TOKEN}"}
logger = logging.getLogger("api")


def read(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.client.get("/logs", params=query)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    assert set(content) == {"logs", "total", "next_cursor"}
    return content


def messages(page: dict[str, Any]) -> list[str]:
    return [entry["message"] for entry in page["logs"]]


def test_an_entry_has_the_shape_of_the_contract(redis_api: Api) -> None:
    redis_api.client.post("/predict", json=tiny.RECORD, headers={"X-Request-ID": "visit-1"})
    page = read(redis_api)
    assert page["total"] == len(page["logs"]) == 3
    assert page["next_cursor"] is None
    for entry in page["logs"]:
        assert set(entry) == {
            *("id", "timestamp", "level", "logger", "message", "request_id", "prediction_id"),
        }
        assert (entry["level"], entry["logger"]) == ("INFO", "api")
    prediction, loaded, started = page["logs"]
    assert prediction["request_id"] == "visit-1"
    assert loaded["request_id"] is loaded["prediction_id"] is None
    assert loaded["message"] == "Modèle chargé avec succès"
    assert started["message"] == "Démarrage de l'API..."


def test_the_log_is_empty_when_it_goes_to_standard_output_alone(api: Api) -> None:
    api.client.post("/predict", json=tiny.RECORD)
    assert read(api) == {"logs": [], "total": 0, "next_cursor": None}


def test_an_entry_is_in_the_log_at_once(redis_api: Api) -> None:
    """Whoever reads after their own request finds it: no waiting for the next batch."""
    for number in range(5):
        logger.info("line %d", number)
        assert messages(read(redis_api, limit=1)) == [f"line {number}"]


def test_the_newest_fifty_come_first_when_nothing_is_asked(redis_api: Api) -> None:
    for number in range(60):
        logger.info("line %d", number)
    page = read(redis_api)
    assert messages(page) == [f"line {number}" for number in range(59, 9, -1)]
    assert page["total"] == 62


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_cursor_leads_to_the_end_without_loss_or_repeat(redis_api: Api, limit: int) -> None:
    for number in range(20):
        logger.warning("line %d", number)
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit, "level": "WARNING"}
    while True:
        page = read(redis_api, **query)
        found += messages(page)
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == [f"line {number}" for number in range(19, -1, -1)]


def test_a_level_keeps_its_own_entries(redis_api: Api) -> None:
    logger.warning("careful")
    logger.error("broken")
    assert messages(read(redis_api, level="WARNING")) == ["careful"]
    assert messages(read(redis_api, level="ERROR")) == ["broken"]
    assert read(redis_api, level="CRITICAL")["logs"] == []
    assert read(redis_api, level="CRITICAL")["total"] == 4


def test_since_keeps_what_is_not_older(redis_api: Api) -> None:
    logger.info("before")
    (before,) = read(redis_api, limit=1)["logs"]
    time.sleep(0.002)  # the log's clock ticks once a millisecond
    logger.info("after")
    (after,) = read(redis_api, limit=1)["logs"]
    assert messages(read(redis_api, since=after["timestamp"])) == ["after"]
    assert messages(read(redis_api, since=before["timestamp"]))[:2] == ["after", "before"]
    local = after["timestamp"].removesuffix("Z")
    assert messages(read(redis_api, since=local)) == ["after"]


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("0001-01-01T00:00:00+14:00", True),
        ("1969-12-31T23:59:59Z", True),
        ("2999-01-01T00:00:00Z", False),
        ("9999-12-31T23:59:59-14:00", False),
    ],
)
def test_since_may_be_any_moment(redis_api: Api, moment: str, found: bool) -> None:
    assert bool(read(redis_api, since=moment)["logs"]) == found


@pytest.mark.parametrize("limit", [1, 1000])
def test_a_limit_is_taken_when_it_is_within_its_bounds(redis_api: Api, limit: int) -> None:
    assert len(read(redis_api, limit=limit)["logs"]) == min(limit, 2)


def test_the_log_keeps_as_many_entries_as_it_may(redis_server: RedisServer, serve: Serve) -> None:
    from api.apis import on_redis

    api = serve(on_redis(redis_server, REDIS_LOGS_MAX_SIZE="5"))
    for number in range(12):
        logger.info("line %d", number)
    assert messages(read(api)) == [f"line {number}" for number in range(11, 6, -1)]


def test_the_log_can_not_be_read_when_redis_is_away(
    redis_api: Api, redis_server: RedisServer
) -> None:
    redis_server.stop()
    answer = redis_api.client.get("/logs")
    assert "Redis" in problem(answer, 503)["detail"]
    assert answer.headers["retry-after"] == "1"
    answer = redis_api.client.delete("/logs", headers=OWNER)
    assert "Redis" in problem(answer, 503)["detail"]


def test_the_owner_empties_the_log_and_records_stay(
    redis_api: Api, redis_server: RedisServer
) -> None:
    redis_api.client.post("/predict", json=tiny.RECORD)
    answer = redis_api.client.delete("/logs", headers=OWNER)
    assert (answer.status_code, answer.content) == (204, b"")
    assert entries(redis_server, "logs") == []
    assert len(entries(redis_server, "records")) == 1
    assert read(redis_api)["logs"] == []


@pytest.mark.parametrize("header", [f"bearer {TOKEN}", f"BEARER  {TOKEN}", f"Bearer {TOKEN} "])
def test_the_scheme_s_case_and_spaces_do_not_matter(redis_api: Api, header: str) -> None:
    answer = redis_api.client.delete("/logs", headers={"Authorization": header})
    assert answer.status_code == 204


WRONG = {
    "nothing": None,
    "an empty header": "",
    "no token": "Bearer",
    "another token": "Bearer another",
    "the token's beginning": f"Bearer {TOKEN[:-1]}",
    "the token and more": f"Bearer {TOKEN}x",
    "the token in capitals": f"Bearer {TOKEN.upper()}",
    "another scheme": f"Basic {TOKEN}",
    "no scheme": TOKEN,
    "bytes that are no ASCII": b"Bearer \xe9\xff",
    "a token of 50 kB": f"Bearer {'x' * 50_000}",
}


@pytest.mark.parametrize("header", WRONG.values(), ids=WRONG)
def test_the_log_stays_when_it_is_emptied_with(redis_api: Api, header: str | bytes | None) -> None:
    headers: Any = {} if header is None else {"Authorization": header}
    answer = redis_api.client.delete("/logs", headers=headers)
    assert TOKEN not in problem(answer, 401)["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"
    assert len(read(redis_api)["logs"]) == 2


@pytest.mark.parametrize("headers", [{}, OWNER, {"Authorization": "Bearer "}])
def test_the_log_stays_when_it_has_no_owner(api: Api, headers: dict[str, str]) -> None:
    assert "ADMIN_TOKEN" in problem(api.client.delete("/logs", headers=headers), 403)["detail"]


def test_the_token_is_never_logged(redis_api: Api, redis_server: RedisServer) -> None:
    redis_api.client.delete("/logs", headers=OWNER)
    redis_api.client.delete("/logs", headers={"Authorization": f"Basic {TOKEN}"})
    assert TOKEN not in redis_api.log + str(entries(redis_server, "logs"))
    assert TOKEN not in repr(redis_api.backend)


def test_the_token_is_compared_in_constant_time(
    redis_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert redis_api.client.delete("/logs", headers=OWNER).status_code == 401
    ((given, expected),) = compared
    assert given == expected
    assert len(expected) == 32, "a digest: of one length, whatever the token's"
