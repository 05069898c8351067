"""Packages of their own for tests to spoil, and what goes off where one is opened."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from skops import io as skops

from riskspace.errors import PackageError
from riskspace.model import manifest, package

CARD = "MODEL_CARD.md"
ESTIMATOR = "estimator.joblib"
ARCHIVE = "estimator.skops"
COMPILED = "model.onnx"


class Bomb:
    """Unpickling it makes a folder: whoever opens it is seen."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self._mark),)


def call(function: str, *arguments: str) -> bytes:
    """An archive of skops whose object is made by calling `function`, as `os.mkdir`."""
    module, _, name = function.rpartition(".")
    schema, files = opened(skops.dumps(arguments))
    made = {"__module__": module, "__class__": name, "__loader__": "ConstructorFromReduceNode"}
    return closed({**schema, **made, "content": {**schema, "__id__": 1}, "__id__": 2}, files)


def opened(archive: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What it says of its object, and its other files."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        content = {name: file.read(name) for name in file.namelist()}
    return json.loads(content.pop("schema.json")), content


def closed(schema: object, files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("schema.json", json.dumps(schema))
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


class Copy:
    """A package with a card, without its compiled model."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.folder = folder / "package"
        self.mark = folder / "unpickled"
        shutil.copytree(original, self.folder)
        (self / COMPILED).unlink()
        (self / CARD).write_text("# Pumps\n")
        self.write(compiled=None)
        self.list()

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def read(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self / manifest.FILE_NAME).read_text())
        return content

    def write(self, **changes: Any) -> None:
        (self / manifest.FILE_NAME).write_text(json.dumps(self.read() | changes))

    def list(self) -> None:
        """The digests of all that is in the folder now."""
        names = {path.name for path in self.folder.iterdir()} - {manifest.FILE_NAME}
        self.write(files={name: package.digest((self / name).read_bytes()) for name in names})

    def put(self, estimator: object) -> None:
        """Another estimator, with the digest that fits it."""
        joblib.dump(estimator, self / ESTIMATOR)
        self.list()

    def put_archive(self, content: bytes, *trusted: str) -> None:
        """An archive of skops instead, and what the manifest trusts."""
        (self / ESTIMATOR).unlink(missing_ok=True)
        (self / ARCHIVE).write_bytes(content)
        libraries = {name: package.metadata.version(name) for name in package.SKOPS_LIBRARIES}
        described = {"file": ARCHIVE, "format": "skops", "trusted": trusted}
        self.write(estimator=described, libraries=libraries)
        self.list()

    def refusal(self) -> str:
        with pytest.raises(PackageError) as refusal:
            package.load(self.folder)
        return str(refusal.value)


class CompiledCopy(Copy):
    """The same with it, and with an estimator that goes off where it is unpickled."""

    def __init__(self, original: Path, folder: Path) -> None:
        super().__init__(original, folder)
        joblib.dump(Bomb(self.mark), self / ESTIMATOR)
        self.put_compiled((original / COMPILED).read_bytes())

    def put_compiled(self, content: bytes) -> None:
        (self / COMPILED).write_bytes(content)
        self.write(compiled={"file": COMPILED, "format": "onnx", "proof": {}})
        self.list()
