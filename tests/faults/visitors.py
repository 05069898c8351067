"""Who uses a Space all day: scripts that ask for all there is, and people in front of a browser."""

from __future__ import annotations

import http.client
import itertools
import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Self

from faults.load import example
from playwright.sync_api import Browser, Error, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ROWS = 50
# Seconds that a page has for each step.
PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and the status that it is to be answered with."""

    name: str
    expected: int
    method: str
    path: str
    body: bytes | None = None
    media_type: str = "application/json"


def calls() -> list[Call]:
    record = json.loads(example())
    batch = json.dumps({"records": [record] * ROWS}).encode()
    cells = ",".join("" if value is None else str(value).lower() for value in record.values())
    csv = "\n".join([",".join(record), *[cells] * ROWS]).encode()
    wrong = json.dumps({**record, next(iter(record)): "no such thing"}).encode()
    return [
        Call("batch in JSON", 200, "POST", "/predict/batch", batch),
        Call("batch in CSV", 200, "POST", "/predict/batch", csv, "text/csv"),
        Call("wrong field", 422, "POST", "/predict", wrong),
        Call("no JSON", 400, "POST", "/predict", b"{"),
        Call("wrong media type", 415, "POST", "/predict", b"x", "text/plain"),
        Call("no such address", 404, "GET", "/nowhere"),
        Call("log", 200, "GET", "/logs?limit=1000"),
        Call("model", 200, "GET", "/model"),
        Call("docs", 200, "GET", "/docs"),
        Call("document", 200, "GET", "/openapi.json"),
        Call("health", 200, "GET", "/health"),
    ]


class _Thread:
    """Does one thing after another until it is stopped."""

    def __init__(self, things: Callable[[], Iterator[None]]) -> None:
        self._things = things
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        things = self._things()
        while not self._stopping.is_set():
            next(things)
        things.close()  # type: ignore[attr-defined]


class Scripts(_Thread):
    """Asks for everything in turn, so many times a second. `answers` counts what each call was
    answered, `wrong` what it was not to be answered with."""

    def __init__(self, port: int, rate: float) -> None:
        super().__init__(self._calls)
        self.answers: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self._port = port
        self._rate = rate

    def _calls(self) -> Iterator[None]:
        address = ("127.0.0.1", self._port)
        with closing(http.client.HTTPConnection(*address, timeout=PATIENCE)) as connection:
            for call in itertools.cycle(calls()):
                began = time.monotonic()
                status = _status(connection, call)
                self.answers[call.name] += 1
                if status != str(call.expected):
                    self.wrong[f"{call.name}: {status}"] += 1
                time.sleep(max(0.0, 1 / self._rate + began - time.monotonic()))
                yield


def _status(connection: http.client.HTTPConnection, call: Call) -> str:
    headers = {"Content-Type": call.media_type} if call.body else {}
    try:
        connection.request(call.method, call.path, call.body, headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return type(error).__name__
    return str(answer.status)


class Browsers(_Thread):
    """One visitor after another opens the page, has an example estimated, and leaves."""

    def __init__(self, url: str, example_button: str) -> None:
        super().__init__(self._visits)
        self.visits = 0
        self.failures: Counter[str] = Counter()
        self._url = url
        self._button = example_button

    def _visits(self) -> Iterator[None]:
        options = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
            with suppress(GeneratorExit):
                while True:
                    try:
                        self._visit(browser)
                        self.visits += 1
                    except Error as error:
                        self.failures[type(error).__name__] += 1
                    yield
            browser.close()

    def _visit(self, browser: Browser) -> None:
        context = browser.new_context(locale="fr-FR")
        try:
            page: Any = context.new_page()
            page.set_default_timeout(PATIENCE * 1000)
            page.goto(self._url)
            page.get_by_role("button", name=self._button).click()
            page.wait_for_selector("#result .result-value strong")
        finally:
            context.close()
