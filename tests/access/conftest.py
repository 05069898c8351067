from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from space import TOKEN, Space, start_space


@pytest.fixture(scope="module")
def owned(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space that has an admin."""
    space = start_space(pumps, tmp_path_factory.mktemp("owned"), ADMIN_TOKEN=TOKEN)
    yield space
    space.end()


@pytest.fixture(scope="module")
def unowned(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """A Space that has none."""
    space = start_space(pumps, tmp_path_factory.mktemp("unowned"))
    yield space
    space.end()


@pytest.fixture
def guarded(pumps: Path, tmp_path: Path) -> Iterator[Space]:
    """A Space with an admin, in which nobody has guessed yet."""
    space = start_space(pumps, tmp_path, ADMIN_TOKEN=TOKEN)
    yield space
    space.end()
