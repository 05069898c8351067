"""The public port asks the API what it was asked, once, in words of its own: nothing that a visitor
sends becomes a second request, or a header that the API would believe."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import tiny
from api.hostile import CANARY
from faults.hostile.relay import Passed
from faults.hostile.targets import RECORD, Target
from faults.hostile.wire import JSON, Said
from real import eventually
from space import TOKEN

C = CANARY.encode()
# What the page itself says, and what it passes on.
OWN = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}
OWN |= {"x-request-id", "content-type"}
SMUGGLED = b"DELETE /logs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n\r\n" % TOKEN.encode()
PLAIN = b"POST /api/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def say(target: Target, text: bytes) -> tuple[Said, list[Passed]]:
    """What the public port says, and what it asked the API meanwhile."""
    target.relay.passed.clear()
    said = target.page.say(text)
    return said, list(target.relay.passed)


def sized(*lines: bytes, body: bytes = RECORD) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return PLAIN + b"\r\n".join([*lines, length, b"Connection: close", b"", body])


def assert_own(passed: Passed, *more: str) -> None:
    """Each header once, and none that the page doesn't send by itself."""
    names = [name for name, _ in passed.headers]
    assert set(names) <= OWN | set(more)
    assert len(names) == len(set(names))
    assert passed.values("connection") == [b"keep-alive"]
    assert passed.values("host") == [f"127.0.0.1:{_port(passed)}".encode()]
    said = passed.target + b"".join(value for _, value in passed.headers)
    assert C not in said
    assert b"\r" not in said


def _port(passed: Passed) -> str:
    return passed.values("host")[0].decode().rpartition(":")[2]


HEADERS = {
    "those of the connection": b"TE: trailers\r\nKeep-Alive: timeout=%b\r\nTrailer: X\r\n"
    b"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic %b" % (C, C),
    "named as the connection's": b"X-Request-ID: %b\r\nX-%b: 1" % (C + b"?", C),
    "of a proxy": b"X-Forwarded-For: %b\r\nX-Forwarded-Host: %b\r\nX-Forwarded-Proto: https\r\n"
    b"X-Real-IP: 127.0.0.1\r\nForwarded: for=%b;host=%b\r\nVia: 1.1 %b" % (C, C, C, C, C),
    "of another method": b"X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE",
    "of another address": b"X-Original-URL: /logs\r\nX-Rewrite-URL: /logs\r\nX-%b: /" % C,
    "of the owner": b"Authorization: Bearer %b\r\nCookie: token=%b" % (TOKEN.encode(), C),
    "of another coding": b"Content-Encoding: %b\r\nContent-MD5: %b" % (C, C),
    "of a range": b"Range: bytes=0-1\r\nIf-None-Match: %b\r\nIf-Modified-Since: %b" % (C, C),
    "of an id with a space": b"X-Request-ID: a b%b" % C,
    "of an id with an encoded line": b"X-Request-ID: a%%0d%%0aX-Evil:%%201%b" % C,
    "of an id too long": b"X-Request-ID: " + b"a" * 65,
    "of two ids": b"X-Request-ID: first\r\nX-Request-ID: %b" % C,
    "of two hosts": b"Host: %b" % C,
    "of two kinds": b"Content-Type: %b" % C,
    "of an expectation": b"Expect: 100-continue",
}


@pytest.mark.parametrize("lines", HEADERS.values(), ids=HEADERS)
def test_the_api_sees_no_header_that_it_should_not(target: Target, lines: bytes) -> None:
    said, passed = say(target, sized(lines))
    assert said.statuses in ([200], [400], [415])
    assert len(passed) == (said.statuses == [200])
    for one in passed:
        assert (one.method, one.target, one.body) == ("POST", b"/predict", RECORD)
        assert_own(one)
        assert one.values("content-type") == [b"application/json"]
        assert C not in said.text


REFUSED = {
    "a length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED),
    "a space before the colon": b"Content-Length : %d\r\n\r\n" % len(SMUGGLED),
    "a header on two lines": b"X: a\r\n Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
    "a bare line feed": b"X: a\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "a bare carriage return": b"X: a\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "chunks of another name": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks with half an end": b"Transfer-Encoding: chunked\r\n\r\n0\n\n",
}


@pytest.mark.parametrize("rest", REFUSED.values(), ids=REFUSED)
def test_what_has_two_readings_reaches_nobody(target: Target, rest: bytes) -> None:
    said, passed = say(target, PLAIN + rest + SMUGGLED)
    assert set(said.statuses) <= {400}
    assert not passed
    assert target.stored("logs"), "the log was emptied"


