"""Many records in one body, JSON or CSV, to rows that are not validated yet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
import pydantic_core

from riskspace.errors import FieldError, bad_input, malformed
from riskspace.model.manifest import Feature, Value
from riskspace.model.schema import MAX_ERRORS, Schema

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# Where a row has more cells than the header, the rest of them land under this name.
_EXTRA = "extra cells"


def json_rows(body: bytes) -> Sequence[object]:
    """The rows of a list, or of an object that holds the list as `records`; each may still be JSON
    (msgspec.Raw, for `decoded`).

    Raises MalformedBody where the body isn't JSON, BadInput where it holds no list.
    """
    for decoder in (_BARE, _WRAPPED):
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found = decoder.decode(body)
            return found.records if isinstance(found, _Records) else found
    expected = 'JSON in UTF-8: {"records": [...]}, or the bare list'
    content = _decoded(body, expected)
    if isinstance(content, dict) and set(content) == {"records"}:
        content = content["records"]
    if not isinstance(content, list):
        wrong = FieldError("records", "wrong_type", "is not a list of records", expected)
        raise bad_input([wrong])
    return content


def decoded(row: msgspec.Raw) -> object:
    """A row that is still JSON. Raises MalformedBody where it isn't."""
    return _decoded(bytes(row), "JSON in UTF-8")


def _decoded(body: bytes, expected: str) -> object:
    try:
        content: object = pydantic_core.from_json(body)
    except ValueError:
        raise malformed(expected) from None
    return content


class _Records(msgspec.Struct, forbid_unknown_fields=True):
    records: list[msgspec.Raw]


_BARE = msgspec.json.Decoder(list[msgspec.Raw])
_WRAPPED = msgspec.json.Decoder(_Records)


def csv_rows(body: bytes, schema: Schema) -> Iterator[dict[str, Value]]:
    """The rows of a CSV file in UTF-8 whose first line names the fields, a column each: an empty
    cell is null, a cell that is not of its column's type stays text. Separated by commas, or
    by semicolons and then with decimal commas or points, as spreadsheets in much of Europe do.

    Raises MalformedBody where it can't be read as such.
    """
    expected = "CSV in UTF-8 whose first line names the fields"
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise malformed(expected) from None
    header, _, _ = text.partition("\n")
    european = is_european(header)
    reader = csv.DictReader(
        io.StringIO(text, newline=""),
        delimiter=";" if european else ",",
        restkey=_EXTRA,
        strict=True,
    )
    try:
        names = list(reader.fieldnames or ())
        if not set(names) & set(schema.names):
            raise malformed(expected)  # most likely no header: its names would be values
        if len(set(names)) < len(names) or len(names) > len(schema.names) + MAX_ERRORS:
            raise malformed(f"{expected}, each once")
        for row in reader:
            yield {
                name: _value(schema.features.get(name), cell, european)
                for name, cell in row.items()
            }
    except csv.Error:
        raise malformed(expected) from None


def is_european(header: str) -> bool:
    """Whether the first line of a CSV file separates its names by semicolons."""
    return ";" in header and "," not in header


def _value(feature: Feature | None, cell: str | list[str] | None, european: bool) -> Value:
    if feature is None:
        return ""  # an unknown field is refused by its name; what it holds is nobody's business
    return value(feature, cell, european) if isinstance(cell, str) else None


def value(feature: Feature, cell: str, european: bool) -> Value:
    """What a cell of a feature's column says; text where it is not of the column's type."""
    if not (text := cell.strip()):
        return None
    if feature.type == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    if feature.type == "choice" or "_" in text:
        return text
    try:
        return float(text.replace(",", ".") if european else text)
    except ValueError:
        return text
