"""The quick way from a body to a valid record: it takes most of what the schema takes, nothing that
the schema doesn't, and leaves the rest, and every error's wording, to the schema."""

from __future__ import annotations

from collections.abc import Sequence
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
            [_field(f"feature_{i}", feature) for i, feature in enumerate(features)],
            kw_only=True,
            frozen=True,
            gc=False,
            forbid_unknown_fields=True,
        )
        self._names = [feature.name for feature in features]
        self._decode = msgspec.json.Decoder(self._type).decode
        self._whole = [i for i, feature in enumerate(features) if feature.type == "integer"]
        self._codes: list[tuple[int, dict[str | None, float | None]]] = [
            (i, {None: None} | {value: float(code) for code, value in enumerate(feature.values)})
            for i, feature in enumerate(features)
            if feature.type == "choice"
        ]

    def record(self, body: bytes | msgspec.Raw) -> Inputs | None:
        """One valid record from JSON; None where the schema has to look at it."""
        try:
            inputs: Inputs = self._decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
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
        for i, codes in self._codes:
            row[i] = codes[row[i]]
        return row

    def row_of(self, record: Record) -> Row:
        """The same of a record that the schema gave."""
        row: list[Any] = list(record.values())
        for i, codes in self._codes:
            row[i] = codes[row[i]]
        return row

    def matrix(self, rows: Sequence[Row]) -> Matrix:
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self._names))

    def as_record(self, inputs: Inputs) -> Record:
        """The same record as the schema gives it."""
        return dict(zip(self._names, msgspec.structs.astuple(inputs), strict=True))


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
