"""Parquet files, read and written column by column, and what crosses over to and from CSV."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from riskspace.model.manifest import Feature
from riskspace.scoring.arrays import numbers, takes
from riskspace.scoring.assessor import Answers
from riskspace.scoring.cells import Cells
from riskspace.scoring.checker import Numbers
from riskspace.scoring.errors import ScoringError
from riskspace.scoring.header import Header, match
from riskspace.scoring.labels import Labels
from riskspace.scoring.text import CsvSource, Lines

# Of a column at a time: a row group may be larger than memory.
_BUFFER = 1 << 20
# Bytes of a chunk, where rows are long.
_CHUNK = 1 << 23
_PROBE = 256
# Rows and bytes of a row group that is written.
_GROUP_ROWS = 1 << 17
_GROUP = 1 << 25
# Bytes a value, below which a column repeats itself: a dictionary of it is small.
_REPEATED = 4


@dataclass(slots=True)
class Rows:
    """A record batch, and how many rows were read up to its end."""

    position: int
    batch: Any
    source: ParquetSource

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def columns(self) -> Sequence[Numbers | None]:
        return self.source.numbers(self.batch)


class ParquetSource:
    """A Parquet file, of any size and however few row groups.

    Raises ScoringError where it can't be read, or where a feature's column is of a type that can't
    hold it.
    """

    unit = "rows"
    parallel = True

    def __init__(self, path: Path, features: Sequence[Feature], prefix: str = "") -> None:
        self._path = path
        self._features = features
        try:
            with parquet.ParquetFile(path) as file:
                self.schema, self.repeated = file.schema_arrow, _repeated(file.metadata)
            options = {"buffer_size": _BUFFER, "pre_buffer": False}
            self._file = parquet.ParquetFile(path, read_dictionary=self._texts(), **options)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None
        self.read_as = self._file.schema_arrow
        self.total = self._file.metadata.num_rows
        try:
            self.header = self._matched(prefix)
        except ScoringError as error:
            self.close()
            raise ScoringError(f"{path}: {error}") from None
        self._cells = [Cells(feature) for feature in features]

    def _matched(self, prefix: str) -> Header:
        header = match(self.schema.names, self._features, prefix)
        for feature, place in zip(self._features, header.places, strict=True):
            if place is not None and not takes(feature, found := self.schema.types[place]):
                raise ScoringError(f"the column {feature.name} is {found}, not {feature.type}")
        return header

    def chunks(self, rows: int) -> Iterator[Rows]:
        position = 0
        try:
            for batch in self._file.iter_batches(min(rows, self._affordable())):
                position += batch.num_rows
                yield Rows(position, batch, self)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from None

    def numbers(self, batch: Any) -> list[Numbers | None]:
        return [
            None if place is None else numbers(batch.column(place), feature, cells)
            for place, feature, cells in zip(
                self.header.places, self._features, self._cells, strict=True
            )
        ]

    def close(self) -> None:
        self._file.close()

    def _texts(self) -> list[str]:
        """Those that come as dictionaries, which is quicker: texts of features that repeat."""
        names = {feature.name for feature in self._features} & set(self.repeated)
        return [f.name for f in self.schema if f.name in names and pa.types.is_string(f.type)]

    def _affordable(self) -> int:
        """Rows that fit into a chunk's bytes."""
        metadata = self._file.metadata
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        sizes = [(group.total_byte_size, group.num_rows) for group in groups]
        # What is repeated is small in the file only.
        sizes += [(batch.nbytes, batch.num_rows) for batch in self._first(_PROBE)]
        row = max((size / max(rows, 1) for size, rows in sizes), default=0)
        return max(1, int(_CHUNK / max(row, 1)))

    def _first(self, rows: int) -> list[Any]:
        return list(islice(self._file.iter_batches(rows), 1))

    def _unreadable(self, error: Exception) -> ScoringError:
        reason = str(error).partition("\n")[0]
        return ScoringError(f"{self._path}: can't be read as Parquet: {reason}")


def _repeated(metadata: Any) -> list[str]:
    """The columns that repeat themselves."""
    sizes: Counter[str] = Counter()
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        for column in map(group.column, range(group.num_columns)):
            sizes[column.path_in_schema] += column.total_uncompressed_size
    return [path for path, size in sizes.items() if size < _REPEATED * metadata.num_rows]


