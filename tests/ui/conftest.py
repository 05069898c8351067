"""The page as its visitors meet it: the API and the UI as processes, and a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from real import ROOT
from space import TOKEN, Space, start_space

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """The Space of the shipped package; a test that stops its API starts it again."""
    space = start_space(
        ROOT / "models/prediabetes",
        tmp_path_factory.mktemp("shipped"),
        ADMIN_TOKEN=TOKEN,
    )
    yield space
    space.end()


@pytest.fixture(scope="session")
def other(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """The Space of another package, in another field, that keeps no inputs."""
    space = start_space(pumps, tmp_path_factory.mktemp("other"), RECORD_INPUTS="false")
    yield space
    space.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: apt-get install chromium")
    options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., object]]:
    """Opens a page as a visitor; fails the test where the page asks any other host for anything,
    or where its console holds an error."""
    complaints: list[str] = []
    contexts = []

    def open_page(url: str, language: str = "fr-FR", width: int = 1280, height: int = 900):  # type: ignore[no-untyped-def]
        context = browser.new_context(locale=language, viewport={"width": width, "height": height})
        contexts.append(context)
        page = context.new_page()
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((url, "data:", "blob:"))
                else complaints.append(request.url)
            ),
        )
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.goto(url)
        page.wait_for_selector("#estimate")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
