"""A package that isn't what its manifest says is refused, by file and reason, unopened."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from importlib import metadata

import joblib
import pytest
from model.spoiled import CARD, COMPILED, ESTIMATOR, Bomb, CompiledCopy, Copy
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from riskspace.model import manifest, package
from riskspace.packaging import compiler


def tamper_with_the_estimator(copy: Copy) -> str:
    with (copy / ESTIMATOR).open("ab") as file:
        file.write(b"\0")
    return f"{copy / ESTIMATOR}: its SHA-256 is not the one in the manifest"


def ask_for_another(library: str) -> Callable[[Copy], str]:
    def spoil(copy: Copy) -> str:
        libraries = copy.read()["libraries"]
        copy.write(libraries=libraries | {library: "1.0.0"})
        return f"{copy / ESTIMATOR}: made with {library} 1.0.0, but {metadata.version(library)} is"

    return spoil


def forget_a_version(copy: Copy) -> str:
    copy.write(libraries={"numpy": "1.0.0"})
    return f"{copy / manifest.FILE_NAME}: libraries: no scikit-learn"


def forget_the_digest_of_the_estimator(copy: Copy) -> str:
    copy.write(files={CARD: copy.read()["files"][CARD]})
    return f"{copy / manifest.FILE_NAME}: the file: Value error, files: no digest for {ESTIMATOR}"


def name_another_form(copy: Copy) -> str:
    copy.write(estimator={"file": ESTIMATOR, "format": "pickle"})
    return f"{copy / manifest.FILE_NAME}: estimator.format"


def move_to(place: str) -> Callable[[Copy], str]:
    """A manifest whose estimator is somewhere else, where it is indeed."""

    def spoil(copy: Copy) -> str:
        outside = copy.folder.parent / "outside.joblib"
        shutil.copy(copy / ESTIMATOR, outside)
        (copy / "parts").symlink_to(copy.folder.parent)
        named = place.format(folder=copy.folder.parent)
        copy.write(
            files={named: package.digest(outside.read_bytes())},
            estimator={"file": named, "format": "joblib"},
        )
        return f"{copy / manifest.FILE_NAME}: estimator.file"

    return spoil


def list_another(copy: Copy) -> str:
    """Not the estimator: whatever the manifest lists is read."""
    copy.write(files=copy.read()["files"] | {"../outside.joblib": package.digest(b"")})
    return f"{copy / manifest.FILE_NAME}: files.../outside.joblib"


def spoil_the_example(copy: Copy) -> str:
    example = copy.read()["example"]
    copy.write(example={**example, "record": {"hours": -1}})
    return f"{copy / manifest.FILE_NAME}: example: hours is out of bounds"


@pytest.mark.parametrize(
    "spoil",
    [
        tamper_with_the_estimator,
        *map(ask_for_another, package.SKLEARN_LIBRARIES),
        forget_a_version,
        forget_the_digest_of_the_estimator,
        name_another_form,
        move_to("../outside.joblib"),
        move_to("{folder}/outside.joblib"),
        move_to("parts/outside.joblib"),
        move_to("..\\outside.joblib"),
        move_to("package/../../outside.joblib"),
        move_to(".."),
        move_to(""),
        move_to("outside.joblib\0"),
        move_to("outside.joblib\n"),
        list_another,
        spoil_the_example,
    ],
)
def test_a_package_is_refused_before_anything_is_unpickled(
    copy: Copy, spoil: Callable[[Copy], str]
) -> None:
    copy.put(Bomb(copy.mark))
    assert spoil(copy) in copy.refusal()
    assert not copy.mark.exists()


def test_a_package_is_taken_when_other_files_lie_beside_it(copy: Copy) -> None:
    """Other files in the folder, as a repository has them, are not even opened."""
    joblib.dump(Bomb(copy.mark), copy / "old.joblib")
    (copy / "sitecustomize.py").write_text(f"import os\nos.mkdir({str(copy.mark)!r})\n")
    os.mkfifo(copy / "pipe")
    (copy / "away").symlink_to("/etc/passwd")
    assert package.load(copy.folder).probabilities([copy.read()["example"]["record"]])
    assert not copy.mark.exists()


def test_what_is_loaded_is_what_was_verified_when_the_file_is_changed_between(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest_and_swap(content: bytes) -> str:
        if content == estimator:
            joblib.dump(Bomb(copy.mark), copy / ESTIMATOR)
        return digest(content)

    estimator, digest = (copy / ESTIMATOR).read_bytes(), package.digest
    monkeypatch.setattr(package, "digest", digest_and_swap)
    assert package.load(copy.folder).engine
    assert (copy / ESTIMATOR).read_bytes() != estimator
    assert not copy.mark.exists()


def test_the_bomb_goes_off_when_digests_and_versions_pass(copy: Copy) -> None:
    """The control of the test above; what came out of it is still refused."""
    copy.put(Bomb(copy.mark))
    assert "can't answer the manifest's example" in copy.refusal()
    assert copy.mark.is_dir()


def test_a_package_is_refused_when_its_estimator_cannot_be_unpickled(copy: Copy) -> None:
    (copy / ESTIMATOR).write_bytes(b"not a pickle")
    copy.list()
    assert re.match(rf"{copy / ESTIMATOR}: can't be unpickled \(\w+\)", copy.refusal())


def test_a_package_is_refused_when_its_estimator_is_not_fitted(copy: Copy) -> None:
    copy.put(LogisticRegression())
    assert f"{copy / ESTIMATOR}: can't answer the manifest's example (" in copy.refusal()


def test_a_package_is_refused_when_its_estimator_knows_one_class_only(copy: Copy) -> None:
    copy.put(DummyClassifier().fit([[0]], [0]))
    assert f"{copy / ESTIMATOR}: can't answer the manifest's example (" in copy.refusal()


@pytest.mark.parametrize("difference", [1e-8, 0.1])
def test_a_package_is_refused_when_its_example_gives_another_probability(
    copy: Copy, difference: float
) -> None:
    example = copy.read()["example"]
    copy.write(example={**example, "probability": example["probability"] + difference})
    assert re.match(
        rf"{copy / ESTIMATOR}: the example gives 0\.\d{{12}}, the manifest says 0\.\d{{12}}",
        copy.refusal(),
    )


def test_a_package_is_taken_when_its_example_is_a_rounding_away(copy: Copy) -> None:
    example = copy.read()["example"]
    copy.write(example={**example, "probability": example["probability"] + 1e-10})
    assert package.load(copy.folder).engine


def test_nothing_is_unpickled_where_the_model_is_compiled(compiled: CompiledCopy) -> None:
    loaded = package.load(compiled.folder)
    assert loaded.probabilities([loaded.manifest.example.record]) == pytest.approx(
        [loaded.manifest.example.probability], abs=1e-12
    )
    assert not compiled.mark.exists()


def forget_its_digest(compiled: CompiledCopy) -> str:
    compiled.write(files={ESTIMATOR: compiled.read()["files"][ESTIMATOR]})
    return (
        f"{compiled / manifest.FILE_NAME}: the file: Value error, files: no digest for {COMPILED}"
    )


def put_another_model(compiled: CompiledCopy) -> str:
    other = make_pipeline(LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
    described = manifest.read(compiled.folder)
    compiled.put_compiled(compiler.compile(other, described.features[:1]))
    return f"{compiled / COMPILED}: can't answer the manifest's example"


def put_something_else(compiled: CompiledCopy) -> str:
    compiled.put_compiled(b"not a graph")
    return f"{compiled / COMPILED}: can't be read ("


def ask_for_another_runtime(compiled: CompiledCopy) -> str:
    libraries = compiled.read()["libraries"]
    compiled.write(libraries=libraries | {"onnxruntime": "1.0.0"})
    return f"{compiled / COMPILED}: made with onnxruntime 1.0.0, but "


def move_the_example(compiled: CompiledCopy) -> str:
    example = compiled.read()["example"]
    compiled.write(example={**example, "probability": example["probability"] + 1e-8})
    return f"{compiled / COMPILED}: the example gives 0."


@pytest.mark.parametrize(
    "spoil",
    [
        forget_its_digest,
        put_another_model,
        put_something_else,
        ask_for_another_runtime,
        move_the_example,
        tamper_with_the_estimator,
    ],
)
def test_a_compiled_package_is_refused_with_nothing_unpickled(
    compiled: CompiledCopy, spoil: Callable[[CompiledCopy], str]
) -> None:
    assert spoil(compiled) in compiled.refusal()
    assert not compiled.mark.exists()


def test_a_model_is_refused_in_words_where_its_libraries_are_not_installed(copy: Copy) -> None:
    """As an uncompiled package is in an image without scikit-learn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata, "version", absent)
        refusal = copy.refusal()
    assert f"{copy / ESTIMATOR}: needs scikit-learn " in refusal
    assert "which is not installed here" in refusal


def absent(name: str) -> str:
    raise metadata.PackageNotFoundError(name)
