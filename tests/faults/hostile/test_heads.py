"""Requests that lie about where they end, or that are hardly requests: refused or answered, each
once, and nothing in them is taken for a second request."""

from __future__ import annotations

import re
import time

import pytest
from api.hostile import CANARY
from faults.hostile.targets import RECORD, Memory, Target
from faults.hostile.wire import Said

from riskspace.web.connections import HEAD_LIMIT

PORTS = ("api", "page")
PATH = {"api": b"", "page": b"/api"}
C = CANARY.encode()
# What an answer to it would say, were it taken for a request of its own.
SMUGGLED = b"GET %b/health HTTP/1.1\r\nHost: x\r\n\r\n"
TOLD = b"model_loaded"


def post(port: str, *lines: bytes, path: bytes = b"/predict") -> bytes:
    head = [b"POST %b%b HTTP/1.1" % (PATH[port], path), b"Host: x"]
    return b"\r\n".join([*head, b"Content-Type: application/json", *lines, b"", b""])


def get(port: str, *lines: bytes, path: bytes = b"/livez", version: bytes = b"1.1") -> bytes:
    path = b"/model" if path == b"/livez" and port == "page" else path
    head = [b"GET %b%b HTTP/%b" % (PATH[port], path, version), b"Host: x", b"Connection: close"]
    return b"\r\n".join([*head, *lines, b"", b""])


# --- Bodies that lie about their length ------------------------------------------------------

LENGTHS = {
    "negative": [b"Content-Length: -1"],
    "in words": [b"Content-Length: many"],
    "with a sign": [b"Content-Length: +2"],
    "in hexadecimal": [b"Content-Length: 0x2"],
    "with a point": [b"Content-Length: 2.0"],
    "in other digits": ["Content-Length: \u0662".encode()],
    "of nothing": [b"Content-Length:"],
    "past 64 bits": [b"Content-Length: 18446744073709551618"],
    "of 5000 digits": [b"Content-Length: " + b"7" * 5000],
    "twice, unlike": [b"Content-Length: 2", b"Content-Length: 3"],
    "twice, alike": [b"Content-Length: 2", b"Content-Length: 2"],
    "as a list": [b"Content-Length: 2, 2"],
    "and chunks": [b"Content-Length: 2", b"Transfer-Encoding: chunked"],
    "after chunks": [b"Transfer-Encoding: chunked", b"Content-Length: 2"],
    "before a colon with space": [b"Content-Length : 2"],
    "on two lines": [b"Content-Length:", b" 2"],
    "after a bare CR": [b"X: a\rContent-Length: 2"],
    "after a NUL": [b"X: a\0b", b"Content-Length: 2"],
}
CODINGS = {
    "unknown": [b"Transfer-Encoding: canary"],
    "chunked, then another": [b"Transfer-Encoding: chunked, identity"],
    "another, then chunked": [b"Transfer-Encoding: gzip, chunked"],
    "chunked before a colon with space": [b"Transfer-Encoding : chunked"],
    "chunked on two lines": [b"Transfer-Encoding:", b"\tchunked"],
    "chunked after a tab that is none": [b"Transfer-Encoding: \x0bchunked"],
    "identity": [b"Transfer-Encoding: identity"],
    "chunked, with a letter of Unicode": ["Transfer-Encoding: ch\u016bnked".encode()],
    "twice, unlike": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
}
CHUNKS = {
    "of no size": b"x\r\n{}\r\n",
    "of a negative size": b"-2\r\n{}\r\n0\r\n\r\n",
    "of a size with 0x": b"0x2\r\n{}\r\n0\r\n\r\n",
    "of a size past 64 bits": b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
    "of a size past the body": b"40\r\n{}\r\n0\r\n\r\n",
    "longer than their size": b"1\r\n{}{}{}\r\n0\r\n\r\n",
    "without an end of line": b"2\r\n{}0\r\n\r\n",
    "that end in a bare LF": b"2\n{}\n0\n\n",
    "with an extension over two lines": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "with a trailer that is none": b"2\r\n{}\r\n0\r\nX canary\r\n\r\n",
    "with a trailer on two lines": b"2\r\n{}\r\n0\r\nX: a\r\n b\r\n\r\n",
    "that never end": b"2\r\n{}\r\n",
}
LIES = (
    {f"a length {name}": (lines, b"{}") for name, lines in LENGTHS.items()}
    | {f"a coding {name}": (lines, b"2\r\n{}\r\n0\r\n\r\n") for name, lines in CODINGS.items()}
    | {f"chunks {name}": ([b"Transfer-Encoding: chunked"], body) for name, body in CHUNKS.items()}
)


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(("lines", "body"), LIES.values(), ids=LIES)
def test_a_body_that_lies_about_its_length_is_refused_and_hides_no_request(
    target: Target, port: str, lines: list[bytes], body: bytes
) -> None:
    hidden = SMUGGLED % PATH[port]
    said = target.wire(port).say(post(port, *lines) + body + hidden, leave=True)
    assert TOLD not in said.text
    assert set(said.statuses) <= {400, 408, 413, 501}
    assert len(said.answers) <= 1
    assert C not in said.text


