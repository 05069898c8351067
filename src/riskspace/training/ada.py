"""The risk test of the American Diabetes Association, as a point of comparison.

Bang H, Edwards AM, Bomback AS, et al. Development and validation of a patient self-assessment
score for diabetes risk. Annals of Internal Medicine 2009;151:775-783.

Two of its items are not in this table (family history, gestational diabetes) and count 0 for all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskspace.training.nhanes import MALE

# Hypertension is a remembered diagnosis in the paper, and a measurement here: 140/90 mmHg, the
# definition of its time.
HYPERTENSION = (140.0, 90.0)
# That of the American College of Cardiology since 2017, kinder to the test on these data.
HYPERTENSION_2017 = (130.0, 80.0)


def points(
    inputs: pd.DataFrame, hypertension: tuple[float, float] = HYPERTENSION
) -> npt.NDArray[np.float64]:
    """The points of each person: age 0 to 3, BMI 0 to 3, male 1, hypertension 1, inactive 1. What
    is unknown gives none.

    `hypertension` is the pair of pressures, systolic and diastolic, from either of which on a
    person counts as hypertensive.
    """
    bmi = inputs["weight_kg"] / (inputs["height_cm"] / 100) ** 2
    active = inputs[["vigorous_activity", "moderate_activity"]].max(axis=1)
    systolic, diastolic = hypertension
    high = (inputs["systolic_mmhg"] >= systolic) | (inputs["diastolic_mmhg"] >= diastolic)
    total = (
        _steps(inputs["age_years"], 40, 50, 60)
        + _steps(bmi, 25, 30, 40)
        + (inputs["sex"] == MALE)
        + high
        + (active == 0)
    )
    return total.to_numpy(dtype=np.float64)


def _steps(column: pd.Series, *edges: float) -> pd.Series:
    """How many of the edges a value has reached."""
    return sum((column >= edge).astype(int) for edge in edges)  # type: ignore[return-value]