class ParquetSink:
    """Parquet with the columns of a source and ours behind them."""

    def __init__(self, path: Path, source: ParquetSource | CsvSource, bands: Sequence[str]) -> None:
        names = source.header.names
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ScoringError(f"Parquet can't have two columns named {twice[0]!r}")
        if isinstance(source, ParquetSource):
            read, told, repeated = source.read_as, source.schema, source.repeated
        else:
            read = told = pa.schema([(name, pa.string()) for name in names])
            repeated = list(names)
        results = source.header.results
        # Texts are written from dictionaries, and are texts for whoever reads them.
        plain = _extended(told, results, pa.string()).serialize().to_pybytes()
        self._metadata = {**(told.metadata or {}), b"ARROW:schema": base64.b64encode(plain)}
        self._schema = _extended(read, results, _DICTIONARY)
        self._bands = pa.array(bands, pa.string())
        self._waiting: list[Any] = []
        self._rows = self._bytes = 0
        self._writer = parquet.ParquetWriter(
            path,
            self._schema,
            store_schema=False,
            use_dictionary=[*repeated, *results[2:]],
            # Of what a reader may look for: nobody sorts a file by a feature.
            write_statistics=[*source.header.others, results[1]],
        )

    def write(self, chunk: Rows | Lines, answers: Answers) -> None:
        batch = chunk.batch if isinstance(chunk, Rows) else _texts(chunk)
        arrays = [*batch.columns, *_columns(answers, self._bands)]
        whole = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._waiting.append(whole)
        self._rows += whole.num_rows
        self._bytes += whole.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
            self._writer.add_key_value_metadata(self._metadata)
        finally:
            self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting).unify_dictionaries())
            self._waiting, self._rows, self._bytes = [], 0, 0


class TextSink:
    """A Parquet file's columns as CSV, and ours behind them."""

    def __init__(self, path: Path, source: ParquetSource, bands: Sequence[str]) -> None:
        nested = [field for field in source.schema if pa.types.is_nested(field.type)]
        if nested:
            raise ScoringError(f"CSV can't hold the column {nested[0].name!r}: {nested[0].type}")
        self._bands = pa.array(bands, pa.string())
        self._schema = pa.schema(
            [
                field.with_type(field.type.value_type) if _is_dictionary(field.type) else field
                for field in _extended(source.schema, source.header.results, pa.string())
            ]
        )
        options = csv.WriteOptions(quoting_style="needed")
        self._writer = csv.CSVWriter(path, self._schema, write_options=options)

    def write(self, chunk: Rows, answers: Answers) -> None:
        arrays = [
            array.dictionary_decode() if _is_dictionary(array.type) else array
            for array in [*chunk.batch.columns, *_columns(answers, self._bands)]
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


_DICTIONARY = pa.dictionary(pa.int32(), pa.string())


def _is_dictionary(kind: Any) -> bool:
    return bool(pa.types.is_dictionary(kind))


def _extended(schema: Any, results: Sequence[str], texts: Any) -> Any:
    """A schema with our columns behind it."""
    kinds = [pa.int8(), pa.float64(), texts, texts, texts]
    added = [pa.field(name, kind) for name, kind in zip(results, kinds, strict=True)]
    return pa.schema([*schema, *added], schema.metadata)


def _columns(answers: Answers, bands: Any) -> list[Any]:
    """The answers as arrays; null where there is none."""
    refused = None if answers.valid.all() else ~answers.valid
    return [
        pa.array(answers.predictions, mask=refused),
        pa.array(answers.probabilities, mask=refused),
        pa.DictionaryArray.from_arrays(pa.array(answers.bands, mask=refused), bands),
        _labels(answers.warnings),
        _labels(answers.errors),
    ]


def _labels(labels: Labels) -> Any:
    codes = labels.codes.astype(np.int32)
    none = [text is None for text in labels.texts]
    mask = np.array(none)[codes] if any(none) else None
    texts = pa.array([text or "" for text in labels.texts], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), texts)


def _texts(chunk: Lines) -> Any:
    """Rows of a CSV as columns of text; null for an empty cell."""
    columns = zip(*chunk.cells, strict=True)
    return pa.RecordBatch.from_arrays(
        [pa.array([cell or None for cell in column], pa.string()) for column in columns],
        names=list(chunk.source.header.names),
    )
