"""The ADA risk test's points, on cases counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from riskspace.model.sklearn_engine import frame
from riskspace.training import ada
from riskspace.training.features import FEATURES

YOUNG: dict[str, Any] = {
    "age_years": 30,
    "sex": "female",
    "height_cm": 170,
    "weight_kg": 60,
    "systolic_mmhg": 115,
    "diastolic_mmhg": 75,
    "vigorous_activity": False,
    "moderate_activity": True,
}


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({}, 0),
        ({"age_years": 39}, 0),
        ({"age_years": 40}, 1),
        ({"age_years": 50}, 2),
        ({"age_years": 60}, 3),
        ({"sex": "male"}, 1),
        ({"weight_kg": 26 * 1.7**2}, 1),
        ({"weight_kg": 31 * 1.7**2}, 2),
        ({"weight_kg": 41 * 1.7**2}, 3),
        ({"systolic_mmhg": 140}, 1),
        ({"diastolic_mmhg": 90}, 1),
        ({"systolic_mmhg": 150, "diastolic_mmhg": 95}, 1),
        ({"moderate_activity": False}, 1),
        ({"moderate_activity": None, "vigorous_activity": None}, 0),
        ({"weight_kg": None, "systolic_mmhg": None, "diastolic_mmhg": None}, 0),
        ({"age_years": 66, "sex": "male", "weight_kg": 120, "systolic_mmhg": 150}, 8),
    ],
)
def test_points(changes: dict[str, Any], points: int) -> None:
    assert ada.points(frame(FEATURES, [YOUNG | changes])).tolist() == [points]


def test_points_with_the_lower_definition_of_hypertension() -> None:
    people = frame(FEATURES, [YOUNG | {"systolic_mmhg": 132}])
    assert ada.points(people).tolist() == [0]
    assert ada.points(people, ada.HYPERTENSION_2017).tolist() == [1]
