"""CSV files, read and written row by row. A row is written as the very text it was read as, with
cells of ours behind it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from riskspace.model import table
from riskspace.model.manifest import Feature
from riskspace.scoring.assessor import Answers
from riskspace.scoring.cells import Cells
from riskspace.scoring.checker import Numbers
from riskspace.scoring.errors import ScoringError
from riskspace.scoring.header import Header, match

# A row with more characters than this is no row: an open quote, most likely.
MAX_ROW = 1 << 20
# Rows and characters of a chunk: a cell is an object, and few of them stay in a cache.
_ROWS = 1024
_CHUNK = 1 << 23
_EXPECTED = "CSV in UTF-8 whose first line names the fields"


@dataclass(slots=True)
class Lines:
    """Rows as they were written, `cells` and all."""

    position: int
    texts: list[str]
    cells: list[list[str]]
    source: CsvSource

    def __len__(self) -> int:
        return len(self.texts)

    def columns(self) -> Sequence[Numbers | None]:
        return self.source.numbers(self.cells)


class CsvSource:
    """A CSV file in UTF-8, separated by commas, or by semicolons and then with decimal commas or
    points: the rules of `model.table`, but that columns may be there that aren't the model's, and
    that a row with too few cells is an error, for it may be half a row.

    Raises ScoringError where it can't be read.
    """

    unit = "B"
    parallel = False  # the interpreter makes every cell of it

    def __init__(self, path: Path, features: Sequence[Feature], prefix: str = "") -> None:
        self._path = path
        self.total = path.stat().st_size
        self._bytes = path.open("rb")
        self._file = TextIOWrapper(self._bytes, encoding="utf-8", newline="")
        self._pending: list[str] = []
        self._held = 0
        try:
            first = self._first_line()
            self.mark = "\ufeff" if first.startswith("\ufeff") else ""
            self.european = table.is_european(first)
            self.delimiter = ";" if self.european else ","
            self._rows = self._records(first.removeprefix(self.mark))
            self.first_text, names = next(self._rows, ("", []))
            if not names:
                raise ScoringError(f"{path}: no header; expected {_EXPECTED}")
            self.header = self._matched(names, features, prefix)
        except BaseException:
            self._file.close()
            raise
        self._cells = [Cells(feature, european=self.european) for feature in features]
        self._numbers = [
            place
            for place, feature in zip(self.header.places, features, strict=True)
            if place is not None and feature.numeric
        ]

    def _first_line(self) -> str:
        try:
            return self._file.readline(MAX_ROW + 1)
        except UnicodeDecodeError:
            raise ScoringError(f"{self._path}: not UTF-8; expected {_EXPECTED}") from None

    def _matched(self, names: Sequence[str], features: Sequence[Feature], prefix: str) -> Header:
        try:
            return match(names, features, prefix)
        except ScoringError as error:
            raise ScoringError(f"{self._path}: {error}") from None

    def chunks(self, rows: int) -> Iterator[Lines]:
        size, texts, cells = 0, [], []
        for text, row in self._rows:
            texts.append(text)
            cells.append(row)
            size += len(text)
            if len(texts) == min(rows, _ROWS) or size > _CHUNK:
                yield Lines(self._position(), texts, cells, self)
                size, texts, cells = 0, [], []
        if texts:
            yield Lines(self._position(), texts, cells, self)

    def numbers(self, cells: list[list[str]]) -> list[Numbers | None]:
        return [
            None if place is None else known.numbers([row[place] for row in cells])
            for place, known in zip(self.header.places, self._cells, strict=True)
        ]

    def decimal_comma(self, cells: list[list[str]]) -> bool:
        """How these rows write numbers; with commas where nothing tells."""
        return self.european and not any("." in row[i] for row in cells for i in self._numbers)

    def close(self) -> None:
        self._file.close()

    def _position(self) -> int:
        return self._bytes.tell() if self._bytes.seekable() else 0  # a pipe doesn't tell

    def _records(self, first: str) -> Iterator[tuple[str, list[str]]]:
        """Each row as a text and as cells, the header's first."""
        reader = csv.reader(self._lines(first), delimiter=self.delimiter, strict=True)
        pending, width = self._pending, 0
        try:
            for row in reader:
                text = pending[0] if len(pending) == 1 else "".join(pending)
                pending.clear()
                self._held = 0
                if not row and width:
                    continue  # a blank line is no row, not even of one column
                width = width or len(row)
                if len(row) != width:
                    raise csv.Error(f"{len(row)} cells where the header has {width}")
                yield text, row
        except csv.Error as error:
            raise ScoringError(f"{self._path}: line {reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            after = f"after line {reader.line_num}"
            raise ScoringError(f"{self._path}: {after}: not UTF-8; expected {_EXPECTED}") from None

    def _lines(self, line: str) -> Iterator[str]:
        read = self._file.readline
        while line:
            self._pending.append(line)
            self._held += len(line)
            if self._held > MAX_ROW:
                raise csv.Error(f"a row of more than {MAX_ROW} characters")
            yield line
            line = read(MAX_ROW + 1)


class CsvSink:
    """What a CsvSource read, with the answers behind each row: their cells are numbers and plain
    names, never text that a spreadsheet would run. The rows' own cells are their owner's."""

    def __init__(self, path: Path, source: CsvSource, bands: Sequence[str]) -> None:
        self._source = source
        self._bands = bands
        self._decimal_comma: bool | None = None
        start = source.first_text.rstrip("\r\n")
        self._end = source.first_text[len(start) :] or "\n"
        self._file = path.open("w", encoding="utf-8", newline="")
        names = source.delimiter.join(["", *source.header.results])
        self._file.write(f"{source.mark}{start}{names}{self._end}")

    def write(self, chunk: Lines, answers: Answers) -> None:
        if self._decimal_comma is None:
            self._decimal_comma = self._source.decimal_comma(chunk.cells)
        rows = zip(chunk.texts, self._answers(answers), strict=True)
        end = self._end
        self._file.writelines(text.rstrip("\r\n") + added + end for text, added in rows)

    def close(self) -> None:
        self._file.close()

    def _answers(self, answers: Answers) -> Iterator[str]:
        d = self._source.delimiter
        columns = zip(
            answers.valid.tolist(),
            answers.predictions.tolist(),
            map(repr, answers.probabilities.tolist()),
            answers.bands.tolist(),
            answers.warnings,
            answers.errors,
            strict=True,
        )
        for valid, prediction, probability, band, warnings, errors in columns:
            if not valid:
                yield f"{d * 5}{errors}"
                continue
            if self._decimal_comma:
                probability = probability.replace(".", ",")
            yield f"{d}{prediction}{d}{probability}{d}{self._bands[band]}{d}{warnings or ''}{d}"
