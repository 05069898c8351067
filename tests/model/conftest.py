from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model.spoiled import CompiledCopy, Copy

from riskspace.model import manifest
from riskspace.model.manifest import Manifest
from riskspace.model.schema import Schema


@pytest.fixture(scope="session")
def sealed(pumps: Path) -> Manifest:
    return manifest.read(pumps)


@pytest.fixture(scope="session")
def schema(sealed: Manifest) -> Schema:
    return Schema(sealed)


@pytest.fixture
def written(pumps: Path) -> dict[str, Any]:
    """The manifest as its file says it, to be changed by a test."""
    content: dict[str, Any] = json.loads((pumps / manifest.FILE_NAME).read_text("utf-8"))
    return content


@pytest.fixture
def copy(pumps: Path, tmp_path: Path) -> Copy:
    return Copy(pumps, tmp_path)


@pytest.fixture
def compiled(pumps: Path, tmp_path: Path) -> CompiledCopy:
    return CompiledCopy(pumps, tmp_path)
