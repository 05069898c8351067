"""A model package on disk: sealed when it is made, verified before anything in it is trusted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib

from riskspace.errors import PackageError
from riskspace.model import manifest as manifests
from riskspace.model.engine import Engine, SklearnEngine
from riskspace.model.manifest import Manifest
from riskspace.model.schema import Schema

# What the scikit-learn engine imports: an estimator pickled by other versions may answer otherwise.
SKLEARN_LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
# How far the manifest's own example may be from the probability written beside it.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was verified, with its engine ready."""

    manifest: Manifest
    engine: Engine


def load(folder: Path) -> Package:
    """Verifies a package and loads its estimator: digests first, before anything is unpickled,
    then the versions of the libraries, then that the example gives its probability.

    Raises PackageError naming the file and what is wrong with it.
    """
    manifest = manifests.read(folder)
    _check_records(folder, manifest)
    contents = {name: _verified(folder / name, known) for name, known in manifest.files.items()}
    _check_libraries(folder, manifest)
    path = folder / manifest.estimator.file
    try:
        # The very bytes that were verified: the file may be another by now.
        estimator = joblib.load(io.BytesIO(contents[path.name]))
    except Exception as error:  # a pickle can raise anything at all
        raise PackageError(f"{path}: can't be unpickled ({type(error).__name__})") from error
    engine = SklearnEngine(estimator, manifest.features)
    _check_example(path, manifest, engine)
    return Package(manifest, engine)


def seal(
    folder: Path, draft: dict[str, Any], estimator: Any, files: Sequence[str] = ()
) -> Manifest:
    """Writes a package into `folder`: the estimator, then the manifest made of `draft` (all that
    the author says) and of what is measured here: the digests of the estimator and of `files`
    (already in the folder), the versions of the libraries, and the example's probability
    (`draft["example"]` is its record).

    Raises PackageError where the draft is not a manifest, or the estimator can't answer it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = "estimator.joblib"
    joblib.dump(estimator, folder / name, compress=3)
    content = {
        "schema_version": manifests.SCHEMA_VERSION,
        **draft,
        "estimator": {"file": name, "format": "joblib"},
        "libraries": {library: metadata.version(library) for library in SKLEARN_LIBRARIES},
        "files": {file: digest((folder / file).read_bytes()) for file in sorted([name, *files])},
        "example": {"record": draft["example"], "probability": 0.0},
    }
    _write(folder, content)
    unproven = manifests.read(folder)
    _check_records(folder, unproven)
    engine = SklearnEngine(estimator, unproven.features)
    content["example"]["probability"] = _example(folder / name, unproven, engine)
    _write(folder, content)
    return manifests.read(folder)


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, as the manifest writes it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _write(folder: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    (folder / manifests.FILE_NAME).write_text(text + "\n", encoding="utf-8")


def _check_records(folder: Path, manifest: Manifest) -> None:
    schema = Schema(manifest)
    records = {"example": manifest.example.record}
    records |= {f"preset {preset.label.en}": preset.record for preset in manifest.presets}
    for name, record in records.items():
        checked = schema.check(record)
        if isinstance(checked, tuple):
            wrong = f"{checked[0].field} {checked[0].message}"
            raise PackageError(f"{folder / manifests.FILE_NAME}: {name}: {wrong}")


def _verified(path: Path, expected: str) -> bytes:
    """The content of a file whose digest is the expected one."""
    if not path.is_file():
        raise PackageError(f"{path}: missing, but the manifest lists it")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackageError(f"{path}: can't be read ({error.strerror})") from None
    if digest(content) != expected:
        raise PackageError(f"{path}: its SHA-256 is not the one in the manifest")
    return content


def _check_libraries(folder: Path, manifest: Manifest) -> None:
    for library in SKLEARN_LIBRARIES:
        expected = manifest.libraries.get(library)
        if expected is None:
            raise PackageError(f"{folder / manifests.FILE_NAME}: libraries: no {library}")
        try:
            found = metadata.version(library)
        except metadata.PackageNotFoundError:
            found = "none"
        if found != expected:
            raise PackageError(
                f"{folder / manifest.estimator.file}: made with {library} {expected},"
                f" but {found} is installed"
            )


def _example(path: Path, manifest: Manifest, engine: Engine) -> float:
    try:
        return float(engine.probabilities([manifest.example.record])[0])
    except Exception as error:  # an estimator that doesn't fit its manifest can raise anything
        raise PackageError(
            f"{path}: can't answer the manifest's example ({type(error).__name__})"
        ) from error


def _check_example(path: Path, manifest: Manifest, engine: Engine) -> None:
    found, expected = _example(path, manifest, engine), manifest.example.probability
    if not abs(found - expected) <= TOLERANCE:
        raise PackageError(
            f"{path}: the example gives {found:.12f}, the manifest says {expected:.12f}"
        )