@pytest.mark.parametrize("port", PORTS)
def test_a_request_in_a_body_is_a_body(target: Target, port: str) -> None:
    """Whether the body is one that is read, one that nobody wants, or one of a GET."""
    hidden = (SMUGGLED % PATH[port]) * 3
    length = b"Content-Length: %d" % len(hidden)
    sized = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
    wire = target.wire(port)
    for head in (post(port, length), post(port, length, path=b"/nowhere"), get(port, length)):
        assert_one(wire.say(head + hidden))
    assert_one(wire.say(post(port, b"Transfer-Encoding: chunked") + sized))
    assert_one(wire.say(post(port, b"Expect: 100-continue", length) + hidden))


def assert_one(said: Said) -> None:
    assert len(said.answers) == 1
    assert said.statuses[0] < 500
    assert TOLD not in said.text


@pytest.mark.parametrize("port", PORTS)
def test_each_request_of_many_in_a_row_has_its_own_answer(target: Target, port: str) -> None:
    record = b"Content-Length: %d\r\n\r\n%b" % (len(RECORD), RECORD)
    good = post(port)[:-2] + record
    bad = post(port)[:-2] + b"Content-Length: 2\r\n\r\n{}"
    lost = post(port, path=b"/nowhere")[:-2] + b"Content-Length: 2\r\n\r\n{}"
    last = get(port)
    said = target.wire(port).say((good + bad + lost) * 20 + last)
    assert said.statuses == [200, 422, 404] * 20 + [200]


@pytest.mark.parametrize("port", PORTS)
def test_a_trailer_is_no_header(target: Target, port: str) -> None:
    """No proxy before us has looked at it."""
    start = post(
        port, b"Transfer-Encoding: chunked", b"Connection: close", b"Trailer: X-Request-ID"
    )
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(RECORD), RECORD)
    said = target.wire(port).say(start + chunk + b"X-Request-ID: trailing\r\n\r\n")
    assert said.statuses == [200]
    assert b"trailing" not in said.text


@pytest.mark.parametrize("port", PORTS)
def test_garbage_behind_a_request_takes_nothing_from_its_answer(target: Target, port: str) -> None:
    """Nor does it answer in its place, nor is it written to a connection that is closed."""
    asked = post(port)[:-2] + b"Content-Length: %d\r\n\r\n%b" % (len(RECORD), RECORD)
    for _ in range(20):
        said = target.wire(port).say(asked + b"garbage\r\n\r\n")
        assert said.statuses[0] == 200
        assert set(said.statuses[1:]) <= {400}


def test_who_half_closes_is_no_error_of_ours(target: Target) -> None:
    """Whatever the server was about to write: the end of the module looks into its log."""
    asked = post("page")[:-2] + b"Content-Length: %d\r\n\r\n%b" % (len(RECORD), RECORD)
    for _ in range(50):
        target.page.say(asked, leave=True, wait=0.05)


# --- Heads -----------------------------------------------------------------------------------


def test_a_name_that_is_no_name_is_refused(target: Target) -> None:
    for name in (b"", b"X Y", b"X\0", b"X\x7f", "X\u00e9".encode(), b"X(", b"X,", b"X\t"):
        for port in PORTS:
            said = target.wire(port).say(get(port, name + b": " + C))
            assert said.statuses in ([400], []), name
            assert C not in said.text


