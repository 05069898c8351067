"""Events that no page of ours would send, and values that no visitor can choose."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api.hostile import CANARY
from faults.hostile.targets import Memory, Target
from faults.hostile.wire import JSON

EVENT: dict[str, Any] = {"data": [], "fn_index": 0, "session_hash": "abc123"}


@pytest.fixture(scope="module")
def estimate(target: Target) -> dict[str, Any]:
    """The event that asks for an estimate: it has the most inputs."""
    config = json.loads(target.page.ask("GET", "/config").body)
    asked = [event for event in config["dependencies"] if event["backend_fn"]]
    found: dict[str, Any] = max(asked, key=lambda event: len(event["inputs"]))
    return found


@pytest.fixture(scope="module")
def start(target: Target) -> int:
    """The number of the event that a page starts with: it has no inputs."""
    config = json.loads(target.page.ask("GET", "/config").body)
    asked = [event for event in config["dependencies"] if event["backend_fn"]]
    return int(next(event["id"] for event in asked if not event["inputs"]))


def joined(target: Target, body: bytes, call: str = "queue/join") -> tuple[int, bytes]:
    answer = target.page.ask("POST", f"/gradio_api/{call}", body, JSON)
    return answer.status, answer.body


def message(**changes: Any) -> bytes:
    return json.dumps({**EVENT, **changes}).encode()


MESSAGES = {
    "nothing": b"",
    "no JSON": CANARY.encode(),
    "a list": b"[]",
    "null": b"null",
    "no data": b'{"fn_index": 0, "session_hash": "a"}',
    "data that is no list": message(data=CANARY),
    "an event that is not there": message(fn_index=9999),
    "an event before the first": message(fn_index=-1),
    "an event of the browser's own": message(fn_index=1, data=[CANARY]),
    "an event in words": message(fn_index=CANARY),
    "an event past 64 bits": message(fn_index=10**40),
    "too many values": message(data=[CANARY] * 99),
    "a session that is a list": message(session_hash=[CANARY]),
    "a session of nothing": message(session_hash=""),
    "a session of 60 kB": message(session_hash="a" * 60_000),
    "a session that is a path": message(session_hash="../../etc"),
    "a session of half a letter": b'{"data": [], "fn_index": 0, "session_hash": "\\ud800"}',
    "a value of half a letter": b'{"data": ["\\ud800"], "fn_index": 0, "session_hash": "a"}',
    "a batch": message(batched=True),
    "another's event": message(event_id=CANARY),
    "a token": message(oauth_token=CANARY),
    "a deep value": b'{"data": %b}' % (b"[" * 9999 + b"]" * 9999),
    "a number of 5000 digits": b'{"data": [%b]}' % (b"7" * 5000),
}


@pytest.mark.parametrize("sent", MESSAGES.values(), ids=MESSAGES)
def test_a_message_that_no_page_sends_is_refused(target: Target, start: int, sent: bytes) -> None:
    sent = sent.replace(b'"fn_index": 0', b'"fn_index": %d' % start)
    for call in ("queue/join", "cancel", "reset"):
        status, body = joined(target, sent, call)
        assert status == 422, call
        assert CANARY.encode() not in body
        assert b"errors" in body


def test_the_event_that_a_page_starts_with_is_taken(target: Target, start: int) -> None:
    """Else the messages above would be refused for another reason."""
    assert joined(target, message(fn_index=start))[0] == 200


@pytest.mark.parametrize("number", range(40))
def test_every_number_of_an_event_is_known_or_refused(target: Target, number: int) -> None:
    for length in range(12):
        body = message(fn_index=number, data=[None] * length)
        assert joined(target, body)[0] in {200, 422}


VALUES: dict[str, Any] = {
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "a large number": 10**400,
    "a text": CANARY,
    "a list": [[CANARY]],
    "an object": {CANARY: CANARY},
    "a file": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    "an address": {"path": "x", "url": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}},
    "an update": {"__type__": "update", "value": CANARY},
    "a line break": f"{CANARY}\r\n\0\u202e",
    "HTML": f"<script>{CANARY}</script>",
    "a long text": CANARY * 500,
    "a text that is long once it is escaped": "\u00e9" * 3800,
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_a_value_that_nobody_can_choose_is_refused_in_the_page_s_words(
    target: Target, estimate: dict[str, Any], value: Any
) -> None:
    inputs = len(estimate["inputs"])
    answer = run(target, estimate["id"], ["fr", *[value] * (inputs - 1)])
    assert "result-alert" in answer
    assert "certaines réponses ne conviennent pas" in answer.lower()
    assert CANARY not in answer
    assert "root:" not in answer


def run(target: Target, event: int, data: list[Any]) -> str:
    """What the page is told of one event."""
    session = uuid4().hex
    asked = {**EVENT, "fn_index": event, "data": data, "session_hash": session}
    body = json.dumps(asked, ensure_ascii=False).encode()
    with httpx.Client(base_url=f"{target.space.url}/gradio_api", timeout=10) as http:
        http.post("/queue/join", content=body, headers=JSON).raise_for_status()
        with http.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                if "process_completed" in line:
                    return json.dumps(json.loads(line.removeprefix("data: ")), ensure_ascii=False)
    raise AssertionError("no answer")


def test_the_page_goes_on_after_all_of_it(target: Target, estimate: dict[str, Any]) -> None:
    """One poisoned event made Gradio's own figures fail for every visitor after it."""
    usual = ["fr", 20_000, "steel", 2.5, False, 10, False, "yes", ""]
    assert len(usual) == len(estimate["inputs"])
    assert "result-value" in run(target, estimate["id"], usual)


def test_sessions_that_nobody_has_cost_little(target: Target, start: int) -> None:
    """Gradio keeps what it is told of an event, ten thousand times."""
    with Memory(target.space.ui.process.pid) as memory:
        for _ in range(200):
            joined(target, message(fn_index=start, session_hash="a" * 60_000))
    assert memory.peak - memory.before < 8
