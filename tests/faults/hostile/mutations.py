"""Manifests that somebody damaged: a value replaced, a key gone, a byte turned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st
from model.strategies import anything

Path = tuple[str | int, ...]

odd = st.sampled_from(
    [float("nan"), float("inf"), -0.0, 1e308, 10**400, "", "\0", "\u202e", "../x", [], {}, [[]]]
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where something can be changed."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


@st.composite
def damaged(draw: st.DrawFn, written: dict[str, Any]) -> bytes:
    """The JSON of a manifest, changed in one place or in several."""
    content = deepcopy(written)
    for _ in range(draw(st.integers(1, 3))):
        change(draw, content)
    text = json.dumps(content, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return draw(st.just(text) | st.just(text) | broken(text))


def change(draw: st.DrawFn, content: dict[str, Any]) -> None:
    path = draw(st.sampled_from(list(places(content))))
    *above, key = path
    inside: Any = content
    for step in above:
        inside = inside[step]
    match draw(st.sampled_from(["replace", "remove", "repeat", "add", "swap"])):
        case "replace":
            inside[key] = draw(anything | odd)
        case "remove":
            del inside[key]
        case "repeat" if isinstance(inside, list):
            inside.append(deepcopy(inside[key]))
        case "add" if isinstance(inside, dict):
            inside[draw(st.text(max_size=8))] = draw(anything)
        case _:
            inside[key] = deepcopy(draw(st.sampled_from(parts(content))))


def parts(content: Any) -> list[Any]:
    found = []
    for path in places(content):
        inside = content
        for step in path:
            inside = inside[step]
        found.append(inside)
    return found


@st.composite
def broken(draw: st.DrawFn, text: bytes) -> bytes:
    """Bytes lost, turned or put in."""
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.binary(max_size=4)) + text[place + draw(st.integers(0, 9)) :]
