"""`manifest.json`: everything about a model but its weights, checked when it is read."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskspace.errors import PackageError
from riskspace.model import files

FILE_NAME = "manifest.json"
LARGEST = 16 * files.MEGABYTE
SCHEMA_VERSION = 1

Value = bool | float | str | None
Record = dict[str, Value]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Probability = Annotated[float, Field(ge=0, le=1)]
# A plain name: nothing outside the package's own folder can be named.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
# The full name of a class, as `sklearn.tree._tree.Tree`.
TypeName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$")]


class Part(BaseModel):
    """A part of the manifest: unknown keys are refused, non-finite numbers too."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Text(Part):
    """A text for people, in both languages of the page."""

    fr: str
    en: str


class Choice(Part):
    value: Annotated[str, Field(min_length=1, max_length=64)]
    label: Text


class Group(Part):
    """A heading of the form."""

    name: Name
    label: Text


class Feature(Part):
    """One input. A number has `bounds` (what is accepted) and `trained` (what the model has seen),
    both in `unit`; a choice has `choices`; a boolean is yes or no. One that is not required may
    be left out or null, which means unknown."""

    name: Name
    type: Literal["number", "integer", "choice", "boolean"]
    required: bool
    label: Text
    help: Text | None = None
    group: Name | None = None
    unit: str | None = None
    unit_label: Text | None = None
    bounds: tuple[float, float] | None = None
    trained: tuple[float, float] | None = None
    step: Annotated[float, Field(gt=0)] | None = None
    choices: tuple[Choice, ...] = ()
    default: Value = None

    @property
    def numeric(self) -> bool:
        return self.type in {"number", "integer"}

    @property
    def values(self) -> tuple[str, ...]:
        """What a choice may be."""
        return tuple(choice.value for choice in self.choices)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.numeric:
            if self.bounds is None:
                raise ValueError(f"{self.name}: a {self.type} needs bounds")
            low, high = self.bounds
            if not low < high:
                raise ValueError(f"{self.name}: bounds must rise, got {low:g} and {high:g}")
            if not math.isfinite(high - low):
                raise ValueError(f"{self.name}: bounds are too far apart")
            if self.trained and not low <= self.trained[0] <= self.trained[1] <= high:
                raise ValueError(f"{self.name}: trained must lie within bounds")
            if self.type == "integer" and not math.ceil(low) < math.floor(high):
                raise ValueError(f"{self.name}: between its bounds must be two whole numbers")
            if self.type == "integer" and self.step and self.step % 1:
                raise ValueError(f"{self.name}: an integer's step must be whole")
        elif self.bounds or self.trained or self.step:
            raise ValueError(f"{self.name}: bounds, trained and step are for numbers")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"{self.name}: choices go with the type choice, and only with it")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"{self.name}: a choice is there twice")
        if self.default is not None and not self._accepts(self.default):
            raise ValueError(f"{self.name}: the default is not an accepted value")
        return self

    def _accepts(self, value: Value) -> bool:
        if self.type == "boolean":
            return isinstance(value, bool)
        if self.type == "choice":
            return value in self.values
        if isinstance(value, bool) or not isinstance(value, int | float) or self.bounds is None:
            return False
        whole = self.type == "number" or value % 1 == 0
        return whole and self.bounds[0] <= value <= self.bounds[1]


class Band(Part):
    """A stretch of the risk scale, from the previous band's `upper` (included) to its own
    (excluded, but for the last, which ends at 1)."""

    name: Name
    upper: Probability
    label: Text
    sentence: Text
    color: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Target(Part):
    """What the probability is a probability of."""

    name: Name
    label: Text
    # "Of 100 people with these answers, about N …": the phrase that ends the sentence.
    phrase: Text


class Estimator(Part):
    """The fitted estimator. `trusted` are the types that an archive of skops may hold besides
    those that skops trusts by itself; none of Python's own, which can do anything, is accepted."""

    file: FileName
    format: Literal["joblib", "skops"]
    trusted: tuple[TypeName, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.trusted and self.format != "skops":
            raise ValueError("trusted goes with the format skops, and only with it")
        for name in self.trusted:
            if name.partition(".")[0] in {*sys.stdlib_module_names, "__main__"}:
                raise ValueError(f"trusted: {name} is Python's own, and could do anything")
        return self


class Compiled(Part):
    """The estimator as a graph of float64 operators, and what proved that they answer alike."""

    file: FileName
    format: Literal["onnx"]
    proof: dict[str, Any]


class Example(Part):
    """A record and the probability that the packaged estimator gave it."""

    record: Record
    probability: Probability


class Preset(Part):
    """An example that the page offers to click."""

    label: Text
    record: Record


class Distribution(Part):
    """How a feature, or the probability, was distributed in the training data: `edges` (k + 1 of
    them, rising) and the `fractions` of known values in the k bins between, the outer ones open;
    or the fraction of each category. `missing` is the fraction unknown, and `count` the rows."""

    count: Annotated[int, Field(ge=0)]
    missing: Probability = 0.0
    edges: tuple[float, ...] = ()
    fractions: tuple[Probability, ...] = ()
    categories: dict[str, Probability] = {}


class Reference(Part):
    """The reference distribution for drift."""

    features: dict[str, Distribution]
    probability: Distribution


class Manifest(Part):
    schema_version: Literal[1]
    name: Name
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    title: Text
    description: Text
    disclaimer: Text
    target: Target
    groups: tuple[Group, ...] = ()
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]
    # Pairs of numbers whose first is expected below its second; a warning where it isn't.
    order: tuple[tuple[Name, Name], ...] = ()
    bands: Annotated[tuple[Band, ...], Field(min_length=1)]
    threshold: Probability
    estimator: Estimator
    compiled: Compiled | None = None
    libraries: dict[str, str]
    files: dict[FileName, Digest]
    example: Example
    presets: tuple[Preset, ...] = ()
    metrics: dict[str, Any] = {}
    reference: Reference
    provenance: dict[str, Any] = {}

    def feature(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)

    def band(self, probability: float) -> Band:
        """The band that a probability falls in."""
        return next((b for b in self.bands if probability < b.upper), self.bands[-1])

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if not (self.title.fr and self.title.en):
            raise ValueError("title: is empty")
        groups = {group.name for group in self.groups}
        uppers = [band.upper for band in self.bands]
        for kind, named in (
            ("features", self.features),
            ("groups", self.groups),
            ("bands", self.bands),
        ):
            if len({item.name for item in named}) != len(named):
                raise ValueError(f"{kind}: a name is there twice")
        for feature in self.features:
            if feature.group is not None and feature.group not in groups:
                raise ValueError(f"{feature.name}: the group {feature.group} is not in groups")
        if uppers != sorted(set(uppers)) or not math.isclose(uppers[-1], 1.0):
            raise ValueError("bands: each upper must be above the one before, the last one 1")
        for model in (self.estimator, self.compiled):
            if model is not None and model.file not in self.files:
                raise ValueError(f"files: no digest for {model.file}")
        numbers = {feature.name for feature in self.features if feature.numeric}
        for pair in self.order:
            if not set(pair) <= numbers:
                raise ValueError(f"order: {' and '.join(pair)} must both be numbers in features")
        return self


def read(folder: Path) -> Manifest:
    """The manifest of a model package.

    Raises PackageError where there is none, or where it says something that can't be.
    """
    path = folder / FILE_NAME
    try:
        return Manifest.model_validate_json(files.read(folder, FILE_NAME, LARGEST))
    except FileNotFoundError:
        raise PackageError(f"{path}: not found; MODEL_PATH must name a model package") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PackageError(f"{path}: {where}: {first['msg']}") from None
