"""What a browser is told of an answer, and that the hub can show the page in a frame."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from access import asking
from access.table import Access, lines
from playwright.sync_api import Browser, Page, Route, expect
from space import Space

HUB = "https://huggingface.co/spaces/someone/some"
FRAME = "https://someone-some.hf.space/"
RUNNING = {"id": "someone/some", "runtime": {"stage": "RUNNING"}}  # what the hub says of it
TABLE = lines()
TOLD = {
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "permissions-policy",
    "referrer-policy",
}


def name(line: Access) -> str:
    return f"{line.route.port} {line.route.method} {line.route.path}"


@pytest.mark.parametrize("line", TABLE, ids=name)
def test_every_answer_tells_a_browser_what_it_may(owned: Space, line: Access) -> None:
    headers = asking.answer(owned, line.route).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert "x-frame-options" not in headers
    assert "server" not in headers
    json = headers.get("content-type") in {"application/json", "application/problem+json"}
    assert set(headers) & TOLD == (set() if json else TOLD)


@pytest.mark.parametrize("port", [8000, 7860])
def test_the_policy_lets_the_hub_frame_the_page_and_nothing_leave_it(
    owned: Space, port: int
) -> None:
    url = f"{owned.api_url}/docs" if port == 8000 else owned.url
    policy = dict(
        directive.split(" ", 1)
        for directive in httpx.get(url).headers["content-security-policy"].split("; ")
    )
    frames, asked = policy.pop("frame-ancestors"), policy.pop("connect-src")
    assert frames == "'self' https://huggingface.co https://*.hf.space"
    assert asked == "'self' data: blob: https://huggingface.co"
    sources = {source for text in policy.values() for source in text.split()}
    inside = {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert sources <= inside
    assert policy["default-src"] == "'self'"


@pytest.fixture
def said(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A new page, and what its console says."""
    page = browser.new_page(locale="fr-FR")
    lines: list[str] = []
    page.on("console", lambda message: lines.append(message.text))
    page.on("pageerror", lambda error: lines.append(str(error)))
    yield page, lines
    page.close()


@pytest.mark.browser
def test_the_page_works_and_the_browser_has_nothing_to_say(
    said: tuple[Page, list[str]], owned: Space
) -> None:
    page, lines = said
    page.goto(owned.url)
    page.get_by_role("button", name="old pump").click()
    expect(page.locator("#result .result-value strong")).to_be_visible()
    page.locator("#language").get_by_text("English").click()
    expect(page.locator("#estimate")).to_have_text("Estimate my risk")
    assert lines == []


@pytest.mark.browser
@pytest.mark.parametrize("port", [8000, 7860])
def test_the_documentation_asks_a_call_and_the_browser_has_nothing_to_say(
    said: tuple[Page, list[str]], owned: Space, port: int
) -> None:
    page, lines = said
    page.goto(f"{owned.api_url}/docs" if port == 8000 else f"{owned.url}/api/docs")
    call = page.locator("#operations-model-model_model_get")
    call.click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table")).to_contain_text("200")
    assert lines == []


def framing(page: Page, site: str, space: Space) -> None:
    """Shows the Space at its address on the hub in a frame of another site's page. The frame's
    requests are answered by the running Space, but for the stream that never ends."""

    def answer(route: Route) -> None:
        if "/heartbeat/" in route.request.url:
            route.abort()
            return
        url = route.request.url.replace(FRAME, f"{space.url}/")
        passed = {"Host": FRAME.split("/")[2], "X-Forwarded-Proto": "https"}
        route.fulfill(response=route.fetch(url=url, headers={**route.request.headers, **passed}))

    page.route(f"{FRAME}**", answer)
    page.route("https://huggingface.co/api/**", lambda route: route.fulfill(json=RUNNING))
    html = f'<iframe src="{FRAME}" width="1000" height="1000"></iframe>'
    page.route(site, lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(site)


@pytest.mark.browser
def test_the_hub_shows_the_page_in_a_frame(said: tuple[Page, list[str]], owned: Space) -> None:
    page, lines = said
    framing(page, HUB, owned)
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="old pump").click(timeout=10_000)
    expect(frame.locator("#result .result-value strong")).to_be_visible()
    assert [line for line in lines if "Policy" in line or "policy" in line] == []


@pytest.mark.browser
@pytest.mark.parametrize("site", ["https://evil.example/", "https://huggingface.co.evil.example/"])
def test_no_other_site_can_show_the_page_in_a_frame(
    said: tuple[Page, list[str]], owned: Space, site: str
) -> None:
    page, lines = said
    framing(page, site, owned)
    for _ in range(100):
        if any("frame-ancestors" in line for line in lines):
            break
        page.wait_for_timeout(50)
    else:
        pytest.fail("the browser showed it")
    assert page.frame_locator("iframe").locator("#estimate").count() == 0
