"""The study behind a package: the candidates compared, one chosen, and what is known of it.

Everything in `metrics` goes into the manifest, and from there into the model card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskspace.model.manifest import Band
from riskspace.training import ada, metrics
from riskspace.training.bands import Edges, bands, edges
from riskspace.training.candidates import CANDIDATES, SEED, Candidate
from riskspace.training.features import CHOLESTEROL, OPTIONAL
from riskspace.training.metrics import Array, Metric, interval, over_repeats
from riskspace.training.nhanes import ADULT, Survey
from riskspace.training.ranges import Ranges
from riskspace.training.validation import FOLDS, REPEATS, Probabilities, Progress, out_of_fold

DRAWS = 1000

# What a package must reach on out-of-fold predictions.
LEAST_AUC = 0.745
LEAST_AUC_WITHOUT_CHOLESTEROL = 0.735
MOST_BRIER = 0.194
SLOPES = (0.95, 1.05)

FIGURES: dict[str, Metric] = {
    "auc": metrics.auc,
    "brier": metrics.brier,
    "calibration_slope": metrics.slope,
    "calibration_intercept": metrics.intercept,
}
SCENARIOS = {
    "all_inputs": (),
    "without_cholesterol": CHOLESTEROL,
    "required_only": OPTIONAL,
}
AGE_BANDS = {"20 to 39": (ADULT, 40), "40 to 59": (40, 60), "60 and over": (60, 200)}


@dataclass(frozen=True, slots=True)
class Study:
    """The chosen candidate, its out-of-fold probabilities with all inputs, shape (repeats,
    people), the bands made from them, and every figure of the report."""

    chosen: Candidate
    probabilities: Probabilities
    edges: Edges
    metrics: dict[str, Any]


def study(
    survey: Survey,
    ranges: Ranges,
    progress: Progress,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> Study:
    weights = metrics.weightings(len(survey), DRAWS, SEED)
    pipelines = [candidate.pipeline(ranges) for candidate in candidates]
    compared = out_of_fold(survey, pipelines, (), progress)
    best = choose([_summary(survey, repeats) for repeats in compared])
    chosen, repeats = candidates[best], compared[best]
    answers = {"all_inputs": repeats}
    for scenario, unknown in SCENARIOS.items():
        if scenario not in answers:
            answers[scenario] = out_of_fold(survey, [pipelines[best]], unknown, progress)[0]
    without = _summary(survey, answers["without_cholesterol"])["auc"]
    if without < LEAST_AUC_WITHOUT_CHOLESTEROL:
        raise ValueError(f"{chosen.name}: AUC {without:.3f} without cholesterol is below the bar")
    at = edges(survey.target, repeats)
    names = [candidate.name for candidate in candidates]
    return Study(
        chosen=chosen,
        probabilities=repeats,
        edges=at,
        metrics={
            "method": {"folds": FOLDS, "repeats": REPEATS, "bootstrap_draws": DRAWS},
            **{
                scenario: _figures(survey, found, weights, FIGURES)
                for scenario, found in answers.items()
            },
            "at_threshold": {
                "threshold": at.high,
                **_figures(survey, repeats, weights, metrics.at_threshold(at.high)),
            },
            "bands": _bands(survey, repeats, bands(at)),
            "ada_risk_test": _ada(survey, repeats, weights),
            "chosen": chosen.name,
            "candidates": _comparison(survey, names, compared, best, weights),
            "subgroups": _subgroups(survey, repeats, weights),
        },
    )


def choose(summaries: Sequence[dict[str, float]]) -> int:
    """The place of the highest AUC among those that reach every bar.

    Raises ValueError where none does.
    """
    fit = [
        place
        for place, figures in enumerate(summaries)
        if figures["auc"] >= LEAST_AUC
        and figures["brier"] <= MOST_BRIER
        and SLOPES[0] <= figures["calibration_slope"] <= SLOPES[1]
    ]
    if not fit:
        raise ValueError("no candidate reaches the bars")
    return max(fit, key=lambda place: summaries[place]["auc"])


def _summary(survey: Survey, repeats: Probabilities) -> dict[str, float]:
    everyone = np.ones((1, len(survey)))
    return {
        name: float(over_repeats(metric, survey.target, repeats, everyone)[0])
        for name, metric in FIGURES.items()
    }


def _figures(
    survey: Survey, repeats: Probabilities, weights: Array, wanted: dict[str, Metric]
) -> dict[str, Any]:
    return {
        name: interval(over_repeats(metric, survey.target, repeats, weights))
        for name, metric in wanted.items()
    }


def _comparison(
    survey: Survey,
    names: Sequence[str],
    compared: Sequence[Probabilities],
    best: int,
    weights: Array,
) -> list[dict[str, Any]]:
    """Each candidate's figures, and its differences to the chosen one on the same draws."""
    aucs = [over_repeats(metrics.auc, survey.target, found, weights) for found in compared]
    briers = [over_repeats(metrics.brier, survey.target, found, weights) for found in compared]
    return [
        {
            "name": name,
            "auc": interval(auc),
            "auc_difference": interval(auc - aucs[best]),
            "brier": interval(brier),
            "brier_difference": interval(brier - briers[best]),
            "calibration_slope": _round(_summary(survey, found)["calibration_slope"]),
        }
        for name, found, auc, brier in zip(names, compared, aucs, briers, strict=True)
    ]


