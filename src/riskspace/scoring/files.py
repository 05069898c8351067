"""Which files can be scored, and how each is read and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from riskspace.scoring.assessor import Assessor
from riskspace.scoring.errors import ScoringError
from riskspace.scoring.flow import Sink, Source
from riskspace.scoring.text import CsvSink, CsvSource

SUFFIXES = (".csv", ".parquet")


def source(path: Path, assessor: Assessor, prefix: str) -> Source[Any]:
    """Raises ScoringError where the file can't be read as what its suffix says, OSError where it
    can't be read at all."""
    if _is_csv(path):
        return CsvSource(path, assessor.features, prefix)
    path.open("rb").close()  # whatever the system has against it, in the system's words
    read: Source[Any] = _parquet().ParquetSource(path, assessor.features, prefix)
    return read


def sink(path: Path, like: Path, read: Source[Any], assessor: Assessor) -> Sink[Any]:
    """What is written to `path` (and named `like` in the end) of a source.

    Raises ScoringError where it can't hold what the source has.
    """
    written: Sink[Any]
    if not _is_csv(like):
        written = _parquet().ParquetSink(path, read, assessor.bands)
    elif isinstance(read, CsvSource):
        written = CsvSink(path, read, assessor.bands)
    else:
        written = _parquet().TextSink(path, read, assessor.bands)
    return written


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _parquet() -> Any:
    try:
        from riskspace.scoring import parquet
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "pyarrow":
            raise
        raise ScoringError("Parquet needs pyarrow: pip install 'riskspace[bulk]'") from None
    return parquet
