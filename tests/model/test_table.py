"""CSV as people and spreadsheets write it, and as nobody should."""

from __future__ import annotations

import pytest

from riskspace.errors import MalformedBody
from riskspace.model import table
from riskspace.model.manifest import Record
from riskspace.model.schema import Schema

HOURS_IN = {"hours": 20_000.0, "inlet_bar": 2.5}
READ: dict[str, tuple[bytes, list[Record]]] = {
    "commas": (b"hours,inlet_bar\n20000,2.5\n", [HOURS_IN]),
    "semicolons and decimal commas": (b"hours;inlet_bar\n20000;2,5\n", [HOURS_IN]),
    "semicolons and decimal points": (b"hours;inlet_bar\n20000;2.5\n", [HOURS_IN]),
    "a byte order mark": (b"\xef\xbb\xbfhours,inlet_bar\n20000,2.5\n", [HOURS_IN]),
    "quotes": (b'"hours","inlet_bar"\n"20000","2.5"\n', [HOURS_IN]),
    "Windows line ends": (b"hours,inlet_bar\r\n20000,2.5\r\n", [HOURS_IN]),
    "no end to the last line": (b"hours,inlet_bar\n20000,2.5", [HOURS_IN]),
    "spaces around cells": (b"hours,inlet_bar\n 20000 , 2.5 \n", [HOURS_IN]),
    "an exponent": (b"hours,inlet_bar\n2e4,25e-1\n", [HOURS_IN]),
    "blank lines": (b"hours,inlet_bar\n\n20000,2.5\n\n", [HOURS_IN]),
    "another order": (b"inlet_bar,hours\n2.5,20000\n", [HOURS_IN]),
    "a quoted line break": (b'liquid,hours\n"wa\nter",1\n', [{"liquid": "wa\nter", "hours": 1}]),
    "a quoted quote": (b'liquid,hours\n"wa""ter",1\n', [{"liquid": 'wa"ter', "hours": 1}]),
    "empty cells": (b"hours,liquid\n,\n", [{"hours": None, "liquid": None}]),
    "missing cells": (b"hours,liquid\n5\n", [{"hours": 5, "liquid": None}]),
    "extra cells": (b"hours\n5,canary,9\n", [{"hours": 5, "extra cells": ""}]),
    "an unknown column": (b"hours,depth\n5,canary\n", [{"hours": 5, "depth": ""}]),
    "a number with an underscore": (b"hours\n20_000\n", [{"hours": "20_000"}]),
    "a number with a decimal comma": (b'hours\n"2,5"\n', [{"hours": "2,5"}]),
    "a choice that looks like a number": (b"liquid,hours\n1,1\n", [{"liquid": "1", "hours": 1}]),
    "a NUL in a cell": (b"hours\n1\x002\n", [{"hours": "1\x002"}]),
    "a formula": (b"hours,liquid\n=1+1,=cmd()\n", [{"hours": "=1+1", "liquid": "=cmd()"}]),
    "no row": (b"hours,liquid\n", []),
    "a field of 100 kB": (
        b"hours,liquid\n1," + b"x" * 100_000 + b"\n",
        [{"hours": 1, "liquid": "x" * 100_000}],
    ),
}


@pytest.mark.parametrize(("body", "expected"), READ.values(), ids=READ)
def test_rows_are_read_when_they_are_written_with(
    schema: Schema, body: bytes, expected: list[Record]
) -> None:
    assert list(table.csv_rows(body, schema)) == expected


YES_OR_NO = {"true": True, "Yes": True, "1": True, "FALSE": False, "no": False, "0": False}


@pytest.mark.parametrize(
    ("cell", "value"), [*YES_OR_NO.items(), ("", None), ("2", "2"), ("oui", "oui")]
)
def test_a_boolean_is_read_from(schema: Schema, cell: str, value: bool | str | None) -> None:
    (row,) = table.csv_rows(f"outdoor,hours\n{cell},1\n".encode(), schema)
    assert row["outdoor"] == value


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_left_to_the_schema(schema: Schema, cell: str) -> None:
    (row,) = table.csv_rows(f"material,inlet_bar,hours\nsteel,{cell},1\n".encode(), schema)
    (error,) = schema.check(row)
    assert not isinstance(error, str)
    assert (error.field, error.code) == ("inlet_bar", "not_finite")


REFUSED = {
    "nothing": b"",
    "an empty header": b"\nhours\n1\n",
    "invalid UTF-8": b"hours\n\xff\n",
    "UTF-16": "hours\n1\n".encode("utf-16"),
    "Latin-1": "hours,liquid\n1,huilé\n".encode("latin-1"),
    "the same column twice": b"hours,hours\n1,2\n",
    "no known column": b"heures;matiere\n1;2\n",
    "no header": b"20000,steel,2.5\n1,bronze,3\n",
    "JSON": b'{"hours": 1}',
    "tabs": b"hours\tliquid\n1\twater\n",
    "an open quote": b'hours,liquid\n1,"water\n',
    "text after a quote": b'hours,liquid\n1,"wat"er\n',
    "a field of 200 kB": b"hours,liquid\n1," + b"x" * 200_000 + b"\n",
    "a thousand columns": b"hours," + ",".join(f"c{n}" for n in range(999)).encode() + b"\n1\n",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_a_file_is_malformed_when_it_holds(schema: Schema, body: bytes) -> None:
    with pytest.raises(MalformedBody) as refusal:
        list(table.csv_rows(body, schema))
    (error,) = refusal.value.errors
    assert (error.field, error.code) == ("body", "malformed")
    assert error.accepted.startswith("CSV in UTF-8 whose first line names the fields")


def test_rows_are_read_one_at_a_time(schema: Schema) -> None:
    """Whoever counts them can stop: a long file isn't turned into rows first."""
    rows = table.csv_rows(b'hours\n1\n"', schema)
    assert next(rows) == {"hours": 1}
    with pytest.raises(MalformedBody):
        next(rows)
