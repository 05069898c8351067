"""Batches that weigh more than they are: refused, or answered row by row, within a bound of
memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from api.hostile import CANARY, CSV, JSON
from faults.hostile.figures import Figures
from faults.hostile.targets import RECORD, Memory, Target
from faults.hostile.wire import Answer

LIMIT = 8 * 1024 * 1024
# MB that the API's process may grow by while it answers one batch, and the page's, which passes it
# on: some copies of the body and of the longest answer, 20 MB.
GROWN = {"api": 128, "page": 96}
C = CANARY.encode()


def filled(start: bytes, more: bytes, end: bytes = b"") -> bytes:
    """As much of `more` as fits between."""
    return start + more * ((LIMIT - len(start) - len(end)) // len(more)) + end


def rows(row: bytes, count: int = 10_000) -> bytes:
    return b"[" + b",".join([row] * count) + b"]"


def wide(count: int) -> bytes:
    return b",".join(b"c%d" % number for number in range(count))


def unknown(fields: int) -> bytes:
    return json.dumps({f"{number}{'n' * 60}": CANARY for number in range(fields)}).encode()


Made = Callable[[], bytes]
# Made when they are needed: all at once they are a gigabyte.
JSONS: dict[str, tuple[Made, int]] = {
    "10 001 rows": (lambda: rows(b"{}", 10_001), 422),
    "a million rows": (lambda: filled(b"[0", b",0", b"]"), 422),
    "8 MB of openings": (lambda: b"[" * LIMIT, 400),
    "8 MB of openings and closings": (lambda: b"[" * (LIMIT // 2) + b"]" * (LIMIT // 2), 400),
    "100 000 levels of objects": (lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "a row of 100 000 levels": (lambda: b"[{},%b%b]" % (b"[" * 100_000, b"]" * 100_000), 400),
    "a number of 100 000 digits": (lambda: b'[{"hours": %b}]' % (b"7" * 100_000), 400),
    "a number of 8 MB": (lambda: filled(b'[{"hours": 1', b"0", b"}]"), 400),
    "a fraction of 8 MB": (lambda: filled(b'[{"inlet_bar": 1.', b"3", b"}]"), 200),
    "an exponent of 8 MB": (lambda: filled(b'[{"inlet_bar": 1e', b"9", b"}]"), 200),
    "a text of 8 MB": (lambda: filled(b'[{"material": "%b' % C, b"x", b'"}]'), 200),
    "a text of 8 MB of escapes": (
        lambda: filled(b'[{"material": "%b' % C, b"\\u0000", b'"}]'),
        200,
    ),
    "a name of 8 MB": (lambda: filled(b'[{"', b"n", b'": "%b"}]' % C), 200),
    "a million fields": (lambda: filled(b'[{"a": 0', b', "%b": 0' % b"b", b"}]"), 422),
    "a million fields, each another": (
        lambda: b"[{%b}]" % b",".join(b'"%x":0' % number for number in range(800_000)),
        422,
    ),
    "a field a million times": (lambda: filled(b'[{"hours": 1', b', "hours": 1', b"}]"), 422),
    "rows of nothing": (lambda: rows(b"null"), 200),
    "rows of lists": (lambda: rows(b"[" * 50 + b"]" * 50), 200),
    "rows of unknown fields": (lambda: rows(unknown(9)), 200),
    "rows of many unknown fields": (lambda: rows(unknown(70), 1400), 200),
    "rows of records": (lambda: rows(RECORD), 200),
    "8 MB of spaces": (lambda: filled(b"", b" ", b"[{}]"), 200),
    "one byte too many": (lambda: b" " * LIMIT + b"[{}]", 413),
    "a record of batches": (lambda: filled(b'{"records": [{}], "x": "', b"x", b'"}'), 422),
}
CSVS: dict[str, tuple[Made, int]] = {
    "one cell of 8 MB": (lambda: filled(b"hours\n", b"7"), 400),
    "one quoted cell of 8 MB": (lambda: filled(b'hours\n"', b"x\n", b'"'), 400),
    "an open quote of 8 MB": (lambda: filled(b'hours\n"', b"%b\n" % C), 400),
    "a million columns": (lambda: b"hours," + wide(1_000_000) + b"\n1\n", 422),
    "a million cells in a row": (lambda: filled(b"hours,material\n1,steel", b","), 422),
    "a million cells in a row, each with something": (
        lambda: filled(b"hours,material\n1,steel", b",x"),
        422,
    ),
    "a million rows": (lambda: filled(b"hours,material\n", b"1,x\n"), 422),
    "a million rows of nothing": (lambda: filled(b"hours,material\n", b",\n"), 422),
    "8 MB of ends of lines": (lambda: filled(b"hours\n", b"\n"), 422),
    "only commas": (lambda: b"," * LIMIT, 422),
    "only semicolons": (lambda: b";" * LIMIT, 422),
    "only quotes": (lambda: b'"' * LIMIT, 400),
    "only NULs": (lambda: bytes(LIMIT), 400),
    "NULs in cells": (lambda: b"hours,material\n1\0,ste\0el%b\n" % C, 200),
    "ends of lines of each kind": (
        lambda: b"hours,material\r\n1,steel\n2,steel\r3,steel\r\n\n4,steel",
        200,
    ),
    "a header on two lines": (lambda: b'"hours","mat\nerial"\n1,steel\n', 200),
    "wide characters": (lambda: filled(b"hours,material\n", "1,\U0001f388\n".encode()), 422),
    "one row of wide characters": (lambda: filled(b"hours\n", "\U0001f388,".encode()), 422),
    "too many columns": (lambda: b"hours,material,%b\n1,steel\n" % wide(60), 400),
    "rows of unknown columns": (
        lambda: b"hours,material,%b\n" % wide(50) + (b"1,steel" + b",x" * 50 + b"\n") * 9000,
        200,
    ),
    "numbers that are none": (
        lambda: filled(b"hours,material\n", b"1e999,x\n-inf,x\nnan,x\n0x1,x\n1_0,x\n")[:60_000],
        200,
    ),
}
CASES = {f"JSON: {name}": (JSON, *case) for name, case in JSONS.items()} | {
    f"CSV: {name}": (CSV, *case) for name, case in CSVS.items()
}


@pytest.mark.parametrize(("media_type", "make", "status"), CASES.values(), ids=CASES)
def test_a_batch_weighs_no_more_than_a_bound(
    target: Target, figures: Figures, long: bool, media_type: str, make: Made, status: int
) -> None:
    body = make()
    for port, program in (("api", target.space.api), ("page", target.space.ui))[: 1 + long]:
        with Memory(program.process.pid) as memory:
            answer = ask(target, port, media_type, body)
        assert answer.status == status
        assert C not in answer.body
        grown = memory.peak - memory.before
        figures.most(f"MB that one batch takes of the {port}'s process at most", grown)
        assert grown < GROWN[port], f"{memory.before} MB, at most {memory.peak} MB"


def ask(target: Target, port: str, media_type: str, body: bytes) -> Answer:
    path = {"api": "/predict/batch", "page": "/api/predict/batch"}[port]
    return target.wire(port).ask("POST", path, body, {"Content-Type": media_type})


@pytest.fixture(scope="module", autouse=True)
def _given_back(target: Target) -> Iterator[None]:
    """Once all is answered, most of it is given back."""
    before = Memory(target.space.api.process.pid).now
    yield
    for _ in range(3):
        ask(target, "api", JSON, b"[{}]")
    assert Memory(target.space.api.process.pid).now - before < 200
