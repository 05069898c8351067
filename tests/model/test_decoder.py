"""The quick way takes nothing that the schema refuses, and reads as the schema does."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import tiny
from hypothesis import example, given
from hypothesis import strategies as st
from model.strategies import QUICK, anything, fitting, manifests, names, records, scalars

from riskspace.errors import BadInput, MalformedBody
from riskspace.model.decoder import Decoder
from riskspace.model.encoding import encode
from riskspace.model.manifest import Manifest, Record
from riskspace.model.schema import Schema
from riskspace.service import form_of

BATCHES = b"[%s, %s]", b'{"records": [%s, %s]}'
REQUIRED = b'"hours": 5, "material": "steel"'


def of_schema(schema: Schema, body: bytes) -> Record | None:
    try:
        return schema.parse(body)
    except (BadInput, MalformedBody):
        return None


def agrees(manifest: Manifest, body: bytes) -> bool:
    """Whether the quick way took a body. What it took is what the schema reads."""
    decoder = Decoder(manifest)
    inputs = decoder.record(body)
    batches = [decoder.batch(batch % (body, body)) for batch in BATCHES]
    if inputs is None:
        assert all(batch is None or len(batch) != 2 for batch in batches)
        return False
    record = of_schema(Schema(manifest), body)
    assert record is not None, "taken, though the schema refuses it"
    row = decoder.matrix([decoder.row(inputs)])
    np.testing.assert_array_equal(row, encode(manifest.features, [record]))
    np.testing.assert_array_equal(row, decoder.matrix([decoder.row_of(record)]))
    as_kept = form_of(manifest).record(row[0].tolist())
    assert as_kept == record
    assert list(as_kept) == list(record)
    for batch in batches:
        assert batch is not None
        np.testing.assert_array_equal(np.tile(row, (2, 1)), decoder.columns(batch))
    return True


@given(drawn=st.data(), some=manifests)
@QUICK
def test_any_record_of_any_manifest(drawn: st.DataObject, some: Manifest) -> None:
    agrees(some, json.dumps(drawn.draw(records(some.features) | anything)).encode())


@given(drawn=st.data(), some=manifests)
@QUICK
def test_every_valid_record_is_taken(drawn: st.DataObject, some: Manifest) -> None:
    sent = drawn.draw(st.fixed_dictionaries({f.name: fitting(f) for f in some.features}))
    assert agrees(some, json.dumps(sent).encode())


@given(pairs=st.lists(st.tuples(names | st.sampled_from(list(tiny.RECORD)), scalars), max_size=8))
@QUICK
def test_any_object_with_names_said_twice(sealed: Manifest, pairs: list[tuple[str, Any]]) -> None:
    said = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs)
    agrees(sealed, b"{%s%s}" % (REQUIRED, f", {said}".encode() if said else b""))


@given(body=st.binary(max_size=60))
@example(b"\xef\xbb\xbf{%s}" % REQUIRED)
@example(b"{%s}{}" % REQUIRED)
@example(b"{%s} \x00" % REQUIRED)
@QUICK
def test_any_bytes_behind_a_record(sealed: Manifest, body: bytes) -> None:
    agrees(sealed, body)
    agrees(sealed, b"{%s}%s" % (REQUIRED, body))
    agrees(sealed, b'{%s, "inlet_bar": %s}' % (REQUIRED, body))


@pytest.mark.parametrize(
    "number",
    [
        *("0", "-0", "-0.0", "5e1", "5E+1", "0.5e2", "50.0", "49.99999999999999999999", "1e-400"),
        *("50.000000000000001", "50.00000000000001", "1e400", "-1e400", "NaN", "Infinity", "05"),
        *("5.", ".5", "+5", "0x5", "1_0", '"5"', "true", "null", "[5]", "9" * 400, "1" + "0" * 308),
        *("2.2250738585072011e-308", "4.9e-324", "1e-324", "0." + "0" * 400 + "1", "5e-1000"),
    ],
)
def test_any_way_to_write_a_number(sealed: Manifest, number: str) -> None:
    agrees(sealed, b'{%s, "inlet_bar": %s}' % (REQUIRED, number.encode()))
    agrees(sealed, b'{"material": "steel", "hours": %s}' % number.encode())


@pytest.mark.parametrize(
    "text",
    [
        '"steel"',
        r'"\u0073teel"',
        r'"stee\u006c"',
        r'"\ud800"',
        '"Steel"',
        '" steel"',
        '"steel\\u0000"',
    ],
)
def test_any_way_to_write_a_choice(sealed: Manifest, text: str) -> None:
    agrees(sealed, b'{"hours": 5, "material": %s}' % text.encode())


def test_the_usual_body_takes_the_quick_way(sealed: Manifest) -> None:
    assert agrees(sealed, json.dumps(tiny.RECORD).encode())
    assert agrees(sealed, b"{%s}" % REQUIRED)
    assert not agrees(sealed, b'{"hours": 5.5, "material": "steel"}')
    assert not agrees(sealed, b'{"hours": 100001, "material": "steel"}')
