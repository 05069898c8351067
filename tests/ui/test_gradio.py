"""Gradio's own interface on the public port, asked by a program that means no good."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from space import Space
from ui.visits import events, run

from riskspace import settings
from riskspace.ui.app import create_app
from riskspace.ui.remembered import VISITS
from riskspace.web.answers import Model

CANARY = "canary-7731"


@pytest.fixture
def client(shipped: Space) -> Any:
    with httpx.Client(base_url=f"{shipped.url}/gradio_api", timeout=10) as http:
        yield http


@pytest.mark.parametrize("value", [CANARY, [CANARY], {"path": CANARY}, f"{CANARY}\n"])
def test_no_value_is_echoed_or_logged_whatever_is_sent(
    client: httpx.Client, shipped: Space, value: Any
) -> None:
    for event in events(client):
        for data in ([value] * len(event["inputs"]), [value], [value] * 99, value):
            answer = run(client, event["id"], data)
            assert CANARY not in answer, f"{event['id']} {json.dumps(data)[:60]}"
    assert CANARY not in shipped.ui.text()
    assert CANARY not in shipped.api.text()


def test_a_wrong_answer_is_told_in_the_page_s_own_words(client: httpx.Client) -> None:
    """The API alone says what an answer may be: nothing is brought within bounds before it."""
    estimate = max(events(client), key=lambda event: len(event["inputs"]))
    answer = run(client, estimate["id"], ["fr", *[100_000] * (len(estimate["inputs"]) - 1)])
    assert "Certaines réponses ne conviennent pas" in json.loads(f'"{answer_text(answer)}"')


def answer_text(answer: str) -> str:
    """The event's HTML, still as JSON has it."""
    return answer.partition("<section")[2].partition("</section>")[0].strip()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/upload"),
        ("GET", "/upload_progress?upload_id=1"),
        ("GET", "/file=/etc/passwd"),
        ("GET", "/file/etc/passwd"),
        ("GET", "/proxy=http://127.0.0.1/"),
        ("POST", "/run/estimate"),
        ("POST", "/call/estimate"),
        ("GET", "/runs"),
        ("POST", "/stream/1"),
        ("POST", "/component_server"),
        ("GET", "/queue/../upload"),
    ],
)
def test_what_the_page_does_not_need_is_closed(
    client: httpx.Client, method: str, path: str
) -> None:
    files = {"files": ("a.txt", CANARY)} if path == "/upload" else None
    assert client.request(method, path, files=files).status_code == 404


def test_an_event_that_is_too_long_is_refused(client: httpx.Client, shipped: Space) -> None:
    answer = client.post("/queue/join", content=b"x" * 10_000_000)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(shipped.ui.text()) < 1_000_000


def test_visits_are_forgotten_before_they_fill_the_memory(
    client: httpx.Client, shipped: Space
) -> None:
    event = min(events(client), key=lambda event: len(event["inputs"]))

    def memory_after(visits: int) -> int:
        for _ in range(visits):
            run(client, event["id"], [None] * len(event["inputs"]), uuid.uuid4().hex)
        pages = Path(f"/proc/{shipped.ui.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    before = memory_after(VISITS + 20)
    assert memory_after(200) - before < 8_000_000  # 22 MB, were each of them remembered


@pytest.fixture
def queue(shipped: Space) -> Any:
    async def gradio() -> Any:
        async with httpx.AsyncClient(base_url=shipped.api_url) as api:
            model = Model.model_validate_json((await api.get("/model")).content)
            routes = create_app(settings.load({}), model, api).routes
        (page,) = [r.app for r in routes if hasattr(getattr(r, "app", None), "get_blocks")]
        return page

    return asyncio.run(gradio()).get_blocks()._queue


def test_what_was_said_to_a_visit_goes_when_another_comes(queue: Any) -> None:
    messages, asked = queue.pending_messages_per_session, queue.pending_event_ids_session
    for visit, ids in (("told", set()), ("waits", {"1"}), ("comes", set())):
        messages[visit] = object()
        asked[visit] = ids
    assert list(messages) == list(asked) == ["waits", "comes"]


def test_no_statistics_are_made_of_each_event(queue: Any) -> None:
    queue.events_recorded = 10_000
    event = {"function": "estimate", "status": "success", "process_time": 0.1}
    assert queue.compute_analytics_summary([event]) == {"functions": {}}
    assert queue.ANALYTICS_MAX_EVENTS == 1
