from __future__ import annotations

from io import BytesIO
from pathlib import Path

from riskspace.supervision.listener import listen, reason
from riskspace.supervision.verdict import Event


def test_each_event_is_acknowledged_until_the_stream_ends() -> None:
    payload = b"processname:api groupname:api from_state:BACKOFF"
    header = (
        b"ver:3.0 server:supervisor serial:21 pool:listener poolserial:10 eventname:%s len:%d\n"
    )
    events = b"".join(
        header % (name, len(payload)) + payload
        for name in (b"PROCESS_STATE_BACKOFF", b"PROCESS_STATE_FATAL")
    )
    answers, seen = BytesIO(), list[Event]()
    listen(BytesIO(events), answers, seen.append)
    assert seen == [Event("BACKOFF", "api"), Event("FATAL", "api")]
    assert answers.getvalue() == b"READY\nRESULT 2\nOK" * 2 + b"READY\n"


def test_a_reason_is_made_of_the_logs(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.mkdir()
    (log / "supervisord.log").write_text("WARN exited: api (exit status 3; not expected)\n")
    (log / "api.log").write_text("PackageError: no manifest\n")
    assert reason(tmp_path, "api", "cause") == "cause: code 3: PackageError: no manifest"
    assert reason(tmp_path, "ui", "cause") == "cause"
