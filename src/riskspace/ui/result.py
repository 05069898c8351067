"""What a visitor reads: the risk on its scale, in words, or what went wrong. Plain HTML."""

from __future__ import annotations

from html import escape

from riskspace.model.manifest import Band
from riskspace.ui.client import Away, Failed, Outcome, Refused
from riskspace.ui.form import bounds_of
from riskspace.ui.texts import Language, of, percent, text
from riskspace.web.answers import ErrorItem, InputWarning, Model, Prediction


def html(outcome: Outcome | None, model: Model, language: Language) -> str:
    """The result panel; None is before the first estimate."""
    match outcome:
        case None:
            return f'<p class="result-waiting">{escape(text("waiting", language))}</p>'
        case Prediction():
            return _risk(outcome, model, language)
        case Refused(errors):
            return _alert(text("wrong_input", language), _errors(errors, model, language))
        case Away():
            return _alert(text("away", language))
        case Failed(request_id):
            return _alert(text("failed", language, request_id=request_id))


def _risk(answer: Prediction, model: Model, language: Language) -> str:
    band = next(band for band in model.bands if band.name == answer.risk)
    value = percent(answer.probability, language)
    side = "above_threshold" if answer.prediction else "below_threshold"
    sentence = text(
        "of_100",
        language,
        count=value.rstrip("%").strip(),
        phrase=of(model.target.phrase, language),
    )
    label = _safe(of(band.label, language))
    reference = text(
        "reference",
        language,
        model=answer.model.name,
        version=answer.model.version,
        id=answer.prediction_id[:8],
    )
    threshold = text(side, language, value=percent(answer.threshold, language))
    return f"""
<section class="result" role="status" style="--band: {band.color}">
  <p class="result-stale">{_safe(text("stale", language))}</p>
  <p class="result-value"><strong>{value}</strong> <span>{label}</span></p>
  {_scale(answer, model, band, language)}
  <p class="result-sentence">{_safe(sentence)} {_safe(threshold)}</p>
  <p>{_safe(of(band.sentence, language))}</p>
  {_warnings(answer.warnings, model, language)}
  <p class="result-reference" title="{_safe(answer.prediction_id)}">{_safe(reference)}</p>
</section>"""


def _scale(answer: Prediction, model: Model, band: Band, language: Language) -> str:
    """The bands side by side, each as wide as its stretch, the threshold and the risk on them."""
    starts = (0.0, *(band.upper for band in model.bands))
    stretches = "".join(
        f'<span class="scale-band" style="width: {(b.upper - start) * 100:.2f}%;'
        f' background: {b.color}" title="{_safe(of(b.label, language))}"></span>'
        for start, b in zip(starts, model.bands, strict=False)
    )
    legend = "".join(
        f'<li><span style="background: {b.color}"></span>{_safe(of(b.label, language))}'
        f" <small>{percent(start, language)} – {percent(b.upper, language)}</small></li>"
        for start, b in zip(starts, model.bands, strict=False)
    )
    described = text(
        "scale",
        language,
        value=percent(answer.probability, language),
        band=of(band.label, language),
    )
    threshold = _safe(text("threshold", language, value=percent(answer.threshold, language)))
    at = f"left: {answer.threshold * 100:.2f}%"
    return f"""
  <div class="scale" role="img" aria-label="{_safe(described)}">
    <div class="scale-marker" style="left: {answer.probability * 100:.2f}%"></div>
    <div class="scale-bands">{stretches}</div>
    <div class="scale-threshold" style="{at}"><span>{threshold}</span></div>
  </div>
  <ul class="scale-legend">{legend}</ul>"""


def _warnings(warnings: list[InputWarning], model: Model, language: Language) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{_safe(_warning(w, model, language))}</li>" for w in warnings)
    title = _safe(text("warnings", language))
    return f'<div class="result-warnings"><p>{title}</p><ul>{items}</ul></div>'


def _warning(warning: InputWarning, model: Model, language: Language) -> str:
    features = {feature.name: feature for feature in model.features}
    feature = features[warning.field]
    label = of(feature.label, language)
    if warning.code == "outside_trained_range" and feature.trained:
        return text(
            warning.code, language, label=label, **bounds_of(feature.trained, feature, language)
        )
    # The first that starts with this field, of those that it may be.
    upper = dict(reversed(model.order))[warning.field]
    return text("unusual_order", language, lower=label, upper=of(features[upper].label, language))


def _errors(errors: tuple[ErrorItem, ...], model: Model, language: Language) -> list[str]:
    features = {feature.name: feature for feature in model.features}
    lines = []
    for error in errors:
        feature = features.get(error.field)
        label = of(feature.label, language) if feature else error.field
        if feature and feature.bounds and error.code in {"out_of_bounds", "not_finite"}:
            says = text("out_of_bounds", language, **bounds_of(feature.bounds, feature, language))
        elif feature and feature.type == "integer" and error.code == "wrong_type":
            says = text("whole_number", language)
        else:
            says = text("missing" if error.code == "missing" else "not_accepted", language)
        lines.append(f"{label} : {says}" if language == "fr" else f"{label}: {says}")
    return lines


def _alert(message: str, lines: list[str] | None = None) -> str:
    items = "".join(f"<li>{_safe(line)}</li>" for line in lines or [])
    listed = f"<ul>{items}</ul>" if items else ""
    says = f"<p>{_safe(message)}</p>{listed}"
    return f'<section class="result result-alert" role="alert">{says}</section>'


def _safe(words: str) -> str:
    return escape(words)
