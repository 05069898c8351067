"""What a document allows and what it doesn't, asked over HTTP, and every answer judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from space import TOKEN


class Asked:
    """What schemathesis asked, by call, and what failed."""

    def __init__(self) -> None:
        self.cases: Counter[str] = Counter()
        self.followed = 0
        self.modes: Counter[str] = Counter()
        self.failures: list[str] = []

    def note(self, event: Any) -> None:
        if isinstance(event, events.NonFatalError | events.FatalError):
            self.failures.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            recorder = event.recorder
            self.failures += failed(recorder)
            for identity in recorder.interactions:
                case = recorder.cases[identity].value
                self.cases[case.operation.label] += 1
                self.modes[case.meta.generation.mode.name.lower() if case.meta else "none"] += 1
                self.followed += recorder.cases[identity].transition is not None


def ask(document: str, names: Sequence[str], examples: int, seed: int) -> Asked:
    """Asks what a document describes, at its address: so many cases of each call at least, in both
    modes, and then calls that follow from others'. `names` are those of a CSV's columns."""
    config = {
        "seed": seed,
        "generation": {"mode": "all", "max-examples": examples, "deterministic": True},
        # With a strategy for CSV it can't send the CSV example; test_openapi.py sends all examples.
        "phases": {"examples": {"enabled": False}},
        "auth": {"openapi": {"HTTPBearer": {"bearer": TOKEN}}},
    }
    schemathesis.openapi.media_type("text/csv", csv_files(names))
    schema = schemathesis.openapi.from_url(document, config=SchemathesisConfig.from_dict(config))
    asked = Asked()
    for event in from_schema(schema).execute():
        asked.note(event)
    return asked


def failed(recorder: Any) -> Iterator[str]:
    for identity, checks in recorder.checks.items():
        for check in checks:
            if check.status is not Status.SUCCESS:
                failure = check.failure_info.failure
                curl = recorder.cases[identity].value.as_curl_command()
                yield f"{check.name}: {failure.title}\n{failure.message}\n{curl[:2000]}"


def csv_files(names: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Files that the call takes: what is in a cell is judged row by row. The document can only
    say that it is text."""
    cells = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=',;"'))
    rows = st.lists(st.lists(cells, max_size=len(names) + 1), min_size=1, max_size=5)
    headers = st.lists(st.sampled_from(names), min_size=1, unique=True)
    return st.builds(
        lambda header, rows: "\n".join(",".join(row) for row in [header, *rows, ["1"]]).encode(),
        headers,
        rows,
    )
