"""Wrong tokens: how many are compared, and that nobody's shut out another's right one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from api import processes
from hypothesis import given
from hypothesis import strategies as st
from model.strategies import QUICK
from space import TOKEN, Space
from starlette.requests import Request

from riskspace.web import guesses
from riskspace.web.guesses import KNOWN, OF_A_CONNECTION, OF_AN_ADDRESS, WINDOW, Guesses, Source

SOMEONE = Source("10.0.0.1", "9.9.9.9")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counted(clock: Clock) -> Guesses:
    return Guesses(clock)


def spend(counted: Guesses, source: Source, number: int) -> None:
    for _ in range(number):
        assert counted.wait(source) == 0
        counted.wrong(source)


def behind(proxy: str, number: int) -> Source:
    return Source(proxy, f"9.9.{number // 250}.{number % 250}")


def test_an_address_waits_after_its_last_guess_until_its_window_ends(
    counted: Guesses, clock: Clock
) -> None:
    spend(counted, SOMEONE, 1)
    clock.now += 20
    spend(counted, SOMEONE, OF_AN_ADDRESS - 1)
    assert counted.wait(SOMEONE) == WINDOW - 20
    clock.now += WINDOW - 20.5
    assert counted.wait(SOMEONE) == 1, "a part of a second is one to wait"
    clock.now += 0.5
    spend(counted, SOMEONE, OF_AN_ADDRESS)
    assert counted.wait(SOMEONE) == WINDOW


def test_the_last_guess_that_is_compared_says_so(counted: Guesses) -> None:
    told = [counted.wrong(SOMEONE) for _ in range(OF_AN_ADDRESS)]
    assert told == [False] * (OF_AN_ADDRESS - 1) + [True]


def test_no_other_address_waits(counted: Guesses) -> None:
    spend(counted, SOMEONE, OF_AN_ADDRESS)
    assert counted.wait(Source("10.0.0.1", "8.8.8.8")) == 0, "behind the same proxy"
    assert counted.wait(Source("10.0.0.2", "9.9.9.9")) == 0, "by another way"


def test_addresses_that_are_made_up_come_to_an_end(counted: Guesses, clock: Clock) -> None:
    for number in range(OF_A_CONNECTION):
        spend(counted, behind("10.0.0.1", number), 1)
    assert counted.wait(behind("10.0.0.1", OF_A_CONNECTION)) == WINDOW
    assert counted.wait(behind("10.0.0.2", OF_A_CONNECTION)) == 0, "another connection"
    clock.now += WINDOW
    assert counted.wait(behind("10.0.0.1", OF_A_CONNECTION)) == 0


def test_where_the_right_token_came_from_others_behind_the_proxy_shut_nobody_out(
    counted: Guesses,
) -> None:
    counted.right(SOMEONE)
    for number in range(OF_A_CONNECTION):
        spend(counted, behind(SOMEONE.connection, number), 1)
    assert counted.wait(SOMEONE) == 0
    spend(counted, SOMEONE, OF_AN_ADDRESS)
    assert counted.wait(SOMEONE) == WINDOW, "its own bound holds"


def test_memory_is_bounded(counted: Guesses, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "COUNTED", 1000)
    tracemalloc.start()
    for number in range(20_000):
        clock.now += WINDOW / 10_000
        counted.wrong(Source(f"10.{number // 250}.{number % 250}.1", f"{number}"))
        counted.right(Source("", f"{number}"))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 1_000_000
    assert len(counted._known) == KNOWN


def test_the_oldest_are_forgotten_first(
    counted: Guesses, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "COUNTED", 2)
    first, second, third = (Source(text, text) for text in ("1.1.1.1", "2.2.2.2", "3.3.3.3"))
    for source in (first, second):
        spend(counted, source, OF_AN_ADDRESS)
        clock.now += 1
    counted.wrong(third)
    assert counted.wait(first) == 0
    assert counted.wait(second) > 0


@pytest.mark.parametrize(
    ("client", "forwarded", "connection", "address"),
    [
        ("9.9.9.9", [], "9.9.9.9", "9.9.9.9"),
        ("10.0.0.1", ["8.8.8.8"], "10.0.0.1", "8.8.8.8"),
        ("10.0.0.1", ["1.1.1.1, 8.8.8.8"], "10.0.0.1", "8.8.8.8"),
        ("10.0.0.1", ["1.1.1.1", "8.8.8.8"], "10.0.0.1", "8.8.8.8"),
        ("10.0.0.1", ["1.1.1.1, 8.8.8.8, 10.0.0.7"], "10.0.0.1", "8.8.8.8"),
        ("10.0.0.1", ["10.0.0.8, 10.0.0.7"], "10.0.0.1", "10.0.0.7"),
        ("10.0.0.1", ["unknown, \xe9, 1.2.3, ::%, 9.9.9.9:80"], "10.0.0.1", "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1", "10.0.0.1"),
        ("2a00:1:2:3::4", [], "2a00:1:2:3::/64", "2a00:1:2:3::/64"),
        ("::ffff:9.9.9.9", [], "9.9.9.9", "9.9.9.9"),
        ("10.0.0.1", ["fe80::1%\xe9"], "10.0.0.1", "fe80::/64"),
        ("10.0.0.1", ["8.8.8.8" + ", 10.0.0.1" * 10_000], "10.0.0.1", "10.0.0.1"),
        ("unix", [], "unix", "unix"),
        (None, [], "", ""),
    ],
)
def test_where_a_request_comes_from(
    client: str | None, forwarded: list[str], connection: str, address: str
) -> None:
    headers = [(b"x-forwarded-for", text.encode("latin-1")) for text in forwarded]
    scope = {"type": "http", "headers": headers, "client": client and (client, 1)}
    assert guesses.source(Request(scope)) == (connection, address)


@given(st.lists(st.binary(max_size=80), max_size=3))
@QUICK
def test_any_header_is_read(forwarded: list[bytes]) -> None:
    headers = [(b"x-forwarded-for", text) for text in forwarded]
    scope = {"type": "http", "headers": headers, "client": ("10.0.0.1", 1)}
    assert len(guesses.source(Request(scope)).address) < 50


@pytest.fixture(params=["DELETE on 8000", "GET on 7860"])
def ask(request: pytest.FixtureRequest, guarded: Space) -> Callable[..., httpx.Response]:
    """Asks for what is the admin's alone, behind a proxy that names an address."""
    method, path = {
        "DELETE on 8000": ("DELETE", f"{guarded.api_url}/logs"),
        "GET on 7860": ("GET", f"{guarded.url}/api/logs"),
    }[request.param]

    def asked(token: str, address: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}".strip(), "X-Forwarded-For": address}
        return httpx.request(method, path, headers=headers)

    return asked


