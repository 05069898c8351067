"""Columns are judged as the schema judges records, one by one."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from model.strategies import QUICK, manifests, near

from riskspace.model import table
from riskspace.model.encoding import encode
from riskspace.model.manifest import Feature, Manifest
from riskspace.model.schema import Schema
from riskspace.scoring.cells import Cells
from riskspace.scoring.checker import Checker, Numbers

ODD = [
    "",
    " ",
    "nan",
    "inf",
    "-Infinity",
    "1e999",
    "1_0",
    "yes",
    "No",
    "TRUE",
    "0",
    "2",
    "2,5",
    "x",
]


def cells(feature: Feature) -> st.SearchStrategy[str]:
    """Cells as people write them for a feature, and as nobody should."""
    values = near(feature).map(
        lambda v: "" if v is None else str(v).lower() if v is True else str(v)
    )
    padded = values.map(lambda text: f" {text} ")
    choices = st.sampled_from(feature.values) if feature.values else values
    return values | padded | choices | st.sampled_from(ODD)


def rows(some: Manifest) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(st.fixed_dictionaries({f.name: cells(f) for f in some.features}), max_size=6)


def written(some: Manifest, drawn: list[dict[str, str]], delimiter: str) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, [f.name for f in some.features], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(drawn)
    return file.getvalue().encode()


@given(drawn=st.data(), some=manifests, european=st.booleans())
@QUICK
def test_a_column_is_read_and_judged_as_the_api_does_with_a_csv(
    drawn: st.DataObject, some: Manifest, european: bool
) -> None:
    found = drawn.draw(rows(some))
    european = european and len(some.features) > 1
    schema, checker = Schema(some), Checker(some)
    body = written(some, found, ";" if european else ",")
    expected = [schema.check(row) for row in table.csv_rows(body, schema)]
    columns: list[Numbers | None] = [
        Cells(feature, european=european).numbers([row[feature.name] for row in found])
        for feature in some.features
    ]
    matrix, valid, errors = checker.check(columns, len(found))
    assert list(errors) == [
        " ".join(f"{error.field}:{error.code}" for error in record)
        if isinstance(record, tuple)
        else None
        for record in expected
    ]
    records = [record for record in expected if isinstance(record, dict)]
    np.testing.assert_array_equal(matrix[valid], encode(some.features, records))
    assert [
        text for text, good in zip(checker.warnings(columns, valid), valid, strict=True) if good
    ] == [
        " ".join(f"{w.field}:{w.code}" for w in schema.warnings(record)) or None
        for record in records
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"hours": 40_001}, "hours:outside_trained_range"),
        ({"inlet_bar": 10.0}, "inlet_bar:unusual_order"),
        ({"inlet_bar": 9.999}, None),
        ({"inlet_bar": None}, None),
        ({"hours": 50_000, "inlet_bar": 11}, "hours:outside_trained_range inlet_bar:unusual_order"),
    ],
)
def test_a_row_is_warned_about_as_the_schema_warns(
    sealed: Manifest, changes: dict[str, Any], expected: str | None
) -> None:
    matrix = encode(sealed.features, [tiny.RECORD, {**tiny.RECORD, **changes}])
    warnings = Checker(sealed).warnings(list(matrix.T), np.array([True, True]))
    assert list(warnings) == [None, expected]


def test_a_wrong_row_has_no_warning(sealed: Manifest) -> None:
    matrix = encode(sealed.features, [{**tiny.RECORD, "hours": 50_000}] * 2)
    assert list(Checker(sealed).warnings(list(matrix.T), np.array([False, True]))) == [
        None,
        "hours:outside_trained_range",
    ]


def test_every_wrong_field_of_a_row_is_named(sealed: Manifest) -> None:
    columns: list[Numbers | None] = [
        np.array([wrong]) for wrong in (math.nan, math.inf, -math.inf, 101.0, math.inf, math.nan)
    ]
    _, valid, errors = Checker(sealed).check(columns, 1)
    assert not valid.any()
    assert list(errors) == [
        "hours:missing material:not_a_choice inlet_bar:not_finite outlet_bar:out_of_bounds"
        " outdoor:wrong_type"
    ]


def test_many_flags_are_told_apart() -> None:
    """More combinations than a number of 64 bits could hold."""
    features = [
        {**tiny.FEATURES[2], "name": f"f{i}", "bounds": [0, 9], "trained": [0, 1], "group": None}
        for i in range(150)
    ]
    from model.strategies import manifest_of

    checker = Checker(manifest_of(features))
    matrix = np.zeros((200, 150))
    matrix[np.arange(150), np.arange(150)] = 5
    columns: list[Numbers | None] = list(matrix.T)
    valid = np.ones(200, dtype=np.bool_)
    assert list(checker.warnings(columns, valid)) == [
        *(f"f{i}:outside_trained_range" for i in range(150)),
        *[None] * 50,
    ]
    columns = list((matrix * 10).T)
    assert list(checker.check(columns, 200)[2]) == [
        *(f"f{i}:out_of_bounds" for i in range(150)),
        *[None] * 50,
    ]


def test_what_is_remembered_of_a_column_is_bounded(sealed: Manifest) -> None:
    known = Cells(sealed.feature("inlet_bar"))
    found = known.numbers([f"{i / 1000}" for i in range(50_000)])
    np.testing.assert_array_equal(found, np.arange(50_000) / 1000)
    known.numbers(["x" * 100_000])
    assert len(known) <= 10_000
    assert max(map(len, known)) < 100
