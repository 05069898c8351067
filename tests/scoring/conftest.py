from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from scoring.scored import Command

from riskspace.model import manifest, package
from riskspace.model.manifest import Manifest
from riskspace.model.package import Package


@pytest.fixture(scope="session")
def sealed(pumps: Path) -> Manifest:
    return manifest.read(pumps)


@pytest.fixture(scope="session")
def loaded(pumps: Path) -> Package:
    return package.load(pumps)


@pytest.fixture(scope="session")
def uncompiled(pumps: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package without its compiled model."""
    folder = tmp_path_factory.mktemp("uncompiled") / "pumps"
    shutil.copytree(pumps, folder)
    content = json.loads((folder / manifest.FILE_NAME).read_text("utf-8"))
    file = content.pop("compiled")["file"]
    del content["files"][file]
    (folder / file).unlink()
    (folder / manifest.FILE_NAME).write_text(json.dumps(content), "utf-8")
    return folder


@pytest.fixture
def score(pumps: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(pumps, capsys)
