"""Chunks go through in their order, a few at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
import tiny

from riskspace.model.encoding import encode
from riskspace.model.package import Package
from riskspace.scoring import flow
from riskspace.scoring.assessor import Answers, Assessor
from riskspace.scoring.checker import Numbers
from riskspace.scoring.header import Header, match
from riskspace.scoring.progress import Progress


@dataclass
class Numbered:
    position: int
    matrix: Any
    waits: Event | None = None

    def __len__(self) -> int:
        return len(self.matrix)

    def columns(self) -> Sequence[Numbers | None]:
        if self.waits is not None:
            assert self.waits.wait(10)
        return list(self.matrix.T)


@dataclass
class Memory:
    """A source and a sink in one; it knows how many chunks were out at a time."""

    made: Sequence[Numbered]
    header: Header
    total: int = 0
    unit: str = "rows"
    parallel: bool = True
    read: int = 0
    most: int = 0
    written: list[int] = field(default_factory=list)

    def chunks(self, rows: int) -> Iterator[Numbered]:
        assert rows == 1
        for chunk in self.made:
            self.read += 1
            self.most = max(self.most, self.read - len(self.written))
            yield chunk

    def write(self, chunk: Numbered, answers: Answers) -> None:
        assert answers.valid.all()
        self.written.append(chunk.position)

    def close(self) -> None: ...


@pytest.fixture
def assessor(loaded: Package) -> Assessor:
    return Assessor(loaded)


def memory(assessor: Assessor, count: int, waits: Event | None = None) -> Memory:
    matrix = encode(assessor.features, [tiny.RECORD])
    chunks = [Numbered(0, matrix, waits), *(Numbered(i, matrix) for i in range(1, count))]
    return Memory(chunks, match(list(tiny.RECORD), assessor.features))


def test_chunks_are_written_in_order_when_the_first_takes_longest(assessor: Assessor) -> None:
    others = Event()
    both = memory(assessor, 50, others)
    both.made[1].columns = lambda: (others.set(), list(both.made[1].matrix.T))[1]  # type: ignore[method-assign]
    told: list[int] = []
    flow.run(
        both, assessor, both, rows=1, threads=2, tell=lambda chunk, _: told.append(chunk.position)
    )
    assert both.written == told == list(range(50))


@pytest.mark.parametrize("parallel", [True, False])
def test_few_chunks_are_in_memory_at_a_time(assessor: Assessor, parallel: bool) -> None:
    both = memory(assessor, 200)
    both.parallel = parallel
    flow.run(both, assessor, both, rows=1, threads=2, tell=lambda *_: None)
    assert both.written == list(range(200))
    assert both.most <= (7 if parallel else 1)


@pytest.mark.parametrize("parallel", [True, False])
def test_an_error_anywhere_is_the_caller_s(assessor: Assessor, parallel: bool) -> None:
    both = memory(assessor, 20)
    both.parallel = parallel
    both.made[7].matrix = "no matrix"
    with pytest.raises(AttributeError):
        flow.run(both, assessor, both, rows=1, threads=2, tell=lambda *_: None)
    assert 7 not in both.written


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("unit", ["rows", "B"])
def test_a_bar_is_drawn_for_who_watches(unit: str) -> None:
    stream = Terminal()
    with Progress(stream, 1000, unit, timer=iter([0.0, *[2.0] * 9]).__next__) as progress:
        progress.add(500, 10, 400)
        progress.add(500, 0, 1000)
    assert "100%" in stream.getvalue()
    assert unit == "rows" or "1,000 rows, 500/s" in stream.getvalue()
    assert progress.summary() == "1000 rows, 10 refused, 2.0 s, 500 rows/s"


def test_no_bar_is_drawn_when_nobody_watches() -> None:
    stream = io.StringIO()
    with Progress(stream, 1000, "rows") as progress:
        progress.add(1000, 0, 1000)
    assert stream.getvalue() == ""
