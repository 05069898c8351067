"""`riskspace score IN OUT`."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from riskspace.errors import PackageError
from riskspace.model import package
from riskspace.scoring import files, flow
from riskspace.scoring.assessor import Assessor
from riskspace.scoring.errors import Ended, ScoringError
from riskspace.scoring.flow import Sink
from riskspace.scoring.output import replacing
from riskspace.scoring.progress import Progress

# Rows that are read, answered and written at a time: half as many and twice as many take a sixth
# longer.
CHUNK = 65_536
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

DESCRIPTION = """
Scores a file of records, CSV or Parquet (by its name), of any size: each row comes out in its
place with its columns as they were and, behind them, prediction (0 or 1), probability, risk (the
band), warnings and errors (as field:code). A row that is wrong has only errors, and doesn't fail
the others.
"""
EPILOG = """
Unlike the API, which refuses fields that it doesn't know, columns that are not the model's (an id,
a name) are kept and ignored. A column that the model requires must be there. CSV is read as POST
/predict/batch does: UTF-8, a header, commas, or semicolons and then with decimal commas or points.
Parquet needs the extra riskspace[bulk].
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command to those of the command line."""
    parser = commands.add_parser(
        "score", help="answer a whole file of records", description=DESCRIPTION, epilog=EPILOG
    )
    parser.add_argument("source", metavar="IN", type=_file, help="a .csv or .parquet file")
    parser.add_argument("target", metavar="OUT", type=_file, help="a .csv or .parquet file")
    parser.add_argument(
        "--package", type=Path, default=Path("models/prediabetes"), help="default: %(default)s"
    )
    parser.add_argument(
        "--chunk",
        type=_count,
        default=CHUNK,
        metavar="N",
        help="rows at a time; default: %(default)s",
    )
    parser.add_argument(
        "--prefix", type=_prefix, default="", help="put before the names of the added columns"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT where it is there")
    parser.set_defaults(run=run, refuse=parser.error)


def run(chosen: argparse.Namespace) -> int:
    """1 where a file or the package is refused, 130 after Ctrl-C (128 and the number of the signal
    that ended it); nothing is written then."""
    if _same(chosen.source, chosen.target):
        chosen.refuse("IN and OUT are the same file")
    try:
        with _tidy_end():
            sys.stderr.write(f"{score(chosen, sys.stderr)}\n")
    except (ScoringError, PackageError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"{name}{error.strerror or error}\n")
        return 1
    except Ended as end:
        return 128 + end.signal
    return 0


def score(chosen: argparse.Namespace, stream: TextIO) -> str:
    """Scores a file; what it did, in a line. Hints and the bar go to `stream`.

    Raises ScoringError, PackageError or OSError; nothing is written then.
    """
    with replacing(chosen.target, force=chosen.force) as draft:
        assessor = Assessor(package.load(chosen.package))
        with closing(files.source(chosen.source, assessor, chosen.prefix)) as source:
            stream.writelines(f"{note}\n" for note in source.header.notes)
            with (
                _closing(files.sink(draft, chosen.target, source, assessor)) as sink,
                Progress(stream, source.total, source.unit) as progress,
            ):
                flow.run(
                    source,
                    assessor,
                    sink,
                    rows=chosen.chunk,
                    threads=len(os.sched_getaffinity(0)),
                    tell=lambda chunk, answers: progress.add(
                        len(chunk), answers.refused, chunk.position
                    ),
                )
    return progress.summary()


@contextmanager
def _closing(sink: Sink[Any]) -> Iterator[Sink[Any]]:
    """After an error, it is that error that is told, not what closing a broken file says."""
    try:
        yield sink
    except BaseException:
        with suppress(OSError, ValueError):
            sink.close()
        raise
    sink.close()


@contextmanager
def _tidy_end() -> Iterator[None]:
    """What would end the process at once ends the block, but for what is ignored (by nohup)."""

    def end(number: int, _: object) -> NoReturn:
        raise Ended(number)

    handlers = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _same(source: Path, target: Path) -> bool:
    return source.exists() and target.exists() and source.samefile(target)


def _file(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in files.SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text}: expected {' or '.join(files.SUFFIXES)}")
    return path


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number from 1")
    return int(text)


def _prefix(text: str) -> str:
    if not re.fullmatch(r"\w*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text}: expected letters, digits and _")
    return text
