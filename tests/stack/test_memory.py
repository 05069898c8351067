from __future__ import annotations

from pathlib import Path

import pytest

from riskspace.supervision.memory import limit, refusal


@pytest.mark.parametrize(
    ("name", "text", "bytes_allowed"),
    [
        ("memory.max", "134217728\n", 134217728),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", "134217728\n", 134217728),
        ("memory/memory.limit_in_bytes", "9223372036854771712\n", None),
        ("unrelated", "1\n", None),
    ],
)
def test_the_limit_of_a_container_is_read(
    tmp_path: Path, name: str, text: str, bytes_allowed: int | None
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    assert limit(tmp_path) == bytes_allowed


@pytest.mark.parametrize("megabytes", [None, 512, 1024])
def test_enough_is_accepted(megabytes: int | None) -> None:
    assert refusal(megabytes and megabytes * 2**20) is None


def test_too_little_is_refused_with_what_is_needed() -> None:
    reason = refusal(128 * 2**20)
    assert reason == "Mémoire: 128 Mo accordés au conteneur, il en faut au moins 512"