def _ada(survey: Survey, repeats: Probabilities, weights: Array) -> dict[str, Any]:
    """The points' AUC and the model's gain over it, with the paper's hypertension and today's."""
    model = over_repeats(metrics.auc, survey.target, repeats, weights)
    compared = {}
    for name, pressures in {
        "hypertension_140_90": ada.HYPERTENSION,
        "hypertension_130_80": ada.HYPERTENSION_2017,
    }.items():
        points = metrics.auc(survey.target, ada.points(survey.inputs, pressures), weights)
        compared[name] = {"auc": interval(points), "auc_difference": interval(model - points)}
    return compared


def _bands(
    survey: Survey, repeats: Probabilities, scale: Sequence[Band]
) -> list[dict[str, float | str]]:
    """What happened in each band, all repeats pooled."""
    pooled = repeats.ravel()
    happened = np.tile(survey.target, len(repeats))
    rows: list[dict[str, float | str]] = []
    lower = 0.0
    for band in scale:
        inside = (pooled >= lower) & ((pooled < band.upper) | (band is scale[-1]))
        rows.append(
            {
                "name": band.name,
                "lower": lower,
                "upper": band.upper,
                "people": _round(inside.mean()),
                "expected": _round(pooled[inside].mean()),
                "observed": _round(happened[inside].mean()),
            }
        )
        lower = band.upper
    return rows


def _subgroups(survey: Survey, repeats: Probabilities, weights: Array) -> list[dict[str, Any]]:
    sex, age = survey.inputs["sex"], survey.inputs["age_years"]
    groups = {
        "sex": {value: sex == value for value in sorted(set(sex))},
        "age": {name: (age >= low) & (age < high) for name, (low, high) in AGE_BANDS.items()},
        "ethnicity": {value: survey.ethnicity == value for value in sorted(set(survey.ethnicity))},
    }
    return [
        {"by": by, "group": group, **_subgroup(survey, repeats, weights, np.asarray(inside))}
        for by, members in groups.items()
        for group, inside in members.items()
    ]


def _subgroup(
    survey: Survey, repeats: Probabilities, weights: Array, inside: Array
) -> dict[str, Any]:
    target = survey.target[inside]
    wanted: dict[str, Metric] = {
        "auc": metrics.auc,
        "calibration_slope": metrics.slope,
        "observed_to_expected": metrics.observed_to_expected,
    }
    return {
        "people": len(target),
        "prevalence": _round(target.mean()),
        **{
            name: interval(over_repeats(metric, target, repeats[:, inside], weights[:, inside]))
            for name, metric in wanted.items()
        },
    }


def _round(number: float) -> float:
    return round(float(number), metrics.DIGITS)
