"""Chunks from a source, through the model, to a sink, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

from riskspace.scoring.assessor import Answers, Assessor
from riskspace.scoring.checker import Numbers
from riskspace.scoring.header import Header


class Chunk(Protocol):
    """Some rows of a file. `position` is how far it has been read with them, in its unit."""

    position: int

    def __len__(self) -> int: ...

    def columns(self) -> Sequence[Numbers | None]:
        """A column a feature, None where the file has none."""


C_co = TypeVar("C_co", bound=Chunk, covariant=True)
C_contra = TypeVar("C_contra", bound=Chunk, contravariant=True)
C = TypeVar("C", bound=Chunk)


class Source(Protocol[C_co]):
    """A file that is read; `total` is its size in `unit`. `parallel` says that its columns are
    made without holding the interpreter, so that threads help."""

    header: Header
    total: int
    unit: str
    parallel: bool

    def chunks(self, rows: int) -> Iterator[C_co]:
        """Raises ScoringError where the file is broken."""

    def close(self) -> None: ...


class Sink(Protocol[C_contra]):
    """A file that is written."""

    def write(self, chunk: C_contra, answers: Answers) -> None: ...

    def close(self) -> None: ...


def run(
    source: Source[C],
    assessor: Assessor,
    sink: Sink[C],
    *,
    rows: int,
    threads: int,
    tell: Callable[[C, Answers], object],
) -> None:
    """Scores `rows` at a time, and tells of each chunk that was written. Few chunks are in memory
    at any time, however long the file is."""

    def assess(chunk: C) -> Answers:
        return assessor.assess(chunk.columns(), len(chunk))

    if not source.parallel:
        for chunk in source.chunks(rows):
            answers = assess(chunk)
            sink.write(chunk, answers)
            tell(chunk, answers)
        return
    written: deque[Future[tuple[C, Answers]]] = deque()
    pool, writer = ThreadPoolExecutor(threads), ThreadPoolExecutor(1)

    def write(chunk: C, future: Future[Answers]) -> tuple[C, Answers]:
        answers = future.result()
        sink.write(chunk, answers)
        return chunk, answers

    try:
        for chunk in source.chunks(rows):
            written.append(writer.submit(write, chunk, pool.submit(assess, chunk)))
            if len(written) > 2 * threads:
                tell(*written.popleft().result())
        while written:
            tell(*written.popleft().result())
    finally:
        pool.shutdown(cancel_futures=True)
        writer.shutdown(cancel_futures=True)