@pytest.mark.parametrize("port", PORTS)
def test_any_byte_in_a_header_is_refused_or_answered(target: Target, port: str) -> None:
    """The headers that are passed on above all: what one of both takes, the other must take."""
    for name in (b"Content-Type", b"Accept", b"Authorization", b"X-Request-ID", b"Cookie"):
        for byte in range(256):
            value = b"application/json%c%b" % (byte, C)
            said = target.wire(port).say(get(port, name + b": " + value))
            assert all(status < 500 for status in said.statuses), (name, byte)
            assert len(said.answers) <= 1
            assert C not in said.text.replace(b"x-request-id: application/json%c%b", b"")


HEADS = {
    "a header on two lines": b"X-Long: a\r\n %b" % C,
    "a bare CR": b"X: a\rX-Request-ID: %b" % C,
    "a bare LF": b"X: a\nX-Request-ID: %b" % C,
    "a NUL": b"X: \0%b" % C,
    "no colon": b"X %b" % C,
    "an upgrade to HTTP/2": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__",
    "an upgrade to a WebSocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "an upgrade to anything": b"Connection: Upgrade\r\nUpgrade: %b/1.0" % C,
    "its own connection's headers": b"Connection: Content-Type, X-Request-ID, Host, Transfer",
    "an unknown expectation": b"Expect: %b" % C,
    "a range": b"Range: bytes=-%b" % C,
    "a thousand ranges": b"Range: bytes=" + b"0-0," * 1000,
    "an origin that is none": b"Origin: http://[%b" % C,
    "a proxy's host that is none": b'X-Forwarded-Host: \xe9%b"><script>' % C,
    "a proxy's host in brackets": b"X-Forwarded-Host: [",
    "another server of Gradio's": b"X-Gradio-Server: http://x:%b" % C,
    "a proxy's protocol that is none": b"X-Forwarded-Proto: %b" % C,
    "a proxy's client that is none": b"X-Forwarded-For: %b" % C,
    "a path that a proxy took away": b"X-Forwarded-Prefix: /%b\r\nX-Original-URL: /logs" % C,
    "cookies that are none": b"Cookie: ;;=;\xff=%b; access-token=%b" % (C, C),
    "a language that is none": b"Accept-Language: %b;q=\xff,,;" % C,
    "a coding that nobody has": b"Accept-Encoding: %b;q=9" % C,
    "a date that is none": b"If-Modified-Since: %b\r\nIf-None-Match: %b" % (C, C),
    "a credential that is none": b"Authorization: Basic %b" % C,
    "a thousand headers": b"\r\n".join(b"X-%d: %b" % (i, C) for i in range(1000)),
    "the same header a thousand times": b"\r\n".join([b"X-Request-ID: %b?" % C] * 1000),
}


