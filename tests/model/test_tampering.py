"""A package that isn't what its manifest says is refused, by file and reason, unopened."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from riskspace.errors import PackageError
from riskspace.model import manifest, package
from riskspace.packaging import compiler

ESTIMATOR = "estimator.joblib"
COMPILED = "model.onnx"


class Bomb:
    """Unpickling it makes a folder: whoever opens it is seen."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self._mark),)


class Copy:
    """A package of its own for one test to spoil, without its compiled model."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.folder = folder / "package"
        self.mark = folder / "unpickled"
        shutil.copytree(original, self.folder)
        (self.folder / "MODEL_CARD.md").write_text("# Pumps\n")
        self.write(compiled=None, files=self.digests("MODEL_CARD.md", ESTIMATOR))

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def digests(self, *names: str) -> dict[str, str]:
        return {name: package.digest((self / name).read_bytes()) for name in names}

    def write(self, **changes: Any) -> None:
        path = self / manifest.FILE_NAME
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def put(self, estimator: object) -> None:
        """Another estimator, with the digest that fits it."""
        joblib.dump(estimator, self / ESTIMATOR)
        self.write(files=self.digests("MODEL_CARD.md", ESTIMATOR))

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
        self.write(
            compiled={"file": COMPILED, "format": "onnx", "proof": {}},
            files=self.digests(ESTIMATOR, COMPILED),
        )


@pytest.fixture
def copy(pumps: Path, tmp_path: Path) -> Copy:
    return Copy(pumps, tmp_path)


@pytest.fixture
def compiled(pumps: Path, tmp_path: Path) -> CompiledCopy:
    return CompiledCopy(pumps, tmp_path)


def tamper_with_the_estimator(copy: Copy) -> str:
    with (copy / ESTIMATOR).open("ab") as file:
        file.write(b"\0")
    return f"{copy / ESTIMATOR}: its SHA-256 is not the one in the manifest"


def tamper_with_the_card(copy: Copy) -> str:
    (copy / "MODEL_CARD.md").write_text("# The best pumps\n")
    return f"{copy / 'MODEL_CARD.md'}: its SHA-256 is not the one in the manifest"


def lose_the_card(copy: Copy) -> str:
    (copy / "MODEL_CARD.md").unlink()
    return f"{copy / 'MODEL_CARD.md'}: missing, but the manifest lists it"


def lose_the_estimator(copy: Copy) -> str:
    (copy / ESTIMATOR).unlink()
    return f"{copy / ESTIMATOR}: missing, but the manifest lists it"


def make_the_card_a_folder(copy: Copy) -> str:
    (copy / "MODEL_CARD.md").unlink()
    (copy / "MODEL_CARD.md").mkdir()
    return f"{copy / 'MODEL_CARD.md'}: missing, but the manifest lists it"


def make_the_card_unreadable(copy: Copy) -> str:
    (copy / "MODEL_CARD.md").unlink()
    (copy / "MODEL_CARD.md").symlink_to("/proc/self/mem")  # reading it is an input/output error
    return f"{copy / 'MODEL_CARD.md'}: can't be read"


def ask_for_another_version(copy: Copy) -> str:
    libraries = json.loads((copy / manifest.FILE_NAME).read_text())["libraries"]
    copy.write(libraries=libraries | {"numpy": "1.0.0"})
    return f"{copy / ESTIMATOR}: made with numpy 1.0.0, but "


def forget_a_version(copy: Copy) -> str:
    copy.write(libraries={"numpy": "1.0.0"})
    return f"{copy / manifest.FILE_NAME}: libraries: no scikit-learn"


def name_a_file_outside(copy: Copy) -> str:
    outside = copy.folder.parent / "outside.joblib"
    shutil.copy(copy / ESTIMATOR, outside)
    name = "../outside.joblib"
    copy.write(
        files={name: package.digest(outside.read_bytes())},
        estimator={"file": name, "format": "joblib"},
    )
    return f"{copy / manifest.FILE_NAME}: estimator.file"


def spoil_the_example(copy: Copy) -> str:
    example = json.loads((copy / manifest.FILE_NAME).read_text())["example"]
    copy.write(example={**example, "record": {"hours": -1}})
    return f"{copy / manifest.FILE_NAME}: example: hours is out of bounds"


@pytest.mark.parametrize(
    "spoil",
    [
        tamper_with_the_estimator,
        tamper_with_the_card,
        lose_the_card,
        lose_the_estimator,
        make_the_card_a_folder,
        make_the_card_unreadable,
        ask_for_another_version,
        forget_a_version,
        name_a_file_outside,
        spoil_the_example,
    ],
)
def test_a_package_is_refused_before_anything_is_unpickled(
    copy: Copy, spoil: Callable[[Copy], str]
) -> None:
    copy.put(Bomb(copy.mark))
    assert spoil(copy) in copy.refusal()
    assert not copy.mark.exists()


def test_the_bomb_goes_off_when_digests_and_versions_pass(copy: Copy) -> None:
    """The control of the test above; what came out of it is still refused."""
    copy.put(Bomb(copy.mark))
    assert "can't answer the manifest's example" in copy.refusal()
    assert copy.mark.is_dir()


def test_a_package_is_refused_when_its_estimator_cannot_be_unpickled(copy: Copy) -> None:
    (copy / ESTIMATOR).write_bytes(b"not a pickle")
    copy.write(files=copy.digests("MODEL_CARD.md", ESTIMATOR))
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
    example = json.loads((copy / manifest.FILE_NAME).read_text())["example"]
    copy.write(example={**example, "probability": example["probability"] + difference})
    assert re.match(
        rf"{copy / ESTIMATOR}: the example gives 0\.\d{{12}}, the manifest says 0\.\d{{12}}",
        copy.refusal(),
    )


def test_a_package_is_taken_when_its_example_is_a_rounding_away(copy: Copy) -> None:
    example = json.loads((copy / manifest.FILE_NAME).read_text())["example"]
    copy.write(example={**example, "probability": example["probability"] + 1e-10})
    assert package.load(copy.folder).engine


def test_nothing_is_unpickled_where_the_model_is_compiled(compiled: CompiledCopy) -> None:
    loaded = package.load(compiled.folder)
    assert loaded.probabilities([loaded.manifest.example.record]) == pytest.approx(
        [loaded.manifest.example.probability], abs=1e-12
    )
    assert not compiled.mark.exists()


def tamper_with_the_model(compiled: CompiledCopy) -> str:
    with (compiled / COMPILED).open("ab") as file:
        file.write(b"\0")
    return f"{compiled / COMPILED}: its SHA-256 is not the one in the manifest"


def lose_the_model(compiled: CompiledCopy) -> str:
    (compiled / COMPILED).unlink()
    return f"{compiled / COMPILED}: missing, but the manifest lists it"


def forget_its_digest(compiled: CompiledCopy) -> str:
    compiled.write(files=compiled.digests(ESTIMATOR))
    return f"no digest for {COMPILED}"


def put_another_model(compiled: CompiledCopy) -> str:
    other = make_pipeline(LogisticRegression()).fit([[0.0], [1.0]], [0, 1])
    described = manifest.read(compiled.folder)
    compiled.put_compiled(compiler.compile(other, described.features[:1]))
    return f"{compiled / COMPILED}: can't answer the manifest's example"


def put_something_else(compiled: CompiledCopy) -> str:
    compiled.put_compiled(b"not a graph")
    return f"{compiled / COMPILED}: can't be read ("


def ask_for_another_runtime(compiled: CompiledCopy) -> str:
    libraries = json.loads((compiled / manifest.FILE_NAME).read_text())["libraries"]
    compiled.write(libraries=libraries | {"onnxruntime": "1.0.0"})
    return f"{compiled / COMPILED}: made with onnxruntime 1.0.0, but "


def move_the_example(compiled: CompiledCopy) -> str:
    example = json.loads((compiled / manifest.FILE_NAME).read_text())["example"]
    compiled.write(example={**example, "probability": example["probability"] + 1e-8})
    return f"{compiled / COMPILED}: the example gives 0."


@pytest.mark.parametrize(
    "spoil",
    [
        tamper_with_the_model,
        lose_the_model,
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
