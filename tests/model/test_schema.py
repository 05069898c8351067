"""What a record may be, and in which words it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import tiny
from model.strategies import manifest_of

from riskspace.errors import BadInput, FieldError, MalformedBody
from riskspace.model.manifest import Record
from riskspace.model.schema import MAX_ERRORS, MAX_NAME, Schema, accepted

Errors = tuple[FieldError, ...]
Read = Callable[[Schema, object], Record | Errors]


def from_text(schema: Schema, record: object) -> Record | Errors:
    try:
        return schema.parse(json.dumps(record).encode())
    except BadInput as refusal:
        return refusal.errors


def decoded(schema: Schema, record: object) -> Record | Errors:
    return schema.check(record)


@pytest.fixture(params=[from_text, decoded], ids=["one record's text", "a batch's row"])
def read(request: pytest.FixtureRequest) -> Read:
    chosen: Read = request.param
    return chosen


HOURS = "a whole number from 0 to 100000 h"
INLET = "a number from 0 to 50 bar, or null for unknown"
OUTDOOR = "true or false, or null for unknown"
LIQUID = "one of: water, oil, or null for unknown"
WRONG: dict[str, tuple[str, Any, str, str]] = {
    "null where it is required": ("hours", None, "missing", HOURS),
    "a text for a number": ("hours", "20000", "wrong_type", HOURS),
    "a boolean for a number": ("hours", True, "wrong_type", HOURS),
    "a list for a number": ("hours", [1], "wrong_type", HOURS),
    "an object for a number": ("hours", {"h": 1}, "wrong_type", HOURS),
    "a fraction for a whole number": ("hours", 2.5, "wrong_type", HOURS),
    "a hair above a whole number": ("hours", 1e-42, "wrong_type", HOURS),
    "a hair below a whole number": ("hours", 2.9999999999, "wrong_type", HOURS),
    "too much": ("hours", 100_001, "out_of_bounds", HOURS),
    "too little": ("hours", -1, "out_of_bounds", HOURS),
    "not a number": ("inlet_bar", float("nan"), "not_finite", INLET),
    "infinity": ("inlet_bar", float("inf"), "not_finite", INLET),
    "minus infinity": ("inlet_bar", float("-inf"), "not_finite", INLET),
    "a hair above": ("inlet_bar", 50.000001, "out_of_bounds", INLET),
    "a number for a boolean": ("outdoor", 1, "wrong_type", OUTDOOR),
    "a text for a boolean": ("outdoor", "true", "wrong_type", OUTDOOR),
    "no choice": ("liquid", "milk", "not_a_choice", LIQUID),
    "a choice in capitals": ("liquid", "WATER", "not_a_choice", LIQUID),
    "a number for a choice": ("liquid", 1, "not_a_choice", LIQUID),
    "an object for a choice": ("liquid", {}, "not_a_choice", LIQUID),
}


@pytest.mark.parametrize(("field", "value", "code", "expected"), WRONG.values(), ids=WRONG)
def test_a_field_is_refused_when_it_holds(
    schema: Schema, read: Read, field: str, value: Any, code: str, expected: str
) -> None:
    (error,) = read(schema, {**tiny.RECORD, field: value})
    assert isinstance(error, FieldError)
    assert (error.field, error.code, error.accepted) == (field, code, expected)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ([0, 1_234_567], "a number from 0 to 1234567, or null for unknown"),
        ([-0.25, 1e6], "a number from -0.25 to 1000000, or null for unknown"),
        ([0.1, 0.30000000000000004], "a number from 0.1 to 0.3, or null for unknown"),
    ],
)
def test_bounds_are_told_in_full(bounds: list[float], expected: str) -> None:
    feature = {"name": "flow", "type": "number", "required": False, "label": tiny.text("flow")}
    (told,) = manifest_of([{**feature, "bounds": bounds}]).features
    assert accepted(told) == expected


@pytest.mark.parametrize("value", [1, None, "x", [], {}])
def test_an_unknown_field_is_refused_whatever_it_holds(
    schema: Schema, read: Read, value: object
) -> None:
    (error,) = read(schema, {**tiny.RECORD, "depth": value})
    assert isinstance(error, FieldError)
    assert (error.field, error.code) == ("depth", "unknown_field")
    assert error.accepted == f"the fields of the model: {', '.join(schema.names)}"


def test_a_required_field_is_missed_when_it_is_left_out(schema: Schema, read: Read) -> None:
    errors = read(schema, {})
    assert [(e.field, e.code) for e in errors if isinstance(e, FieldError)] == [
        ("hours", "missing"),
        ("material", "missing"),
    ]


@pytest.mark.parametrize("record", [None, [], [tiny.RECORD], "x", 1, True])
def test_a_record_is_refused_when_it_is_no_object(
    schema: Schema, read: Read, record: object
) -> None:
    (error,) = read(schema, record)
    assert isinstance(error, FieldError)
    assert (error.field, error.code) == ("body", "wrong_type")


def test_a_valid_record_is_complete_with_null_for_unknown(schema: Schema, read: Read) -> None:
    record = read(schema, {"hours": 5, "material": "bronze"})
    assert record == dict.fromkeys(schema.names) | {"hours": 5, "material": "bronze"}


def test_a_whole_number_may_be_written_with_a_point(schema: Schema, read: Read) -> None:
    assert read(schema, {"hours": 5.0, "material": "steel"}) == read(
        schema, {"hours": 5, "material": "steel"}
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("hours", 0), ("hours", 100_000), ("inlet_bar", 50), ("outlet_bar", 0.5), ("outdoor", False)],
)
def test_a_bound_is_inside(schema: Schema, read: Read, field: str, value: Any) -> None:
    record = read(schema, {**tiny.RECORD, field: value})
    assert isinstance(record, dict)
    assert record[field] == value


NO_JSON = {
    "nothing": b"",
    "space": b"  ",
    "half an object": b'{"hours": 1',
    "two objects": b"{} {}",
    "single quotes": b"{'hours': 1}",
    "invalid UTF-8": b'{"hours": 1, "material": "\xff"}',
    "UTF-16": '{"hours": 1}'.encode("utf-16"),
    "half a pair of surrogates": b'{"hours": 1, "material": "\\ud800"}',
    "a number of 5000 digits": b'{"hours": ' + b"1" * 5000 + b"}",
    "a deep list": b"[" * 30_000 + b"]" * 30_000,
    "a deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_a_body_is_malformed_when_it_is(schema: Schema, body: bytes) -> None:
    with pytest.raises(MalformedBody) as refusal:
        schema.parse(body)
    (error,) = refusal.value.errors
    assert (error.field, error.code) == ("body", "malformed")


def test_the_last_one_counts_when_a_key_is_there_twice(schema: Schema) -> None:
    """As in most parsers (RFC 8259 leaves it open): a value that doesn't count isn't judged."""
    record = schema.parse(b'{"hours": "x", "hours": 2, "material": "steel"}')
    assert record["hours"] == 2
    with pytest.raises(BadInput):
        schema.parse(b'{"hours": 2, "hours": "x", "material": "steel"}')


def test_errors_are_bounded_when_every_field_is_unknown(schema: Schema, read: Read) -> None:
    errors = read(schema, {f"field{number}": 0 for number in range(5000)})
    assert len(errors) == MAX_ERRORS


def test_a_field_s_name_is_made_safe_when_a_stranger_wrote_it(schema: Schema, read: Read) -> None:
    (error,) = read(schema, {**tiny.RECORD, "\x1b[31m\n\u202e" + "x" * 500: 1})
    assert isinstance(error, FieldError)
    assert error.field == "?[31m??" + "x" * (MAX_NAME - 7) + "…"


CANARY, NUMBER = "canary-7731", 77317731.25


@pytest.mark.parametrize("field", [feature["name"] for feature in tiny.FEATURES])
@pytest.mark.parametrize("value", [CANARY, [CANARY], {CANARY: CANARY}, NUMBER, [NUMBER], -NUMBER])
def test_no_error_echoes_the_value(schema: Schema, read: Read, field: str, value: object) -> None:
    errors = read(schema, {**tiny.RECORD, field: value, "depth": value})
    assert {error.field for error in errors if isinstance(error, FieldError)} == {field, "depth"}
    assert CANARY not in str(errors)
    assert str(NUMBER) not in str(errors)


def test_a_warning_is_given_when_a_number_is_outside_what_was_trained(schema: Schema) -> None:
    (warning,) = schema.warnings({**tiny.RECORD, "hours": 40_001})
    assert (warning.field, warning.code) == ("hours", "outside_trained_range")
    assert warning.message == "hours is outside what the model was trained on: 0 to 40000 h"
    assert not schema.warnings({**tiny.RECORD, "hours": 40_000})


def test_a_warning_is_given_when_two_numbers_stand_in_an_unusual_order(schema: Schema) -> None:
    (warning,) = schema.warnings({**tiny.RECORD, "inlet_bar": 10, "outlet_bar": 10})
    assert (warning.field, warning.code) == ("inlet_bar", "unusual_order")
    assert warning.message == "inlet_bar is not below outlet_bar"
    assert not schema.warnings({**tiny.RECORD, "inlet_bar": None, "outlet_bar": 10})
