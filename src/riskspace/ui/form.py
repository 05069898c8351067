"""The form, built from the model's features: a slider for a number, choices for the rest, and "I
don't know" for whatever may be unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, isfinite
from typing import Any

import gradio as gr

from riskspace.model.manifest import Feature, Value
from riskspace.ui.texts import Language, number, of, text
from riskspace.web.answers import Model

# What the radio buttons send. Unknown is what no choice can be; None would look like nothing chosen
# yet.
UNKNOWN, YES, NO = "", "yes", "no"

# A component, and how it changes with the language.
Translation = tuple[Any, Callable[[Language], Any]]


class Field:
    """One feature's components. `components` hold the answer; `value` reads it from them, and
    `filled` gives what they hold for a value."""

    components: tuple[Any, ...]

    def __init__(self, feature: Feature) -> None:
        self.feature = feature

    def value(self, *held: Any) -> Value:
        raise NotImplementedError

    def filled(self, value: Value) -> tuple[Any, ...]:
        raise NotImplementedError

    def translations(self) -> Iterable[Translation]:
        raise NotImplementedError

    def _words(self, language: Language) -> dict[str, str | None]:
        feature = self.feature
        label = of(feature.label, language)
        if unit := unit_of(feature, language):
            label += f" ({unit})"
        return {"label": label, "info": of(feature.help, language) if feature.help else None}


class Number(Field):
    """A slider; one that may be unknown has a box, which moving the slider unticks."""

    def __init__(self, feature: Feature, language: Language) -> None:
        super().__init__(feature)
        low, high = _ends(feature)
        self._start = feature.default if feature.default is not None else _middle(feature)
        with gr.Row(elem_classes=["feature"]):
            self._slider = gr.Slider(
                low,
                high,
                value=self._start,
                step=feature.step or (1 if feature.type == "integer" else None),
                elem_id=f"feature-{feature.name}",
                elem_classes=["feature-slider"],
                scale=4,
                buttons=[],
                **self._words(language),
            )
            self.components = (self._slider,)
            if not feature.required:
                self._unknown = gr.Checkbox(
                    value=True,
                    label=text("unknown", language),
                    elem_id=f"unknown-{feature.name}",
                    elem_classes=["feature-unknown"],
                    container=False,
                    scale=1,
                    min_width=160,
                )
                self._slider.input(
                    fn=None, js="() => false", outputs=self._unknown, api_visibility="private"
                )
                self.components = (self._slider, self._unknown)

    def value(self, *held: Any) -> Value:
        slid, unknown = held if len(held) == 2 else (*held, False)
        return None if unknown else slid

    def filled(self, value: Value) -> tuple[Any, ...]:
        if self.feature.required:
            return (self._start if value is None else value,)
        return (self._start if value is None else value, value is None)

    def translations(self) -> Iterable[Translation]:
        yield self._slider, lambda language: gr.update(**self._words(language))
        if not self.feature.required:
            yield self._unknown, lambda language: gr.update(label=text("unknown", language))


class Choice(Field):
    """Radio buttons: a feature's choices or yes and no, then "I don't know" where that will do."""

    def __init__(self, feature: Feature, language: Language) -> None:
        super().__init__(feature)
        self._radio = gr.Radio(
            self._choices(language),
            value=self._held(feature.default),
            elem_id=f"feature-{feature.name}",
            elem_classes=["feature"],
            **self._words(language),
        )
        self.components = (self._radio,)

    def value(self, *held: Any) -> Value:
        (chosen,) = held
        if chosen in (UNKNOWN, None):
            return None
        return chosen == YES if self.feature.type == "boolean" else str(chosen)

    def filled(self, value: Value) -> tuple[Any, ...]:
        return (self._held(value),)

    def translations(self) -> Iterable[Translation]:
        yield (
            self._radio,
            lambda language: gr.update(choices=self._choices(language), **self._words(language)),
        )

    def _held(self, value: Value) -> str | None:
        if value is None:
            return None if self.feature.required else UNKNOWN
        if isinstance(value, bool):
            return YES if value else NO
        return str(value)

    def _choices(self, language: Language) -> list[tuple[str, str]]:
        if self.feature.type == "boolean":
            choices = [(text("yes", language), YES), (text("no", language), NO)]
        else:
            choices = [
                (of(choice.label, language), choice.value) for choice in self.feature.choices
            ]
        if not self.feature.required:
            choices.append((text("unknown", language), UNKNOWN))
        return choices


