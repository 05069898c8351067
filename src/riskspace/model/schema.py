"""The schema of a record, built from the manifest's features: validation, its errors in the
product's own words, the OpenAPI form of it, and what is worth a warning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from pydantic_core import (
    ErrorDetails,
    PydanticCustomError,
    SchemaValidator,
    ValidationError,
    core_schema,
)

from riskspace.errors import BODY, FieldError, bad_input, malformed
from riskspace.model.manifest import Feature, Manifest, Record, Value

# More than anyone reads, and a bound on what a hostile body can make us write.
MAX_ERRORS = 50
# The same for a row of a batch: ten thousand of them are one answer.
MAX_ROW_ERRORS = 10
MAX_NAME = 64

_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "finite_number": "not_finite",
    "greater_than_equal": "out_of_bounds",
    "less_than_equal": "out_of_bounds",
    "literal_error": "not_a_choice",
}
_MESSAGES = {
    "missing": "is required",
    "unknown_field": "is not a field of this model",
    "wrong_type": "has the wrong type",
    "not_finite": "is not a finite number",
    "out_of_bounds": "is out of bounds",
    "not_a_choice": "is not one of the choices",
}


@dataclass(frozen=True, slots=True)
class InputWarning:
    """A record that is answered all the same, though the model has seen none like it. `code` is
    outside_trained_range or unusual_order."""

    field: str
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


class Schema:
    """What a record of one package may be."""

    def __init__(self, manifest: Manifest) -> None:
        self.features = {feature.name: feature for feature in manifest.features}
        self._order = manifest.order
        self._validator = _validator(manifest)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.features)

    def parse(self, body: bytes) -> Record:
        """One record from JSON.

        Raises MalformedBody where it isn't JSON, BadInput naming each wrong field where it is.
        """
        try:
            record: Record = self._validator.validate_json(body)
            return record
        except ValidationError as error:
            if error.errors()[0]["type"] == "json_invalid":
                raise malformed("JSON in UTF-8: an object with the fields of the model") from None
            raise bad_input(self._errors(error)) from None

    def check(self, record: object, most: int = MAX_ERRORS) -> Record | tuple[FieldError, ...]:
        """One decoded record: complete (null where unknown), or what is wrong with it, `most`
        errors of it."""
        try:
            valid: Record = self._validator.validate_python(self._bounded(record))
            return valid
        except ValidationError as error:
            return self._errors(error, most)

    def warnings(self, record: Mapping[str, Value]) -> tuple[InputWarning, ...]:
        """What in a valid record lies outside what the model was trained on."""
        return tuple(self._unseen(record))

    def json_schema(self) -> dict[str, Any]:
        """The record as JSON Schema 2020-12, with each field's label, unit and bounds."""
        required = [feature.name for feature in self.features.values() if feature.required]
        return {
            "title": "Record",
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _property(item) for name, item in self.features.items()},
            **({"required": required} if required else {}),
        }

    def _bounded(self, record: object) -> object:
        """A record without the unknown fields that no error will name: each costs memory."""
        if not isinstance(record, dict) or len(record) <= len(self.features) + MAX_ERRORS:
            return record
        known = {name: record[name] for name in self.names if name in record}
        unknown = (name for name in record if name not in self.features)
        return known | dict.fromkeys(islice(unknown, MAX_ERRORS))

    def _errors(self, error: ValidationError, most: int = MAX_ERRORS) -> tuple[FieldError, ...]:
        return tuple(self._error(item) for item in error.errors(include_url=False)[:most])

    def _error(self, item: ErrorDetails) -> FieldError:
        if not item["loc"]:
            return _field_error(BODY, "wrong_type", "an object with the fields of the model")
        name = str(item["loc"][0])
        code = _CODES.get(item["type"], "wrong_type")
        if item["input"] is None and code != "unknown_field":
            code = "missing"
        feature = self.features.get(name)
        known = f"the fields of the model: {', '.join(self.names)}"
        return _field_error(_printable(name), code, accepted(feature) if feature else known)

    def _unseen(self, record: Mapping[str, Value]) -> Iterable[InputWarning]:
        for feature in self.features.values():
            value = record.get(feature.name)
            if feature.trained is None or not isinstance(value, int | float):
                continue
            low, high = feature.trained
            if not low <= value <= high:
                seen = f"{_shown(low)} to {_shown(high)}{_unit(feature)}"
                yield InputWarning(
                    feature.name,
                    "outside_trained_range",
                    f"{feature.name} is outside what the model was trained on: {seen}",
                )
        for lower, upper in self._order:
            a, b = record.get(lower), record.get(upper)
            if isinstance(a, int | float) and isinstance(b, int | float) and a >= b:
                yield InputWarning(lower, "unusual_order", f"{lower} is not below {upper}")


def accepted(feature: Feature) -> str:
    """What a feature accepts, in words."""
    text = {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "choice": f"one of: {', '.join(feature.values)}",
    }[feature.type]
    if feature.bounds is not None:
        low, high = feature.bounds
        text += f" from {_shown(low)} to {_shown(high)}{_unit(feature)}"
    return text if feature.required else f"{text}, or null for unknown"


def _field_error(field: str, code: str, expected: str) -> FieldError:
    return FieldError(field, code, _MESSAGES[code], expected)


def _printable(name: str) -> str:
    """A field's name as sent, made safe to show: a stranger wrote it."""
    shown = "".join(c if c.isprintable() else "?" for c in name[:MAX_NAME])
    return shown + "…" if len(name) > MAX_NAME else shown


def _shown(number: float) -> str:
    return f"{number:.12g}"


def _unit(feature: Feature) -> str:
    return f" {feature.unit}" if feature.unit else ""


def _validator(manifest: Manifest) -> SchemaValidator:
    # Not a pydantic model: a feature may bear the name of one of its methods.
    fields = {
        feature.name: core_schema.typed_dict_field(
            _type(feature) if feature.required else _optional(_type(feature)),
            required=feature.required,
        )
        for feature in manifest.features
    }
    config = core_schema.CoreConfig(strict=True, allow_inf_nan=False)
    return SchemaValidator(
        core_schema.typed_dict_schema(fields, extra_behavior="forbid", config=config), config
    )


def _optional(schema: core_schema.CoreSchema) -> core_schema.CoreSchema:
    return core_schema.with_default_schema(core_schema.nullable_schema(schema), default=None)


def _type(feature: Feature) -> core_schema.CoreSchema:
    if feature.type == "boolean":
        return core_schema.bool_schema()
    if feature.type == "choice":
        return core_schema.literal_schema(list(feature.values))
    assert feature.bounds is not None  # the manifest says so
    low, high = feature.bounds
    number = core_schema.float_schema(ge=low, le=high, allow_inf_nan=False)
    if feature.type == "number":
        return number
    return core_schema.no_info_after_validator_function(_whole, number)


def _whole(value: float) -> float:
    # pydantic's own multiple_of leaves a tolerance: it takes 1e-42 for a whole number.
    if not value.is_integer():
        raise PydanticCustomError("whole_number", "is not a whole number")
    return value


def _property(feature: Feature) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": {"choice": "string"}.get(feature.type, feature.type)}
    if feature.bounds is not None:
        schema["minimum"], schema["maximum"] = feature.bounds
    if feature.values:
        schema["enum"] = list(feature.values)
    if not feature.required:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"].append(None)
    unit = f" ({feature.unit})" if feature.unit else ""
    schema["title"] = f"{feature.label.en}{unit}"
    if feature.help is not None:
        schema["description"] = feature.help.en
    return schema
