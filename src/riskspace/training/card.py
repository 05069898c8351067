"""The model card: a template, `card.md`, and the figures of the run that fill it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from string import Template
from typing import Any

from riskspace.model.manifest import Feature
from riskspace.training import bands, picture, report, texts
from riskspace.training.nhanes import Survey

FILE_NAME = "MODEL_CARD.md"
TEMPLATE = Path(__file__).with_name("card.md")

SCENARIOS = {
    "all_inputs": "all inputs",
    "without_cholesterol": "cholesterol unknown",
    "required_only": "four answers only",
}
ADA = {
    "hypertension_140_90": "hypertension from 140/90 mmHg on, as in the paper's time",
    "hypertension_130_80": "hypertension from 130/80 mmHg on, today's definition",
}


def write(folder: Path, survey: Survey, features: Sequence[Feature], study: report.Study) -> None:
    """Writes the card and its picture into `folder`."""
    picture.draw(folder / picture.FILE_NAME, survey.target, study.probabilities, study.edges)
    (folder / FILE_NAME).write_text(render(survey, features, study), encoding="utf-8")


def render(survey: Survey, features: Sequence[Feature], study: report.Study) -> str:
    figures = study.metrics
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=texts.TITLE.en,
        description=texts.DESCRIPTION.en,
        name=texts.NAME,
        version=texts.VERSION,
        chosen=study.chosen.name,
        sklearn=metadata.version("scikit-learn"),
        people=f"{len(survey):,}",
        prevalence=f"{100 * survey.target.mean():.1f}",
        **figures["method"] | {"draws": f"{report.DRAWS:,}"},
        least_auc=report.LEAST_AUC,
        most_brier=report.MOST_BRIER,
        low_slope=report.SLOPES[0],
        high_slope=report.SLOPES[1],
        unfit=_unfit(figures["candidates"]),
        picture=picture.FILE_NAME,
        threshold=figures["at_threshold"]["threshold"],
        low_rate=round(100 * bands.LOW_RATE),
        sensitivity=round(100 * bands.SENSITIVITY),
        very_high_rate=round(100 * bands.VERY_HIGH_RATE),
        inputs=_inputs(survey, features),
        candidates=_candidates(figures),
        performance=_performance(figures),
        ada=_ada(figures),
        at_threshold=_at_threshold(figures),
        bands=_bands(figures),
        subgroups=_subgroups(figures),
        unequal=_unequal(figures["subgroups"]),
    )


def _inputs(survey: Survey, features: Sequence[Feature]) -> str:
    rows = [
        (
            f"`{feature.name}`",
            feature.unit or ", ".join(feature.values) or "yes or no",
            "yes" if feature.required else "no",
            "–".join(f"{bound:g}" for bound in feature.bounds or ()),
            "–".join(f"{bound:g}" for bound in feature.trained or ()),
            f"{100 * survey.inputs[feature.name].isna().mean():.1f}%",
        )
        for feature in features
    ]
    return _table(("input", "unit or values", "required", "accepted", "trained", "unknown"), rows)


def _candidates(figures: dict[str, Any]) -> str:
    rows = [
        (
            f"**{row['name']}**" if row["name"] == figures["chosen"] else row["name"],
            _interval(row["auc"]),
            _difference(row, "auc", figures["chosen"]),
            _interval(row["brier"]),
            _difference(row, "brier", figures["chosen"]),
            f"{row['calibration_slope']:.2f}",
        )
        for row in figures["candidates"]
    ]
    return _table(("candidate", "AUC", "Δ AUC", "Brier", "Δ Brier", "slope"), rows)


def _unfit(candidates: Sequence[dict[str, Any]]) -> str:
    """Names those that discriminate detectably better than the chosen one: each misses a bar."""
    better = [
        f"*{row['name']}* (Δ AUC {row['auc_difference']['value']:+.4f}, slope"
        f" {row['calibration_slope']:.3f})"
        for row in candidates
        if row["auc_difference"]["low"] > 0
    ]
    return (
        f"Detectably better at ranking people, but short of a bar: {', '.join(better) or 'none'}."
    )


def _performance(figures: dict[str, Any]) -> str:
    rows = [
        (label, *(_interval(figures[scenario][name]) for name in report.FIGURES))
        for scenario, label in SCENARIOS.items()
    ]
    header = ("asked with", "AUC", "Brier", "calibration slope", "calibration intercept")
    return _table(header, rows)


def _ada(figures: dict[str, Any]) -> str:
    rows = [
        (label, _interval(row["auc"]), _interval(row["auc_difference"]))
        for row, label in ((figures["ada_risk_test"][name], label) for name, label in ADA.items())
    ]
    return _table(("ADA points", "AUC", "this model's AUC minus theirs"), rows)


def _at_threshold(figures: dict[str, Any]) -> str:
    rows = [
        (name.replace("_", " "), _interval(figure))
        for name, figure in figures["at_threshold"].items()
        if name != "threshold"
    ]
    return _table(("at the threshold", "share"), rows)


def _bands(figures: dict[str, Any]) -> str:
    rows = [
        (
            band["name"].replace("_", " "),
            f"{band['lower']:g} to {band['upper']:g}",
            *(f"{100 * band[share]:.1f}%" for share in ("people", "expected", "observed")),
        )
        for band in figures["bands"]
    ]
    return _table(("band", "probability", "of the people", "expected", "observed"), rows)


def _subgroups(figures: dict[str, Any]) -> str:
    rows = [
        (
            row["by"],
            row["group"],
            f"{row['people']:,}",
            f"{100 * row['prevalence']:.1f}%",
            _interval(row["auc"]),
            _interval(row["calibration_slope"]),
            _interval(row["observed_to_expected"]),
        )
        for row in figures["subgroups"]
    ]
    header = ("by", "group", "people", "positive", "AUC", "slope", "observed to expected")
    return _table(header, rows)


def _unequal(subgroups: Sequence[dict[str, Any]]) -> str:
    """Names the groups that the model is detectably wrong about on average."""

    def named(rows: Iterable[dict[str, Any]]) -> str:
        found = [f"{row['group']} ({row['observed_to_expected']['value']:.2f})" for row in rows]
        return ", ".join(found) or "none"

    ratio = "observed_to_expected"
    under = named(row for row in subgroups if row[ratio]["low"] > 1)
    over = named(row for row in subgroups if row[ratio]["high"] < 1)
    return (
        f"The interval leaves 1 out, so the model detectably understates the risk, for: {under};"
        f" and overstates it for: {over}."
    )


def _difference(row: dict[str, Any], name: str, chosen: str) -> str:
    return "" if row["name"] == chosen else _interval(row[f"{name}_difference"], sign="+")


def _interval(figure: dict[str, float], sign: str = "") -> str:
    value, low, high = (format(figure[key], f"{sign}.3f") for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
