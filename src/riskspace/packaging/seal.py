"""A model package, made: the estimator, its compiled form where there is one, and the manifest."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import joblib
import pandas as pd

from riskspace.errors import PackageError, RiskSpaceError
from riskspace.model import estimator as estimators
from riskspace.model import manifest as manifests
from riskspace.model.engine import CompiledEngine, Engine
from riskspace.model.manifest import Manifest
from riskspace.model.package import (
    COMPILED_LIBRARIES,
    Package,
    check_records,
    digest,
    example_probability,
    libraries,
)
from riskspace.model.sklearn_engine import SklearnEngine
from riskspace.packaging.errors import NotCompilable, ProofFailed

ESTIMATOR = "estimator"
COMPILED = "model.onnx"
# Rows of the proof that are made up.
GENERATED = 100_000


def seal(
    folder: Path,
    draft: dict[str, Any],
    estimator: Any,
    files: Sequence[str] = (),
    *,
    form: Literal["joblib", "skops"] = "joblib",
    rows: pd.DataFrame | None = None,
    generated: int = GENERATED,
    say: Callable[[str], object] = sys.stderr.write,
) -> Manifest:
    """Writes a package into `folder`: the estimator, as a file of the `form`; its compiled form,
    proven on `rows` (a table of the features' columns, as the training has it) and on `generated`
    others; and the manifest. That is made of `draft` (all that the author says) and of what is
    found here: the digests of the models and of `files` (already in the folder), the versions of
    the libraries, the types that a file of skops needs trusted, and the example's probability
    (`draft["example"]` is its record).

    An estimator that can't be compiled is served by scikit-learn, slower: `say` is told why.
    Raises PackageError where the draft is not a manifest, the estimator can't answer it, or skops
    has no form for it that a server would load.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in (f"{ESTIMATOR}.joblib", f"{ESTIMATOR}.skops", COMPILED):
        (folder / name).unlink(missing_ok=True)
    path = folder / f"{ESTIMATOR}.{form}"
    described: dict[str, Any] = {"file": path.name, "format": form}
    if form == "skops":
        described["trusted"] = _packed(estimator, path)
    else:
        joblib.dump(estimator, path, compress=3)
    content = {
        "schema_version": manifests.SCHEMA_VERSION,
        **draft,
        "estimator": described,
        "libraries": _versions(libraries(form)),
        "files": {file: digest((folder / file).read_bytes()) for file in [path.name, *files]},
        "example": {"record": draft["example"], "probability": 0.0},
    }
    _write(folder, content)
    unproven = manifests.read(folder)
    check_records(folder, unproven)
    engine: Engine = SklearnEngine(estimator, unproven.features)
    # Before anything is made of it: an estimator that doesn't fit its manifest can't be compiled.
    example_probability(path, Package(unproven, engine))
    try:
        model, proof = _compiled(estimator, unproven, rows, generated)
    except NotCompilable as reason:
        say(f"{folder}: not compiled, so scikit-learn serves it, slower: {reason}\n")
    except ProofFailed as reason:
        say(f"{folder}: compiled wrongly, so scikit-learn serves it, slower: {reason}\n")
    else:
        (folder / COMPILED).write_bytes(model)
        content["compiled"] = {"file": COMPILED, "format": "onnx", "proof": proof}
        content["files"][COMPILED] = digest(model)
        content["libraries"] |= _versions(COMPILED_LIBRARIES)
        engine = CompiledEngine(model)
    content["files"] = dict(sorted(content["files"].items()))
    content["example"]["probability"] = example_probability(folder, Package(unproven, engine))
    _write(folder, content)
    return manifests.read(folder)


def _packed(estimator: Any, path: Path) -> list[str]:
    """Writes the archive, and reads it as a server would; the types that it needs trusted."""
    try:
        content = estimators.pack(estimator)
    except Exception as error:  # a stranger's step can raise anything
        raise PackageError(f"{path}: can't be made: {type(error).__name__}: {error}") from error
    trusted = estimators.untrusted(path, content)
    estimators.unpack(path, content, trusted)
    path.write_bytes(content)
    return trusted


def _compiled(
    estimator: Any, manifest: Manifest, rows: pd.DataFrame | None, generated: int
) -> tuple[bytes, dict[str, Any]]:
    try:
        from riskspace.packaging import compiler, proof
    except ImportError as error:  # onnx, which no server needs
        raise NotCompilable("the whole", f"{error.name} is not installed here") from None
    try:
        model = compiler.compile(estimator, manifest.features)
        proven = proof.prove(
            estimator,
            model,
            features=manifest.features,
            bands=manifest.bands,
            threshold=manifest.threshold,
            rows=rows,
            generated=generated,
        )
    except RiskSpaceError:
        raise
    except Exception as error:  # a stranger's step can raise anything
        raise NotCompilable("the whole", f"{type(error).__name__}: {error}") from error
    return model, proven.model_dump(mode="json")


def _versions(libraries: Sequence[str]) -> dict[str, str]:
    return {library: metadata.version(library) for library in libraries}


def _write(folder: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)
    (folder / manifests.FILE_NAME).write_text(text + "\n", encoding="utf-8")
