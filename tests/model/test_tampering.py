"""A package that isn't what its manifest says is refused, by file and reason, unopened."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from riskspace.errors import PackageError
from riskspace.model import manifest, package

ESTIMATOR = "estimator.joblib"


class Bomb:
    """Unpickling it makes a folder: whoever opens it is seen."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self._mark),)


class Copy:
    """A package of its own for one test to spoil."""

    def __init__(self, original: Path, folder: Path) -> None:
        self.folder = folder / "package"
        self.mark = folder / "unpickled"
        shutil.copytree(original, self.folder)
        (self.folder / "MODEL_CARD.md").write_text("# Pumps\n")
        self.write(files=self.digests("MODEL_CARD.md", ESTIMATOR))

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


@pytest.fixture
def copy(pumps: Path, tmp_path: Path) -> Copy:
    return Copy(pumps, tmp_path)


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
