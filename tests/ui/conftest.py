"""The page as its visitors meet it: the API and the UI as processes, and a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from real import ROOT
from space import TOKEN, Space, start_space


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
