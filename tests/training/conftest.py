"""The survey and the committed package, each read once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskspace.model import package
from riskspace.model.package import Package
from riskspace.training import nhanes
from riskspace.training.nhanes import Survey

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def raw() -> pd.DataFrame:
    """The table as it comes, traps included."""
    return nhanes.read(nhanes.table())


@pytest.fixture(scope="session")
def survey(raw: pd.DataFrame) -> Survey:
    return nhanes.survey(nhanes.population(nhanes.restore_zeros(raw)))


@pytest.fixture(scope="session")
def committed() -> Path:
    return ROOT / "models" / "prediabetes"


@pytest.fixture(scope="session")
def shipped(committed: Path) -> Package:
    return package.load(committed)