def test_a_guesser_is_stopped_and_nobody_else_is(
    ask: Callable[..., httpx.Response], guarded: Space
) -> None:
    guessed = [ask(f"guess {number}", "9.9.9.9") for number in range(OF_AN_ADDRESS + 3)]
    statuses = [answer.status_code for answer in guessed]
    assert statuses == [401] * OF_AN_ADDRESS + [429] * 3
    refused = guessed[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert 0 < int(refused.headers["retry-after"]) <= WINDOW
    assert refused.json()["title"] == "Too Many Requests"
    assert ask(TOKEN, "9.9.9.9").status_code == 429, "a right guess tells nothing either"
    assert ask(TOKEN, "8.8.8.8").is_success, "someone else's wrong tokens shut nobody out"
    assert ask("", "9.9.9.9").status_code == 401, "no token is no guess"
    said = guarded.api.text() + guarded.ui.text()
    assert said.count("Trop de jetons faux") == 1


def test_made_up_addresses_give_no_more_guesses(ask: Callable[..., httpx.Response]) -> None:
    assert ask(TOKEN, "8.8.8.8").is_success
    guessed = [ask("guess", f"7.7.7.{number}").status_code for number in range(OF_A_CONNECTION + 5)]
    assert guessed.count(401) <= OF_A_CONNECTION
    assert guessed[-5:] == [429] * 5
    assert ask(TOKEN, "8.8.8.8").is_success, "the admin was there before"


def test_each_of_several_processes_counts_for_itself(pumps: Path, tmp_path: Path) -> None:
    """As docs/access.md says."""
    variables: dict[str, Any] = {"ADMIN_TOKEN": TOKEN, "WEB_CONCURRENCY": "2"}
    process = processes.start(pumps, tmp_path, **variables)
    try:
        wrong = {"Authorization": "Bearer guess"}
        statuses = [process.ask("DELETE", "/logs", headers=wrong)[0] for _ in range(60)]
        assert OF_AN_ADDRESS <= statuses.count(401) <= 2 * OF_AN_ADDRESS
    finally:
        process.program.stop()
