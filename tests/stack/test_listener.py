from __future__ import annotations

from io import BytesIO
from pathlib import Path

from riskspace.supervision.listener import give, listen, reason
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


def test_a_verdict_takes_no_room_that_a_full_disk_lacks(tmp_path: Path) -> None:
    draft = tmp_path / "failure.draft"
    draft.write_bytes(b" " * 4096)
    file = draft.stat().st_ino
    give("redis: ne démarre pas: code 1", tmp_path)
    failure = tmp_path / "failure"
    assert failure.read_text() == "redis: ne démarre pas: code 1\n"
    assert failure.stat().st_ino == file
    assert list(tmp_path.iterdir()) == [failure]


def test_a_verdict_is_given_without_a_draft_too(tmp_path: Path) -> None:
    give("ui: ne démarre pas", tmp_path)
    assert (tmp_path / "failure").read_text() == "ui: ne démarre pas\n"
