"""A model package on disk: verified before anything in it is trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from riskspace.errors import PackageError
from riskspace.model import files
from riskspace.model import manifest as manifests
from riskspace.model.encoding import encode
from riskspace.model.engine import CompiledEngine, Engine
from riskspace.model.manifest import Manifest, Value
from riskspace.model.schema import Schema

# What each engine imports: a model made with other versions may answer otherwise.
COMPILED_LIBRARIES = ("onnxruntime", "numpy")
SKLEARN_LIBRARIES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
SKOPS_LIBRARIES = (*SKLEARN_LIBRARIES, "skops")
# How far the manifest's own example may be from the probability written beside it.
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was verified, with its engine ready."""

    manifest: Manifest
    engine: Engine

    def probabilities(self, records: Sequence[dict[str, Value]]) -> list[float]:
        """The probability of each valid record."""
        answer: list[float] = self.engine.probabilities(
            encode(self.manifest.features, records)
        ).tolist()
        return answer


def load(folder: Path) -> Package:
    """Verifies a package and loads its model: digests first, before anything is unpickled, then
    the versions of the libraries, then the types in an archive of skops, then that the example
    gives its probability. The compiled model is taken where there is one, and nothing is unpickled
    then.

    Raises PackageError naming the file and what is wrong with it.
    """
    manifest = manifests.read(folder)
    check_records(folder, manifest)
    # The very bytes that were verified are loaded: a file may be another by now.
    contents = {name: _verified(folder, name, known) for name, known in manifest.files.items()}
    if manifest.compiled is not None:
        path = folder / manifest.compiled.file
        _check_libraries(folder, path, manifest, COMPILED_LIBRARIES)
        engine: Engine = _compiled(path, contents[path.name])
    else:
        path = folder / manifest.estimator.file
        _check_libraries(folder, path, manifest, libraries(manifest.estimator.format))
        engine = _estimator(path, contents[path.name], manifest)
    package = Package(manifest, engine)
    _check_example(path, package)
    return package


def _compiled(path: Path, content: bytes) -> Engine:
    try:
        return CompiledEngine(content)
    except Exception as error:  # onnxruntime has a dozen kinds, which derive from nothing else
        raise PackageError(f"{path}: can't be read ({type(error).__name__})") from error


def _estimator(path: Path, content: bytes, manifest: Manifest) -> Engine:
    # Seconds and a hundred megabytes, which a compiled model doesn't need.
    from riskspace.model import estimator
    from riskspace.model.sklearn_engine import SklearnEngine

    if manifest.estimator.format == "skops":
        fitted = estimator.unpack(path, content, manifest.estimator.trusted)
    else:
        fitted = estimator.unpickle(path, content)
    return SklearnEngine(fitted, manifest.features)


def libraries(form: Literal["joblib", "skops"]) -> tuple[str, ...]:
    """What an estimator's file of this form needs."""
    return SKOPS_LIBRARIES if form == "skops" else SKLEARN_LIBRARIES


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, as the manifest writes it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def check_records(folder: Path, manifest: Manifest) -> None:
    schema = Schema(manifest)
    records = {"example": manifest.example.record}
    records |= {f"preset {preset.label.en}": preset.record for preset in manifest.presets}
    for name, record in records.items():
        checked = schema.check(record)
        if isinstance(checked, tuple):
            wrong = f"{checked[0].field} {checked[0].message}"
            raise PackageError(f"{folder / manifests.FILE_NAME}: {name}: {wrong}")


def _verified(folder: Path, name: str, expected: str) -> bytes:
    """The content of a file whose digest is the expected one."""
    path = folder / name
    try:
        content = files.read(folder, name)
    except FileNotFoundError:
        raise PackageError(f"{path}: missing, but the manifest lists it") from None
    if digest(content) != expected:
        raise PackageError(f"{path}: its SHA-256 is not the one in the manifest")
    return content


def _check_libraries(folder: Path, path: Path, manifest: Manifest, needed: Sequence[str]) -> None:
    for library in needed:
        expected = manifest.libraries.get(library)
        if expected is None:
            raise PackageError(f"{folder / manifests.FILE_NAME}: libraries: no {library}")
        try:
            found = metadata.version(library)
        except metadata.PackageNotFoundError:
            raise PackageError(
                f"{path}: needs {library} {expected}, which is not installed here"
            ) from None
        if found != expected:
            raise PackageError(f"{path}: made with {library} {expected}, but {found} is installed")


def example_probability(path: Path, package: Package) -> float:
    """What a package's model, at `path`, answers to the manifest's example.

    Raises PackageError where it can't.
    """
    try:
        (probability,) = package.probabilities([package.manifest.example.record])
    except Exception as error:  # an estimator that doesn't fit its manifest can raise anything
        raise PackageError(
            f"{path}: can't answer the manifest's example ({type(error).__name__})"
        ) from error
    return probability


def _check_example(path: Path, package: Package) -> None:
    expected = package.manifest.example.probability
    found = example_probability(path, package)
    if not abs(found - expected) <= TOLERANCE:
        raise PackageError(
            f"{path}: the example gives {found:.12f}, the manifest says {expected:.12f}"
        )
