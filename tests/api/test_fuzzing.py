"""The document is the contract: schemathesis asks for what it allows and for what it doesn't, and
judges every answer with every check that it has."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from api.apis import TOKEN, logging_to, on_redis
from hypothesis import strategies as st
from real import ROOT, eventually
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.python import asgi

from riskspace import settings
from riskspace.api.app import create_app
from riskspace.backend import assemble
from riskspace.model import manifest

SHIPPED = ROOT / "models/prediabetes"
CONFIG = {
    "seed": 7731,
    "generation": {"mode": "all", "max-examples": 60, "deterministic": True},
    # With a strategy for CSV it can't send the CSV example; test_openapi.py sends all examples.
    "phases": {"examples": {"enabled": False}},
    "auth": {"openapi": {"HTTPBearer": {"bearer": TOKEN}}},
}
CALLS = {
    *("GET /health", "GET /livez", "GET /readyz", "GET /model"),
    *("POST /predict", "POST /predict/batch", "GET /logs", "DELETE /logs"),
}


def csv_files(names: tuple[str, ...]) -> st.SearchStrategy[bytes]:
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


@pytest.fixture(params=["pumps", "prediabetes"])
def contract(request: pytest.FixtureRequest, pumps: Path) -> Iterator[schemathesis.BaseSchema]:
    """The document of an app that runs: the tiny package's over Redis, the shipped one's not."""
    folder, environ = SHIPPED, {"ADMIN_TOKEN": TOKEN}
    if request.param == "pumps":
        server = request.getfixturevalue("redis_server")
        folder, environ = pumps, on_redis(server, ADMIN_TOKEN=TOKEN)
    elif not SHIPPED.is_dir():
        pytest.skip("no models/prediabetes: make train")
    described = manifest.read(folder)
    refused: list[Exception] = []
    chosen = settings.load({**environ, "MODEL_PATH": str(folder)})
    with logging_to(chosen) as output:
        backend = assemble(chosen, output, refused.append)
        names = tuple(feature.name for feature in described.features)
        schemathesis.openapi.media_type("text/csv", csv_files(names))
        schema = schemathesis.openapi.from_asgi(
            "/openapi.json", create_app(backend), config=SchemathesisConfig.from_dict(CONFIG)
        )
        eventually(lambda: backend.service.ready)
        yield schema
        asgi.shutdown_lifespans()


def test_every_call_does_what_the_document_says(
    contract: schemathesis.BaseSchema, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    failures: list[str] = []
    asked: Counter[str] = Counter()
    for event in from_schema(contract).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            asked[event.recorder.label] += len(event.recorder.cases)
            failures += list(failed(event.recorder))
    assert not failures, "\n\n".join(dict.fromkeys(failures))
    assert set(asked) >= CALLS
    assert asked.total() > 400, asked


def failed(recorder: Any) -> Iterator[str]:
    for identity, checks in recorder.checks.items():
        for check in checks:
            if check.status is not Status.SUCCESS:
                failure = check.failure_info.failure
                curl = recorder.cases[identity].value.as_curl_command()
                yield f"{check.name}: {failure.title}\n{failure.message}\n{curl[:2000]}"