def test_a_request_in_a_body_stays_in_it(target: Target) -> None:
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
    chunked = PLAIN + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
    for text in (sized(body=SMUGGLED), chunked, sized(b"Expect: 100-continue", body=SMUGGLED)):
        said, (passed,) = say(target, text)
        assert said.statuses == [400]
        assert passed.body == SMUGGLED
        assert passed.values("content-length") == [str(len(SMUGGLED)).encode()]
        assert_own(passed)


ADDRESSES = {
    "a line in the query": b"/api/health?x=%0d%0aX-Evil:%201%0d%0a%0d%0aDELETE%20/logs",
    "a line in the path": b"/api/health%20HTTP/1.1%0d%0aX-Evil:%201",
    "a line in a name": b"/api/docs/%0d%0aX-Evil:%201",
    "a question in a name": b"/api/docs/%3fx",
    "a fragment in a name": b"/api/docs/%23/../logs",
    "a slash in a name": b"/api/docs/..%2flogs",
    "dots in a name": b"/api/docs/..",
    "a host in a name": b"/api/docs/@evil.example",
    "another host": b"http://evil.example/api/health",
    "two slashes": b"/api//logs",
    "the log, encoded": b"/api/%6cogs",
    "the log, doubly encoded": b"/api/%256cogs",
    "what is not public": b"/api/readyz",
    "dots": b"/api/docs/../logs",
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"POST"])
def test_no_address_becomes_another(target: Target, method: bytes, address: bytes) -> None:
    text = b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (method, address)
    said, passed = say(target, text)
    assert len(passed) <= 1
    assert b"X-Evil" not in said.text.split(b"\r\n\r\n")[0]
    for one in passed:
        assert one.method == "GET"
        assert one.target.partition(b"?")[0] == b"/health" or said.text.startswith(b"HTTP/1.1 404 ")
        assert not one.target.startswith((b"/logs", b"/readyz", b"http"))
        assert_own(one)


def test_the_owner_s_token_is_the_first_one_and_goes_to_the_log_alone(target: Target) -> None:
    right, wrong = b"Authorization: Bearer %b" % TOKEN.encode(), b"Authorization: Bearer %b" % C
    for given, status in (
        ([right], 200),
        ([wrong], 401),
        ([right, wrong], 200),
        ([wrong, right], 401),
    ):
        start = b"GET /api/logs?limit=1 HTTP/1.1"
        lines = [start, b"Host: x", b"Connection: close", *given, b"", b""]
        said, passed = say(target, b"\r\n".join(lines))
        assert said.statuses == [status]
        assert len(passed) == (status == 200)
        for one in passed:
            assert one.values("authorization") == [right.partition(b": ")[2]]
            assert_own(one, "authorization")


def test_many_in_a_row_are_as_many_in_the_same_order(target: Target) -> None:
    bodies = [json.dumps({**tiny.RECORD, "hours": hours}).encode() for hours in range(30)]
    head = PLAIN + b"Content-Length: %d\r\n\r\n%b"
    said, passed = say(target, b"".join(head % (len(body), body) for body in bodies))
    assert said.statuses == [200] * len(bodies)
    assert [one.body for one in passed] == bodies


def test_each_of_many_at_once_has_its_own_answer(target: Target) -> None:
    def asked(hours: int) -> tuple[str, float]:
        body = json.dumps({**tiny.RECORD, "hours": hours}).encode()
        headers = {**JSON, "X-Request-ID": f"of-{hours}"}
        answer = target.page.ask("POST", "/api/predict", body, headers)
        return answer.headers["x-request-id"], answer.json()["probability"]

    numbers = list(range(0, 40_000, 200))
    target.relay.passed.clear()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(asked, numbers))
    assert [id_ for id_, _ in answers] == [f"of-{hours}" for hours in numbers]
    # Of this package the probability rises with the hours.
    assert [probability for _, probability in answers] == sorted({p for _, p in answers})
    ids = [one.values("x-request-id")[0].decode() for one in target.relay.passed]
    assert sorted(ids) == sorted(id_ for id_, _ in answers)


def test_who_leaves_in_the_middle_leaves_nothing_behind(target: Target) -> None:
    """Neither an error, nor half a request on the way that others use."""
    target.relay.passed.clear()
    for _ in range(30):
        target.page.say(sized(), leave=True, wait=0.05)
        target.page.say(sized()[:-10], leave=True, wait=0.05)
    eventually(lambda: target.page.ask("POST", "/api/predict", RECORD, JSON).status == 200)
    assert all(one.body == RECORD for one in target.relay.passed if one.method == "POST")