ASKED = {
    "api": (b"/predict", b"/logs", b"/health", b"/openapi.json"),
    "page": (b"/api/predict", b"/", b"/config", b"/gradio_api/info", b"/api/logs"),
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("line", HEADS.values(), ids=HEADS)
def test_no_head_is_too_odd(target: Target, long: bool, port: str, line: bytes) -> None:
    close = b"" if b"Connection:" in line else b"Connection: close\r\n"
    for path in ASKED[port] if long else ASKED[port][:2]:
        start, body = b"GET %b HTTP/1.1\r\nHost: x\r\n", b""
        if path.endswith(b"/predict"):
            start, body = b"POST %b HTTP/1.1\r\nHost: x\r\n", RECORD
        length = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        text = b"".join((start % path, length, close, line, b"\r\n\r\n", body))
        assert_odd(target.wire(port).say(text))


def assert_odd(said: Said) -> None:
    assert len(said.answers) <= 1
    assert all(status < 500 for status in said.statuses)
    assert C not in said.text


STARTS = {
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/1.0": b"GET /health HTTP/1.0\r\n\r\n",
    "HTTP/1.0 with chunks": b"POST /predict HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    "HTTP/1.1 without a host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: x\r\nHost: %b\r\n\r\n" % C,
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "HTTP/3.0": b"GET /health HTTP/3.0\r\nHost: x\r\n\r\n",
    "HTTP/1.10": b"GET /health HTTP/1.10\r\nHost: x\r\n\r\n",
    "http in small letters": b"GET /health http/1.1\r\nHost: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "RTSP": b"DESCRIBE /health RTSP/1.0\r\n\r\n",
    "a Redis command": b"*1\r\n$7\r\nFLUSHDB\r\n",
    "a proxy's line": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "empty lines": b"\r\n" * 1000 + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "NULs": bytes(4096),
    "a method that is none": b"BREW /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of WebDAV": b"PROPFIND /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method of 60 kB": b"A" * 60_000 + b" /health HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT 127.0.0.1:6379 HTTP/1.1\r\nHost: x\r\n\r\nFLUSHDB\r\n",
    "TRACE": b"TRACE /health HTTP/1.1\r\nHost: x\r\nX-Secret: %b\r\n\r\n" % C,
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
}
TARGETS = {
    "absolute": b"http://evil.example%b/health",
    "absolute, another scheme": b"ftp://evil.example%b/health",
    "absolute, with a user": b"http://canary@evil.example%b/health",
    "absolute, half a host": b"http://[%b/health",
    "absolute, a port that is none": b"http://x:99999%b/health",
    "another host's": b"//evil.example%b/health",
    "two slashes": b"//%b//health",
    "dots": b"/x/..%b/./health",
    "encoded dots": b"%%2e%%2e%b/%%2e/health",
    "an encoded slash": b"%b%%2fhealth",
    "doubly encoded": b"%b/%%252e%%252e/health",
    "a backslash": b"\\%b\\health",
    "a NUL": b"%b/health%%00",
    "a line break": b"%b/health%%0d%%0aX-Canary:%%20canary",
    "a fragment": b"%b/health#/../logs",
    "a question without an end": b"%b/health?" + b"?&=%%&" * 200,
    "a query in no encoding": b"%b/health?x=%%ff%%c3%%28",
    "no encoding": b"%b/\xff\xfe",
    "half an encoding": b"%b/health%%",
    "a surrogate": b"%b/%%ed%%a0%%80",
    "a path of 40 kB": b"%b/" + b"a" * 40_000,
    "a name of 40 kB in the documentation": b"%b/docs/" + b"%%e9" * 10_000,
    "a NUL in the documentation": b"%b/docs/%%00",
    "a question in the documentation": b"%b/docs/%%3flimit=5",
    "dots in the documentation": b"%b/docs/%%2e%%2e",
    "a query of 60 kB": b"%b/health?x=" + b'"' * 60_000,
    "nothing": b"%.0b",
    "a question alone": b"?%b",
}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("text", STARTS.values(), ids=STARTS)
def test_what_is_hardly_http_is_refused_or_answered(target: Target, port: str, text: bytes) -> None:
    said = target.wire(port).say(text, leave=b"\r\n\r\n" not in text)
    assert all(status < 500 for status in said.statuses)
    assert len(said.answers) <= 1
    assert C not in said.text


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("path", TARGETS.values(), ids=TARGETS)
def test_no_address_leads_where_it_should_not(target: Target, port: str, path: bytes) -> None:
    path %= PATH[port]
    said = target.wire(port).say(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
    assert len(said.answers) <= 1
    for answer in said.answers:
        assert answer.status in {200, 400, 401, 404, 405, 414, 431}
        assert "location" not in answer.headers
        assert not re.search(rb"evil|root:|\"logs\"", answer.body.replace(path[:100], b""))
        assert answer.status != 200 or TOLD in answer.body


# --- Heads without end -----------------------------------------------------------------------

ENDLESS = {
    "of headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Canary: %b\r\n" % (b"a" * 100)),
    "of one header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"a" * 1000),
    "of an address": (b"GET /", b"a" * 1000),
    "of empty lines": (b"", b"\r\n" * 500),
    "of trailers": (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"X-Canary: %b\r\n" % (b"a" * 100),
    ),
    "of one chunk's extension": (
        b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;",
        b"a" * 1000,
    ),
}
# MB that are sent, and that a process may grow by meanwhile.
SENT, GROWN = 64, 16


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize(("start", "more"), ENDLESS.values(), ids=ENDLESS)
def test_a_head_without_end_is_ended(target: Target, port: str, start: bytes, more: bytes) -> None:
    program = target.space.api if port == "api" else target.space.ui
    piece = more * (65_536 // len(more))
    sent = 0
    with Memory(program.process.pid) as memory, target.wire(port).connect() as connection:
        deadline = time.monotonic() + 10
        try:
            connection.sendall(start)
            while sent < SENT << 20 and time.monotonic() < deadline:
                connection.sendall(piece)
                sent += len(piece)
        except OSError:
            pass
    assert sent < SENT << 20, f"all of it was read: {HEAD_LIMIT} bytes are the bound"
    assert memory.peak - memory.before < GROWN
