"""What hypothesis draws: any JSON value, records near a schema, manifests near any other."""

from __future__ import annotations

from math import ceil, floor, nextafter
from typing import Any

import tiny
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from riskspace.model.manifest import Feature, Manifest

# The same examples each time: a build must not fail by luck.
QUICK = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

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

labels = st.fixed_dictionaries({"fr": texts, "en": texts})


def fitting(feature: Feature) -> st.SearchStrategy[Any]:
    """Values that a feature takes."""
    if feature.type == "boolean":
        return st.booleans()
    if feature.type == "choice":
        return st.sampled_from(feature.values)
    assert feature.bounds is not None
    low, high = feature.bounds
    whole = st.integers(ceil(low), floor(high))
    if feature.type == "integer":
        return whole | whole.map(float)
    return st.sampled_from([low, high]) | st.floats(low, high) | whole


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
    kind = draw(st.sampled_from(["number", "integer", "choice", "boolean"]))
    feature: dict[str, Any] = {
        "name": draw(names),
        "type": kind,
        "required": draw(st.booleans()),
        "label": draw(labels),
        "unit": draw(st.none() | texts),
    }
    if kind == "choice":
        values = draw(st.lists(texts.filter(bool), min_size=1, max_size=5, unique=True))
        feature["choices"] = [{"value": value, "label": draw(labels)} for value in values]
    elif kind != "boolean":
        low = draw(st.floats(-1e9, 1e9))
        feature["bounds"] = [low, low + draw(st.floats(1, 1e9))]
    return feature


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
