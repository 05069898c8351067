"""Other sites' pages: none may call the API, but those that CORS_ORIGINS names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import tiny
from access import asking
from access.routes import API, PAGE, Route
from access.table import Access, lines
from playwright.sync_api import Browser
from space import TOKEN, Space, start_space

NAMED = "http://dashboard.example"
OTHER = "https://evil.example"
# What Gradio takes for a host of the world, where it would let every site in.
HUB = "someone-some.hf.space"
OPEN = [line for line in lines() if line.who != "nobody"]
THE_API = [line for line in OPEN if line.route.port == API or line.route.path.startswith("/api/")]
GRADIO = [line for line in OPEN if line not in THE_API]


def name(line: Access) -> str:
    return f"{line.route.port} {line.route.method} {line.route.path}"


@pytest.fixture(scope="module")
def shared(owned: Space, pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space that lets other sites' pages call its API: a named one's, and `owned`'s."""
    origins = f"{NAMED}, {owned.api_url}/"
    folder = tmp_path_factory.mktemp("shared")
    space = start_space(pumps, folder, ADMIN_TOKEN=TOKEN, CORS_ORIGINS=origins)
    yield space
    space.end()


def allowed(answer: httpx.Response) -> dict[str, str]:
    """What an answer tells a browser about other sites."""
    prefix = "access-control-"
    headers = answer.headers.items()
    return {key.removeprefix(prefix): text for key, text in headers if key.startswith(prefix)}


def preflight(space: Space, route: Route, origin: str, headers: str = "") -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": route.method}
    if headers:
        asked["Access-Control-Request-Headers"] = headers
    return asking.answer(space, route._replace(method="OPTIONS"), **asked)


@pytest.mark.parametrize("origin", [OTHER, NAMED, "null", f"https://{HUB}"])
@pytest.mark.parametrize("line", OPEN, ids=name)
def test_without_the_setting_no_site_is_let_in(owned: Space, line: Access, origin: str) -> None:
    answer = asking.answer(owned, line.route, Origin=origin, Host=HUB)
    assert answer.status_code == line.visitor
    assert allowed(answer) == {}
    refused = preflight(owned, line.route, origin)
    assert (refused.status_code, allowed(refused)) == (405, {})


@pytest.mark.parametrize("line", THE_API, ids=name)
def test_the_named_site_is_let_in(shared: Space, line: Access) -> None:
    answer = asking.answer(shared, line.route, Origin=NAMED)
    assert answer.status_code == line.visitor, "a refusal is read, too"
    assert allowed(answer) == {
        "allow-origin": NAMED,
        "expose-headers": "Allow, Retry-After, WWW-Authenticate, X-Request-ID",
    }, "and no credentials"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("line", THE_API, ids=name)
def test_the_named_site_s_preflight_is_answered(shared: Space, line: Access) -> None:
    answer = preflight(shared, line.route, NAMED, "authorization,content-type")
    assert (answer.status_code, answer.headers.get("content-type")) == (204, None)
    told = allowed(answer)
    assert told["allow-origin"] == NAMED
    assert line.route.method in told["allow-methods"].split(", ")
    assert {"Authorization", "Content-Type"} <= set(told["allow-headers"].split(", "))
    assert "allow-credentials" not in told


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("path", ["/predict", "/nowhere"])
def test_what_no_call_takes_is_not_allowed(shared: Space, method: str, path: str) -> None:
    told = allowed(preflight(shared, Route(API, method, path), NAMED, "x-anything"))
    assert method not in told["allow-methods"].split(", ")
    assert "x-anything" not in told["allow-headers"].lower()


@pytest.mark.parametrize(
    "origin",
    [OTHER, "null", f"{NAMED}:8080", f"{NAMED}.evil.example", "https://dashboard.example", ""],
)
def test_no_other_site_is_let_in_with_it(shared: Space, origin: str) -> None:
    for line in THE_API:
        assert "allow-origin" not in allowed(asking.answer(shared, line.route, Origin=origin))
        assert "allow-origin" not in allowed(preflight(shared, line.route, origin))


@pytest.mark.parametrize("line", GRADIO, ids=name)
def test_the_page_s_own_calls_stay_closed_to_the_named_site(shared: Space, line: Access) -> None:
    answer = asking.answer(shared, line.route, Origin=NAMED, Host=HUB)
    assert (answer.status_code, allowed(answer)) == (line.visitor, {})
    refused = preflight(shared, line.route, NAMED)
    assert (refused.status_code, allowed(refused)) == (405, {})


def test_without_an_origin_the_answer_is_as_ever(owned: Space, shared: Space) -> None:
    """And caches are told that it isn't for everyone."""
    route = Route(API, "POST", "/predict")
    usual, answer = (asking.answer(space, route).headers for space in (owned, shared))
    assert set(answer) - set(usual) == {"vary"}


def test_a_refusal_on_the_way_past_the_framework_is_read(shared: Space) -> None:
    """Well-formed predictions take a short way; this one is wrong."""
    headers = {"Origin": NAMED, "Content-Type": "application/json"}
    answer = httpx.post(f"{shared.api_url}/predict", content=b"{}", headers=headers)
    assert (answer.status_code, allowed(answer)["allow-origin"]) == (422, NAMED)


@pytest.mark.browser
@pytest.mark.parametrize("port", [API, PAGE])
def test_a_browser_agrees(browser: Browser, owned: Space, shared: Space, port: int) -> None:
    site = f"{owned.api_url}/livez"
    assert called(browser, site, shared, port) == 200
    assert called(browser, site.replace("127.0.0.1", "localhost"), shared, port) == "TypeError"


def called(browser: Browser, site: str, space: Space, port: int) -> Any:
    """What a page of another site gets: a status, or the error that hides the answer from it."""
    url = f"{space.api_url}/predict" if port == API else f"{space.url}/api/predict"
    page = browser.new_page()
    try:
        page.goto(site)
        return page.evaluate(
            """([url, body]) => fetch(url, {
                method: 'POST', body, headers: {'Content-Type': 'application/json'},
            }).then(answer => answer.status, error => error.name)""",
            [url, json.dumps(tiny.RECORD)],
        )
    finally:
        page.close()
