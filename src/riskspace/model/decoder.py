"""The quick way from a body to a valid record: it takes most of what the schema takes, nothing that
the schema doesn't, and leaves the rest, and every error's wording, to the schema."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from riskspace.model.encoding import Matrix
from riskspace.model.manifest import Feature, Manifest, Record

Inputs = msgspec.Struct
Row = Sequence[float | None]


class Decoder:
    """Decodes and validates in one pass, in C, by a type made from the manifest."""

    def __init__(self, manifest: Manifest) -> None:
        features = manifest.features
        self._type = msgspec.defstruct(
            "Inputs",
            [_field(_place(i), feature) for i, feature in enumerate(features)],
            kw_only=True,
            frozen=True,
            gc=False,
            forbid_unknown_fields=True,
        )
        self._names = [feature.name for feature in features]
        self._decode = msgspec.json.Decoder(self._type).decode
        self._whole = [i for i, feature in enumerate(features) if feature.type == "integer"]
        self._codes: dict[int, dict[str | None, float]] = {
            i: {None: math.nan} | {value: float(code) for code, value in enumerate(feature.values)}
            for i, feature in enumerate(features)
            if feature.type == "choice"
        }
        bare = GenericAlias(list, (self._type,))
        wrapped = msgspec.defstruct("Records", [("records", bare)], forbid_unknown_fields=True)
        self._decode_bare: Callable[[bytes], Any] = msgspec.json.Decoder(bare).decode
        self._decode_wrapped: Callable[[bytes], Any] = msgspec.json.Decoder(wrapped).decode

    def record(self, body: bytes | msgspec.Raw) -> Inputs | None:
        """One valid record from JSON; None where the schema has to look at it."""
        try:
            inputs: Inputs = self._decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):  # flat, so never too deep
            return None
        if self._whole:
            values = msgspec.structs.astuple(inputs)
            for i in self._whole:
                if values[i] is not None and not values[i].is_integer():
                    return None
        return inputs

    def row(self, inputs: Inputs) -> Row:
        """A record as a row of the engine's matrix, None for unknown."""
        row = list(msgspec.structs.astuple(inputs))
        for i, codes in self._codes.items():
            row[i] = codes[row[i]]
        return row

    def row_of(self, record: Record) -> Row:
        """The same of a record that the schema gave."""
        row: list[Any] = list(record.values())
        for i, codes in self._codes.items():
            row[i] = codes[row[i]]
        return row

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self._names))

    def batch(self, body: bytes) -> list[Inputs] | None:
        """Many valid records from JSON, a list or an object that holds it as `records`; None where
        they have to be looked at one by one."""
        for decode in (self._decode_bare, self._decode_wrapped):
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                found = decode(body)
                records: list[Inputs] = found if isinstance(found, list) else found.records
                return records if self._are_whole(records) else None
        return None

    def columns(self, records: Sequence[Inputs]) -> Matrix:
        """Valid records as the engine's matrix, made a column at a time."""
        matrix = np.empty((len(self._names), len(records)))
        for i, column in enumerate(zip(*map(msgspec.structs.astuple, records), strict=True)):
            codes = self._codes.get(i)
            matrix[i] = _numbers(column if codes is None else list(map(codes.__getitem__, column)))
        return np.ascontiguousarray(matrix.T)

    def _are_whole(self, records: Sequence[Inputs]) -> bool:
        for i in self._whole:
            column = _numbers(list(map(attrgetter(_place(i)), records)))
            if not ((np.floor(column) == column) | np.isnan(column)).all():
                return False
        return True


def _numbers(column: Sequence[Any]) -> Matrix:
    try:
        # Four times as fast as numpy, but it doesn't take None.
        return np.frombuffer(struct.pack(f"{len(column)}d", *column))
    except struct.error:
        return np.array(column, dtype=np.float64)


def _place(i: int) -> str:
    return f"feature_{i}"


def _field(place: str, feature: Feature) -> tuple[str, Any, Any]:
    # By its place: a feature may bear a name that Python keeps for itself.
    named = msgspec.field(name=feature.name)
    if feature.required:
        return place, _type(feature), named
    return place, _type(feature) | None, msgspec.field(name=feature.name, default=None)


def _type(feature: Feature) -> Any:
    if feature.type == "boolean":
        return bool
    if feature.type == "choice":
        return Literal[feature.values]
    assert feature.bounds is not None  # the manifest says so
    low, high = feature.bounds
    return Annotated[float, msgspec.Meta(ge=low, le=high)]
