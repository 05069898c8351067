"""A file's columns, and which of them are the model's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from riskspace.model.manifest import Feature
from riskspace.scoring.errors import ScoringError

# The columns that are added.
RESULTS = ("prediction", "probability", "risk", "warnings", "errors")
# Other columns whose names are compared with the model's.
_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class Header:
    """`places` has the place of each feature's column, None where the file has none; `notes` say
    what its owner may have meant otherwise."""

    names: tuple[str, ...]
    places: tuple[int | None, ...]
    results: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def others(self) -> list[str]:
        """The columns that are not the model's."""
        return [name for place, name in enumerate(self.names) if place not in self.places]


def match(names: Sequence[str], features: Sequence[Feature], prefix: str = "") -> Header:
    """Finds the features in a file's header; `prefix` is put before the names that are added.

    Raises ScoringError where one that the model requires is missing, where it is there twice, or
    where a column bears a name that is to be added.
    """
    known = {feature.name for feature in features}
    others = [name for name in names if name not in known]
    if len(others) == len(names):
        fields = ", ".join(feature.name for feature in features)
        raise ScoringError(f"no column is a field of the model ({fields}): is there a header?")
    missing = [feature.name for feature in features if feature.name not in names]
    required = [f.name for f in features if f.required and f.name in missing]
    if required:
        hints = "".join(f"; {hint}" for hint in _hints(required, others))
        raise ScoringError(f"no column {', '.join(required)}, which the model requires{hints}")
    results = tuple(f"{prefix}{name}" for name in RESULTS)
    for name, count in Counter(names).items():
        if count > 1 and name in known:
            raise ScoringError(f"the column {name} is there {count} times")
        if name in results:
            raise ScoringError(f"there is a column {name} already: choose another --prefix")
    places = tuple(names.index(f.name) if f.name in names else None for f in features)
    return Header(tuple(names), places, results, tuple(_hints(missing, others)))


def _hints(missing: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """Columns whose names are near one that is missing."""
    for name in others[:_LOOKED_AT]:
        for near in get_close_matches(_plain(name), missing, n=1, cutoff=0.7):
            yield f"{name!r} is ignored: should it be {near}?"


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower()).strip("_")
