"""The survey's table: who is in, and each of its traps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskspace.model.sklearn_engine import frame
from riskspace.training import nhanes
from riskspace.training.features import FEATURES
from riskspace.training.nhanes import Survey, SurveyError


def test_the_population_is_that_of_the_specification(survey: Survey) -> None:
    assert len(survey) == 4214
    assert round(100 * survey.target.mean(), 1) == 36.5


def test_nobody_in_it_was_told_of_diabetes_but_borderline_stays(raw: pd.DataFrame) -> None:
    people = nhanes.population(nhanes.restore_zeros(raw))
    assert "1" not in set(people["DoctorToldYouHaveDiabetes"])
    assert "Borderline" in set(people["DoctorToldYouHaveDiabetes"])


def test_the_inputs_are_the_table_that_serving_will_make(survey: Survey) -> None:
    served = frame(FEATURES, [])
    assert list(survey.inputs.columns) == list(served.columns)
    assert list(survey.inputs.dtypes) == list(served.dtypes)
    for feature in FEATURES:
        if feature.choices:
            assert set(survey.inputs[feature.name]) <= {*feature.values, None}


def test_every_accepted_range_holds_what_the_model_was_trained_on(survey: Survey) -> None:
    for feature in FEATURES:
        if feature.bounds:
            known = survey.inputs[feature.name].dropna()
            assert known.quantile(0.001) >= feature.bounds[0]
            assert known.quantile(0.999) <= feature.bounds[1]


def test_trap_sas_zeros_become_zeros(raw: pd.DataFrame) -> None:
    sitting = raw["MinutesSedentaryActivity"]
    tiny = (sitting > 0) & (sitting < 1e-70)
    assert tiny.any(), "the trap is gone: is this another table?"
    restored = nhanes.restore_zeros(raw)["MinutesSedentaryActivity"]
    assert (restored[tiny] == 0).all()
    assert restored[~tiny].equals(sitting[~tiny])


def test_trap_a_diastolic_of_zero_is_unknown(raw: pd.DataFrame, survey: Survey) -> None:
    people = nhanes.population(nhanes.restore_zeros(raw))
    assert (people["DiastolicBloodPres1StRdgMmHg"] == 0).any()
    assert survey.inputs["diastolic_mmhg"].min() > 0
    readings = pd.DataFrame({"first": [0.0, 0.0, 80.0], "second": [70.0, 0.0, 90.0]})
    assert nhanes.determined(readings).mean(axis=1).to_list()[::2] == [70.0, 85.0]
    assert np.isnan(nhanes.determined(readings).mean(axis=1)[1])


def test_trap_9999_sedentary_minutes_are_unknown(raw: pd.DataFrame, survey: Survey) -> None:
    assert (raw["MinutesSedentaryActivity"] == 9999).any()
    assert survey.inputs["sedentary_minutes"].max() <= 24 * 60


def test_trap_age_stops_at_80(survey: Survey) -> None:
    age = survey.inputs["age_years"]
    assert age.max() == 80
    assert (age == 80).sum() > 3 * (age == 79).sum(), "80 stands for everyone of 80 and over"
    with pytest.raises(SurveyError, match="age: above 80"):
        nhanes.top_coded_age(pd.Series([81.0], name="age"))


@pytest.mark.parametrize(
    ("column", "cut_off", "in_the_codebook"),
    [
        ("GeneralHealthCondition", "Fair or", "Fair or poor"),
        ("YouDrinkWholeOrRegularMilk", "Whole or regular", "Whole or regular milk"),
    ],
)
def test_trap_a_label_that_is_cut_off_stops_the_training(
    raw: pd.DataFrame, column: str, cut_off: str, in_the_codebook: str
) -> None:
    labels = raw[column]
    assert cut_off in set(labels.dropna())
    table = {label: label for label in set(labels.dropna()) - {cut_off}}
    with pytest.raises(SurveyError, match=f"{column}: no reading for '{cut_off}'"):
        nhanes.relabel(labels, table | {in_the_codebook: "found"})


def test_every_label_of_the_inputs_has_a_reading(survey: Survey) -> None:
    assert survey.inputs["sex"].notna().all()
    assert set(survey.inputs["snoring"].dropna()) == set(nhanes.SNORING.values())
    assert set(survey.inputs["smoking"]) == {"never", *nhanes.SMOKES_NOW.values()}
    assert set(survey.ethnicity) == set(nhanes.ETHNICITY.values())


def test_a_yes_or_no_that_is_neither_stops_the_training() -> None:
    with pytest.raises(SurveyError, match="stroke: neither yes"):
        nhanes.yes_no(pd.Series([0.0, 1.0, 9.0], name="stroke"))