class Form:
    """All fields, those that are required in sight, the others in a section a group."""

    def __init__(self, model: Model, language: Language) -> None:
        self.fields: list[Field] = []
        self._sections: list[Translation] = []
        self._names: list[set[str]] = []
        required = [feature for feature in model.features if feature.required]
        self._place(required, language)
        for group in model.groups:
            optional = [f for f in model.features if not f.required and f.group == group.name]
            if optional:
                self._section(group.label, optional, language)
        self._place([f for f in model.features if not f.required and f.group is None], language)

    @property
    def components(self) -> list[Any]:
        """What holds the answers."""
        return [component for field in self.fields for component in field.components]

    @property
    def sections(self) -> list[Any]:
        """What can be folded, so that answers that it holds are out of sight."""
        return [accordion for accordion, _ in self._sections]

    def record(self, held: Sequence[Any]) -> dict[str, Value]:
        """What the visitor answered, without what they don't know."""
        rest = iter(held)
        record = {
            field.feature.name: field.value(*(next(rest) for _ in field.components))
            for field in self.fields
        }
        return {name: value for name, value in record.items() if value is not None}

    def filled(self, record: dict[str, Value]) -> list[Any]:
        """What the components hold for a record."""
        return [
            held for field in self.fields for held in field.filled(record.get(field.feature.name))
        ]

    def opened(self, record: dict[str, Value]) -> list[Any]:
        """The sections, each open where it holds an answer of the record."""
        return [gr.update(open=bool(names & set(record))) for names in self._names]

    def defaults(self) -> dict[str, Value]:
        """The answers that the form starts with."""
        required = (field.feature for field in self.fields if field.feature.required)
        return {feature.name: feature.default for feature in required}

    def translations(self) -> Iterable[Translation]:
        yield from self._sections
        for field in self.fields:
            yield from field.translations()

    def _section(self, label: Any, features: Sequence[Feature], language: Language) -> None:
        def title(language: Language) -> str:
            return f"{of(label, language)} ({text('optional', language)})"

        with gr.Accordion(title(language), open=False, elem_classes=["section"]) as accordion:
            self._place(features, language)
        self._names.append({feature.name for feature in features})
        self._sections.append((accordion, lambda language: gr.update(label=title(language))))

    def _place(self, features: Iterable[Feature], language: Language) -> None:
        for feature in features:
            kind = Number if feature.numeric else Choice
            self.fields.append(kind(feature, language))


def unit_of(feature: Feature, language: Language) -> str:
    """A feature's unit as it is shown, empty where it has none."""
    return of(feature.unit_label, language) if feature.unit_label else feature.unit or ""


def bounds_of(pair: tuple[float, float], feature: Feature, language: Language) -> dict[str, str]:
    """`low`, `high` and `unit` for a sentence."""
    unit = unit_of(feature, language)
    return {
        "low": number(pair[0], language),
        "high": number(pair[1], language),
        "unit": f"\u00a0{unit}" if unit else "",
    }


def _ends(feature: Feature) -> tuple[float, float]:
    """From where to where a slider goes: of whole numbers, from one to another."""
    assert feature.bounds is not None  # the manifest says so
    low, high = feature.bounds
    return (float(ceil(low)), float(floor(high))) if feature.type == "integer" else (low, high)


def _middle(feature: Feature) -> float:
    """A value that a slider can have, halfway through what the model has seen."""
    low, high = _ends(feature)
    seen, most = feature.trained or (low, high)
    middle, step = seen / 2 + most / 2, feature.step or 1.0
    steps = (middle - low) / step
    if not isfinite(steps):  # bounds too far apart, or steps too small, to count them
        return middle if feature.type == "number" else float(floor(middle))
    return min(low + round(steps) * step, high)
