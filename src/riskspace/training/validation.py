"""Repeated stratified cross-validation: what each estimator says of people it was not fitted on.

A figure is computed on each repeat's out-of-fold predictions and averaged over the repeats. The
predictions themselves are never averaged, which would be an ensemble that nobody ships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from riskspace.training.candidates import SEED
from riskspace.training.nhanes import Survey

Probabilities = npt.NDArray[np.float64]
Progress = Callable[[Iterable[Any], int], Iterable[Any]]

FOLDS = 10
REPEATS = 5
JOBS = 2


def out_of_fold(
    survey: Survey, estimators: Sequence[Any], unknown: Sequence[str], progress: Progress
) -> list[Probabilities]:
    """For each estimator the probabilities, shape (repeats, people), of people it was not fitted
    on, had they not known the inputs in `unknown`."""
    jobs = [(estimator, repeat) for estimator in estimators for repeat in range(REPEATS)]
    work = Parallel(n_jobs=JOBS, return_as="generator")(
        delayed(_one_repeat)(survey, estimator, unknown, repeat) for estimator, repeat in jobs
    )
    rows = np.stack(list(progress(work, len(jobs))))
    return list(rows.reshape(len(estimators), REPEATS, len(survey)))


def forget(inputs: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The same people, not knowing these inputs."""
    nothing = {name: None if inputs[name].dtype == object else np.nan for name in names}
    forgotten = inputs.assign(**nothing)
    return forgotten.astype(inputs.dtypes)


def _one_repeat(
    survey: Survey, estimator: Any, unknown: Sequence[str], repeat: int
) -> Probabilities:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED + repeat)
    asked = forget(survey.inputs, unknown)
    probabilities = np.empty(len(survey))
    for known, new in folds.split(survey.inputs, survey.target):
        fitted = clone(estimator).fit(survey.inputs.iloc[known], survey.target[known])
        probabilities[new] = fitted.predict_proba(asked.iloc[new])[:, 1]
    return probabilities
