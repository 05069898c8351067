"""An answer's head waits for its body, and for nothing else."""

from __future__ import annotations

import pytest

from riskspace.web.joined import Joined

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


class Wire:
    """A transport that keeps what it was to send."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def joined(wire: Wire) -> Joined:
    joined = Joined(wire)
    joined.begin()
    return joined


def test_head_and_body_are_sent_at_once(wire: Wire, joined: Joined) -> None:
    joined.write(HEAD)
    assert wire.sent == []
    joined.write(b"body")
    assert wire.sent == [HEAD + b"body"]


def test_what_looks_like_a_head_further_on_does_not_wait(wire: Wire, joined: Joined) -> None:
    joined.write(STREAM)
    joined.write(HEAD)
    assert wire.sent == [STREAM, HEAD]


def test_a_head_that_nothing_follows_is_sent_once(wire: Wire, joined: Joined) -> None:
    joined.write(HEAD)
    joined.flush()
    joined.flush()
    assert wire.sent == [HEAD]


def test_a_head_is_sent_before_the_end(wire: Wire, joined: Joined) -> None:
    joined.write(HEAD)
    assert not joined.is_closing()
    joined.close()
    assert (wire.sent, joined.is_closing()) == ([HEAD], True)
