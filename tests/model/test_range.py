"""The quick look at many rows calls for a warning exactly where the schema has one."""

from __future__ import annotations

from typing import Any

import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st
from model.strategies import QUICK

from riskspace.model.encoding import encode
from riskspace.model.manifest import Manifest
from riskspace.model.range import TrainedRange
from riskspace.model.schema import Schema


def agrees(manifest: Manifest, record: dict[str, Any]) -> bool:
    (usual,) = TrainedRange(manifest).usual(encode(manifest.features, [record]))
    return bool(usual) == (Schema(manifest).warnings(record) == ())


@pytest.mark.parametrize(
    "change",
    [
        {},
        *({"hours": hours} for hours in (0, 40_000, 40_000.1, 40_001)),
        *({"inlet_bar": 10, "outlet_bar": outlet} for outlet in (9.9, 10, 10.1, None)),
        dict.fromkeys(tiny.RECORD),
    ],
)
def test_the_edges(sealed: Manifest, change: dict[str, Any]) -> None:
    assert agrees(sealed, {**tiny.RECORD, **change})


numbers = st.none() | st.sampled_from([0, 10, 40_000]) | st.floats(0, 50_000)


@given(hours=numbers, inlet=numbers, outlet=numbers)
@QUICK
def test_any_record(sealed: Manifest, hours: Any, inlet: Any, outlet: Any) -> None:
    changed = {"hours": hours, "inlet_bar": inlet, "outlet_bar": outlet}
    assert agrees(sealed, {**tiny.RECORD, **changed})
