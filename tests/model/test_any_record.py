"""Any record against any schema: it is answered or refused, and the document tells which."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model.strategies import QUICK, anything, fitting, manifest_of, manifests, records

from riskspace.errors import BadInput, MalformedBody
from riskspace.model.manifest import Manifest
from riskspace.model.schema import Schema


def answer(schema: Schema, body: bytes) -> dict[str, Any] | None:
    """The record, or None where it is refused: anything else raised is a bug."""
    try:
        return schema.parse(body)
    except (BadInput, MalformedBody):
        return None


@given(value=anything)
@QUICK
def test_a_record_is_answered_or_refused_whatever_it_is(schema: Schema, value: object) -> None:
    record = schema.check(value)
    assert isinstance(record, dict | tuple)
    assert record
    assert (answer(schema, json.dumps(value).encode()) is not None) == isinstance(record, dict)


@given(body=st.binary(max_size=200))
@QUICK
def test_a_body_is_answered_or_refused_whatever_it_is(schema: Schema, body: bytes) -> None:
    assert answer(schema, body) is None


@given(drawn=st.data(), some=manifests)
@QUICK
def test_a_record_is_valid_when_the_json_schema_says_so(
    drawn: st.DataObject, some: Manifest
) -> None:
    schema = Schema(some)
    document = jsonschema_rs.validator_for(schema.json_schema())
    record = drawn.draw(records(some.features) | anything)
    valid = document.is_valid(record)
    assert isinstance(schema.check(record), dict) == valid
    assert (answer(schema, json.dumps(record).encode()) is not None) == valid


@given(drawn=st.data(), some=manifests)
@QUICK
def test_a_record_is_complete_when_it_is_valid(drawn: st.DataObject, some: Manifest) -> None:
    schema = Schema(some)
    sent = drawn.draw(st.fixed_dictionaries({f.name: fitting(f) for f in some.features}))
    record = schema.check(sent)
    assert isinstance(record, dict)
    assert tuple(record) == schema.names
    assert record == sent
    assert schema.check(record) == record


@given(some=manifests)
@QUICK
def test_the_json_schema_is_one_whatever_the_manifest(some: Manifest) -> None:
    jsonschema_rs.meta.validate(Schema(some).json_schema())


@pytest.mark.parametrize("name", ["model_dump", "model_config", "copy", "json", "self"])
def test_a_feature_may_bear_a_name_that_python_or_pydantic_uses(name: str) -> None:
    feature = {"name": name, "type": "boolean", "required": True, "label": {"fr": "", "en": ""}}
    some = manifest_of([feature])
    assert Schema(some).parse(json.dumps({name: True}).encode()) == {name: True}
