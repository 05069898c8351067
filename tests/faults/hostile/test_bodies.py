"""Bodies of every kind, to a real process on either port: refused in words of ours or answered, and
what they say goes nowhere."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from api.hostile import BATCHES, CANARY, CSV, JSON, NUMBER, RECORDS, ROWS, Sent
from faults.hostile.targets import RECORD, Memory, Target
from faults.hostile.wire import Answer

PORTS = {"api": "", "page": "/api"}
# MB that a process may grow by while it refuses one body.
GROWN = 64


def send(target: Target, port: str, path: str, sent: Sent) -> Answer:
    headers = {"Content-Type": sent.media_type} if sent.media_type else {}
    return target.wire(port).ask("POST", PORTS[port] + path, sent.body, headers)


def assert_clean(answer: Answer) -> Any:
    """An answer in JSON that tells nothing of what was sent."""
    assert answer.status < 500
    assert CANARY.encode() not in answer.body + repr(answer.headers).encode()
    assert str(NUMBER).encode() not in answer.body
    assert answer.body.isascii() or answer.status == 200
    return answer.json()


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("sent", RECORDS.values(), ids=RECORDS)
def test_a_record_is_refused_when_it_holds(target: Target, port: str, sent: Sent) -> None:
    answer = send(target, port, "/predict", sent)
    problem = assert_clean(answer)
    assert (answer.status, answer.media_type) == (sent.status, "application/problem+json")
    assert (sent.field, sent.code) in {(e["field"], e["code"]) for e in problem["errors"]}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("sent", BATCHES.values(), ids=BATCHES)
def test_a_batch_is_refused_when_it_holds(target: Target, port: str, sent: Sent) -> None:
    answer = send(target, port, "/predict/batch", sent)
    problem = assert_clean(answer)
    assert answer.status == sent.status
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [(sent.field, sent.code)]


@pytest.mark.parametrize("port", PORTS)
def test_a_row_fails_alone_whatever_it_holds(target: Target, port: str) -> None:
    rows = b",".join([RECORD, *(sent.body for sent in ROWS.values()), RECORD])
    answer = send(target, port, "/predict/batch", Sent(b"[%b]" % rows, 200, "", ""))
    results = assert_clean(answer)["results"]
    assert len(results) == len(ROWS) + 2
    assert {row["row"] for row in results if "prediction" in row} == {0, len(ROWS) + 1}


# --- Texts -----------------------------------------------------------------------------------

TEXTS = {
    "right to left": "\u202e\u2066\u200f",
    "NUL": "\0",
    "a bell and colours": "\a\x1b[31m",
    "a line of a log": "\r\n2024-11-10 16:00:00 - api - INFO - forged",
    "other ends of lines": "\u2028\u2029\x85\x0b\x0c",
    "nothing wide": "\u200b\u200d\ufeff\u00ad",
    "what is no character": "\uffff\ufdd0\U0010ffff",
    "a family": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "a hundred accents": "e" + "\u0301" * 100,
    "HTML": "</script><img src=x onerror=alert(1)>",
    "a format": "%s%n{0}{0.__class__}${jndi:ldap://x}",
    "a formula": '=HYPERLINK("http://x")',
    "other digits": "\u0661\u0662",
    "a long one": "x" * 40_000,
}
RAW = {
    "overlong": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "half a letter": b"\xe2\x82",
    "past Unicode": b"\xf4\x90\x80\x80",
    "Latin-1": b"\xe9",
    "a BOM in the middle": b"\xff\xfe",
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_is_told_or_kept(target: Target, port: str, text: str) -> None:
    """As a value of each field, and as the name of one; plain or escaped; in JSON or CSV."""
    said = text + CANARY
    for name in json.loads(RECORD):
        for escaped in (True, False):
            body = json.dumps({**json.loads(RECORD), name: said}, ensure_ascii=escaped).encode()
            assert_clean(answer := send(target, port, "/predict", Sent(body, 422, "", "")))
            assert answer.status in {413, 422}
            row = Sent(b"[%b]" % body, 200, "", "")
            (result,) = assert_clean(send(target, port, "/predict/batch", row))["results"]
            assert result["errors"][0]["field"] == name
    for escaped in (True, False):
        body = json.dumps({text: CANARY, text + "2": NUMBER}, ensure_ascii=escaped).encode()
        problem = assert_clean(send(target, port, "/predict", Sent(body, 422, "", "")))
        assert all(error["field"].isprintable() for error in problem.get("errors", []))
    quoted = said.replace('"', '""')
    cells = f'hours,material,"{text.replace(chr(34), "")}"\n"{quoted}","{quoted}","{quoted}"\n'
    assert_clean(send(target, port, "/predict/batch", Sent(cells.encode(), 200, "", "", CSV)))


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_what_is_no_utf_8_is_refused(target: Target, port: str, raw: bytes) -> None:
    for body in (
        b'{"hours": 5, "material": "steel%b"}' % raw,
        b'{"hours": 5, "steel%b": 1}' % raw,
        b'%b{"hours": 5, "material": "steel"}' % raw,
    ):
        for path in ("/predict", "/predict/batch"):
            assert send(target, port, path, Sent(body, 400, "", "")).status == 400
    cells = b"hours,material\n5,steel%b\n" % raw
    assert send(target, port, "/predict/batch", Sent(cells, 400, "", "", CSV)).status == 400


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_another_encoding_is_refused_whatever_the_header_says(
    target: Target, port: str, coding: str
) -> None:
    body = RECORD.decode().replace("steel", f"steel{CANARY}").encode(coding)
    for media_type in (JSON, f"{JSON}; charset={coding}"):
        answer = send(target, port, "/predict", Sent(body, 400, "", "", media_type))
        assert_clean(answer)
        assert answer.status in {400, 422}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xef\xbb\xbf" + RECORD, 400),
        (b" " * 60_000 + RECORD, 200),
        (RECORD + b"\n\t\r " * 1000, 200),
        (b" " * (64 * 1024) + RECORD, 413),
        (RECORD[:-1] + b', "hours": 5}', 200),
        (b'{"hours": "%b", ' % CANARY.encode() + RECORD[1:], 200),
    ],
    ids=["a BOM", "60 kB of spaces", "spaces behind", "too many", "a name twice", "wrong first"],
)
def test_what_is_odd_but_json(target: Target, port: str, body: bytes, status: int) -> None:
    """The last of two values counts, as in most parsers, whatever the first one was; JSON has no
    mark of its encoding (RFC 8259, 8.1)."""
    assert send(target, port, "/predict", Sent(body, status, "", "")).status == status


# --- Kinds -----------------------------------------------------------------------------------

KINDS = {
    "capitals": (["APPLICATION/JSON"], 200),
    "a parameter": ([f'{JSON}; charset="utf-8"; x="\\";,"'], 200),
    "two in one": ([f"{JSON}, text/plain"], 415),
    "JSON of another kind": (["application/vnd.x+json"], 415),
    "a wildcard": (["*/*"], 415),
    "a name that goes on": (["application/jsonx"], 415),
    "another one first": (["text/plain", JSON], 415),
    "another coding": ([f"{JSON}\xe9"], 415),
    "a form with a file": (["multipart/form-data; boundary=" + "x" * 10_000], 415),
    "nothing": ([""], 415),
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(("kinds", "status"), KINDS.values(), ids=KINDS)
def test_the_kind_of_a_body_is_what_its_first_header_says(
    target: Target, port: str, kinds: list[str], status: int
) -> None:
    lines = [f"POST {PORTS[port]}/predict HTTP/1.1", "Host: x", "Connection: close"]
    lines += [f"Content-Type: {kind}" for kind in kinds] + [f"Content-Length: {len(RECORD)}"]
    text = "\r\n".join([*lines, "", ""]).encode("latin-1")
    assert target.wire(port).say(text + RECORD).statuses == [status]


def bomb(coding: str) -> bytes:
    """Much of nothing in little."""
    zeros = b'{"hours": ' + b" " * (64 << 20) + b"5}"
    return gzip.compress(zeros, 9) if coding == "gzip" else zlib.compress(zeros, 9)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity", CANARY])
def test_a_body_is_not_unpacked_whatever_its_coding(target: Target, port: str, coding: str) -> None:
    """64 MB in 64 kB are 64 kB, which are no JSON."""
    program = target.space.api if port == "api" else target.space.ui
    packed = bomb(coding)
    headers = {"Content-Type": JSON, "Content-Encoding": coding}
    with Memory(program.process.pid) as memory:
        for path in ("/predict", "/predict/batch"):
            answer = target.wire(port).ask("POST", PORTS[port] + path, packed, headers)
            assert_clean(answer)
            assert answer.status in {400, 413, 415}
    assert memory.peak - memory.before < GROWN


def test_a_body_of_a_request_that_has_none_is_nobody_s(target: Target) -> None:
    for port, prefix in PORTS.items():
        for method, path in (("GET", "/health"), ("GET", "/model"), ("HEAD", "/health")):
            answer = target.wire(port).say(
                f"{method} {prefix}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                f"Content-Length: {len(CANARY)}\r\n\r\n{CANARY}".encode()
            )
            assert answer.text.startswith(b"HTTP/1.1 200 ")
            assert CANARY.encode() not in answer.text
