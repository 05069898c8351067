"""What hypothesis draws: any JSON value, records near a schema, manifests near any other."""

from __future__ import annotations

from math import ceil, floor, inf, isfinite, nextafter
from typing import Any

import tiny
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from riskspace.model.manifest import Feature, Manifest

# The same examples each time: a build must not fail by luck.
QUICK = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

EXACT = 2**53

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)

# Names that mean something to Python, to pydantic or to pandas.
LOADED = ("self", "class", "copy", "json", "schema", "root", "items", "index", "record", "none")
LOADED += ("model_config", "model_dump", "model_fields", "model_validate", "dict", "extra")
names = st.sampled_from(LOADED) | st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)

# What a form or a file could take for something else than a choice.
choices = st.sampled_from(["?", "yes", "no", "null", "true", "1", " ", ";"]) | texts.filter(bool)
labels = st.fixed_dictionaries({"fr": texts, "en": texts})


def fitting(feature: Feature) -> st.SearchStrategy[Any]:
    """Values that a feature takes."""
    if feature.type == "boolean":
        return st.booleans()
    if feature.type == "choice":
        return st.sampled_from(feature.values)
    assert feature.bounds is not None
    low, high = feature.bounds
    numbers = whole(low, high)
    if feature.type == "integer":
        return numbers
    return st.sampled_from([low, high]) | st.floats(low, high) | numbers


def near(feature: Feature) -> st.SearchStrategy[Any]:
    """Values that a feature takes, values close by, and any others."""
    low, high = feature.bounds or (0.0, 1.0)
    close = [low - 1e-9, high + 1e-9, low - 1, high + 1, (low + high) / 2]
    close += [5e-324, 1e-42, nextafter(high, low), nextafter(round(low + 1), high)]
    taken = fitting(feature)
    return st.one_of(taken, taken, taken, st.sampled_from(close), st.none(), scalars)


def records(features: tuple[Feature, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Records with some fields left out, and now and then one too many."""
    known = st.fixed_dictionaries(
        {feature.name: near(feature) for feature in features if feature.required},
        optional={feature.name: near(feature) for feature in features if not feature.required},
    )
    fewer = known.flatmap(
        lambda record: (
            st.sets(st.sampled_from(sorted(record)), max_size=1).map(
                lambda gone: {name: value for name, value in record.items() if name not in gone}
            )
            if record
            else st.just(record)
        )
    )
    more = st.builds(lambda record, other: other | record, known, st.dictionaries(texts, scalars))
    return st.one_of(known, known, fewer, more)


@st.composite
def features(draw: st.DrawFn) -> dict[str, Any]:
    """One feature, as a manifest says it."""
    kind = draw(st.sampled_from(["number", "integer", "choice", "boolean"]))
    feature: dict[str, Any] = {
        "name": draw(names),
        "type": kind,
        "required": draw(st.booleans()),
        "label": draw(labels),
        "help": draw(st.none() | labels),
        "group": draw(st.sampled_from([None, "use"])),
        "unit": draw(st.none() | texts),
        "unit_label": draw(st.none() | labels),
    }
    if kind == "choice":
        values = draw(st.lists(choices, min_size=1, max_size=5, unique=True))
        feature["choices"] = [{"value": value, "label": draw(labels)} for value in values]
    elif kind != "boolean":
        low, high = draw(bounds(whole=kind == "integer"))
        inside = st.lists(st.floats(low, high), min_size=2, max_size=2).map(sorted)
        feature |= {"bounds": [low, high], "trained": draw(st.none() | inside)}
        finest = st.floats(0, exclude_min=True, allow_infinity=False)
        steps = st.integers(1, EXACT) if kind == "integer" else finest | st.floats(1e-3, 100)
        feature["step"] = draw(st.none() | steps)
    accepted = fitting(Feature.model_validate(feature))
    return feature | {"default": draw(st.none() | accepted)}


@st.composite
def bounds(draw: st.DrawFn, *, whole: bool) -> list[float]:
    """Two numbers that rise, near or as far apart as they can be; between them two whole ones."""
    usual, any_ = st.floats(-1e9, 1e9), st.floats(allow_nan=False, allow_infinity=False)
    low, high = sorted(draw(st.lists(usual | any_, min_size=2, max_size=2, unique=True)))
    assume(isfinite(high - low))
    assume(not whole or max(ceil(low), -EXACT) < min(floor(high), EXACT))
    return [low, high]


def manifest_of(drawn: list[dict[str, Any]]) -> Manifest:
    return Manifest.model_validate(
        tiny.draft(
            schema_version=1,
            features=drawn,
            order=[],
            estimator={"file": "estimator.joblib", "format": "joblib"},
            libraries={},
            files={"estimator.joblib": "sha256:" + 64 * "0"},
            example={"record": {}, "probability": 0.5},
            presets=[],
        )
    )


manifests = st.lists(features(), min_size=1, max_size=6, unique_by=lambda item: item["name"]).map(
    manifest_of
)


def documented(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Records that a schema's document allows, as whoever reads nothing else writes them."""
    fields = {name: allowed(field) for name, field in document["properties"].items()}
    required = document.get("required", [])
    return st.fixed_dictionaries(
        {name: fields[name] for name in required},
        optional={name: value for name, value in fields.items() if name not in required},
    )


def allowed(field: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of one property of a document."""
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    return st.one_of(
        *(
            {
                "null": lambda: st.none(),
                "boolean": lambda: st.booleans(),
                "string": lambda: st.sampled_from([v for v in field["enum"] if v is not None]),
                "number": lambda: st.floats(field["minimum"], field["maximum"]),
                "integer": lambda: whole(field["minimum"], field["maximum"]),
            }[kind]()
            for kind in kinds
        )
    )


def whole(low: float, high: float) -> st.SearchStrategy[Any]:
    """Whole numbers from one to the other, where there are any."""
    # Beyond, a whole number and the double nearest to it are not the same.
    least, most = max(ceil(low), -EXACT), min(floor(high), EXACT)
    numbers = st.integers(least, most) if least <= most else st.nothing()
    return numbers | numbers.map(float)


@st.composite
def broken(
    draw: st.DrawFn, document: dict[str, Any], record: dict[str, Any]
) -> dict[str, Any] | list[Any]:
    """A record that the document allows, and then one thing that it doesn't."""
    name = draw(st.sampled_from(sorted(document["properties"])))
    field, required = document["properties"][name], document.get("required", [])
    odd = [[], {}, "no such thing", [record]]
    if "minimum" in field:
        odd += [nextafter(field["minimum"], -inf), nextafter(field["maximum"], inf), True, "1"]
        if "integer" in field["type"]:
            between = [ceil(field["minimum"]) + 0.5, nextafter(floor(field["maximum"]), -inf)]
            odd += [number for number in between if number % 1]
    else:
        odd += [0, 1, 2.5]
    ways = [{**record, name: value} for value in odd if value not in (inf, -inf)]
    ways += [{**record, f"{name}_": None}, [record]]
    if name in required:
        ways += [{**record, name: None}, {k: v for k, v in record.items() if k != name}]
    return draw(st.sampled_from(ways))
