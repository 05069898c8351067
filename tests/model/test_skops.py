"""An archive of skops is made of what skops knows and the manifest trusts, or of nothing."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import tiny
from model.spoiled import ARCHIVE, COMPILED, Bomb, Copy, call, closed, opened
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skops import io as skops

from riskspace.errors import PackageError
from riskspace.model import manifest, package
from riskspace.model.engine import CompiledEngine
from riskspace.model.sklearn_engine import SklearnEngine
from riskspace.packaging.seal import seal

RATIO = "riskspace.model.transformers.Ratio"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny package, its estimator in an archive of skops."""
    folder = tmp_path_factory.mktemp("skops") / "pumps"
    seal(folder, tiny.draft(), tiny.estimator(), form="skops", generated=100)
    return folder


@pytest.fixture(scope="module")
def archive(sealed: Path) -> bytes:
    return (sealed / ARCHIVE).read_bytes()


@pytest.fixture
def copy(sealed: Path, tmp_path: Path) -> Copy:
    return Copy(sealed, tmp_path)


def refused(copy: Copy) -> str:
    """Why, with nothing having been made of the archive."""
    refusal = copy.refusal()
    assert not copy.mark.exists()
    assert refusal.startswith(f"{copy / ARCHIVE}: ")
    return refusal.removeprefix(f"{copy / ARCHIVE}: ")


def test_a_sealed_package_trusts_what_its_estimator_needs_and_says_it(sealed: Path) -> None:
    described = manifest.read(sealed)
    assert described.estimator.file == ARCHIVE
    assert described.estimator.trusted == ("numpy.dtype", RATIO)
    assert set(described.libraries) == {*package.SKOPS_LIBRARIES, *package.COMPILED_LIBRARIES}
    assert {path.name for path in sealed.iterdir()} == {ARCHIVE, COMPILED, manifest.FILE_NAME}


def test_its_compiled_model_serves_it(sealed: Path) -> None:
    assert isinstance(package.load(sealed).engine, CompiledEngine)


def test_it_answers_as_its_estimator_when_it_is_not_compiled(copy: Copy) -> None:
    loaded = package.load(copy.folder)
    assert isinstance(loaded.engine, SklearnEngine)
    example = loaded.manifest.example
    assert loaded.probabilities([example.record]) == pytest.approx([example.probability], abs=1e-15)


def test_a_package_that_is_sealed_again_in_the_other_form_holds_one_estimator(
    tmp_path: Path,
) -> None:
    for form in ("skops", "joblib"):
        seal(tmp_path, tiny.draft(), tiny.estimator(), form=form, generated=100)  # type: ignore[arg-type]
        found = {path.name for path in tmp_path.iterdir()}
        assert found == {f"estimator.{form}", COMPILED, manifest.FILE_NAME}


def test_a_type_that_the_manifest_does_not_trust_is_refused(copy: Copy) -> None:
    copy.write(estimator={**copy.read()["estimator"], "trusted": ["numpy.dtype"]})
    assert refused(copy) == f"the manifest doesn't trust its types {RATIO}"


@pytest.mark.parametrize("function", ["os.mkdir", "posix.mkdir"])
def test_a_function_that_writes_is_refused_and_not_called(copy: Copy, function: str) -> None:
    copy.put_archive(call(function, str(copy.mark)), RATIO, "numpy.dtype")
    assert refused(copy) == f"the manifest doesn't trust its types {function}"


def test_the_same_function_is_called_by_skops_where_it_is_trusted(copy: Copy) -> None:
    """The control of the test above."""
    skops.loads(call("os.mkdir", str(copy.mark)), trusted=["os.mkdir"])
    assert copy.mark.is_dir()


@pytest.mark.parametrize(
    "name",
    [
        *("os.mkdir", "posix.system", "builtins.eval", "subprocess.Popen", "operator.methodcaller"),
        *("functools.partial", "importlib.import_module", "pathlib.Path", "__main__.Step"),
    ],
)
def test_a_manifest_that_trusts_pythons_own_is_refused(copy: Copy, name: str) -> None:
    copy.put_archive(call("os.mkdir", str(copy.mark)), name)
    assert copy.refusal() == (
        f"{copy / manifest.FILE_NAME}: estimator: "
        f"Value error, trusted: {name} is Python's own, and could do anything"
    )
    assert not copy.mark.exists()


@pytest.mark.parametrize("name", ["Ratio", "", ".Ratio", "a..b", "a.b ", "a.b\n", "a-b.c"])
def test_a_manifest_that_trusts_no_full_name_is_refused(copy: Copy, name: str) -> None:
    copy.write(estimator={**copy.read()["estimator"], "trusted": [name]})
    assert copy.refusal().startswith(f"{copy / manifest.FILE_NAME}: estimator.trusted.0: ")


def test_a_pickle_has_no_types_to_trust(copy: Copy) -> None:
    copy.write(estimator={**copy.read()["estimator"], "format": "joblib"})
    assert "trusted goes with the format skops, and only with it" in copy.refusal()


def test_a_function_is_refused_though_the_manifest_trusts_it(copy: Copy) -> None:
    """Here one that unpickles a file."""
    pickle = copy.folder.parent / "bomb.joblib"
    joblib.dump(Bomb(copy.mark), pickle)
    name = "joblib.numpy_pickle.load"
    copy.put_archive(call(name, str(pickle)), name)
    assert refused(copy) == f"only classes can be trusted, not {name}"
    skops.loads(call(name, str(pickle)), trusted=[name])
    assert copy.mark.is_dir(), "the control"


@pytest.mark.parametrize("name", ["numpy.load", "pandas.eval"])
def test_a_step_that_calls_a_function_is_refused_though_the_manifest_trusts_it(
    copy: Copy, name: str
) -> None:
    schema, files = opened(skops.dumps(FunctionTransformer(np.exp)))
    schema["content"]["content"]["func"] |= dict(
        zip(("__module__", "__class__"), name.rsplit(".", 1), strict=True)
    )
    copy.put_archive(closed(schema, files))
    assert refused(copy) == f"the manifest doesn't trust its types {name}"
    copy.put_archive(closed(schema, files), name)
    assert refused(copy) == f"only classes can be trusted, not {name}"


def test_a_method_is_refused_though_the_manifest_trusts_it(copy: Copy) -> None:
    made = skops.dumps(LogisticRegression().fit)
    names = skops.get_untrusted_types(data=made)
    copy.put_archive(made, *names)
    assert refused(copy) == f"only classes can be trusted, not {names[-1]}"
    assert names[-1].endswith("LogisticRegression.fit")


def test_a_class_that_is_not_installed_is_refused(copy: Copy) -> None:
    copy.put_archive(call("somewhere.Step"), "somewhere.Step")
    assert refused(copy) == "only classes can be trusted, not somewhere.Step"


def test_many_types_are_named_in_one_line_whatever_they_hold(copy: Copy) -> None:
    schemas = [opened(call(f"o{i}.a\n2024 - api - ERROR - {'x' * 900}"))[0] for i in range(7)]
    whole, files = opened(skops.dumps([0]))
    for number, schema in enumerate(schemas):
        schema["__id__"] = f"mine {number}"
        schema["content"]["__id__"] = f"inner {number}"
    copy.put_archive(closed({**whole, "content": schemas}, files))
    refusal = refused(copy)
    assert len(refusal.splitlines()) == 1
    assert len(refusal) < 1_200
    assert refusal.endswith(" and 2 more")


def test_digests_come_first_then_versions_then_types(copy: Copy, archive: bytes) -> None:
    copy.put_archive(call("os.mkdir", str(copy.mark)))
    copy.write(libraries=copy.read()["libraries"] | {"skops": "0.9.0"})
    (copy / ARCHIVE).write_bytes(archive)
    assert refused(copy) == "its SHA-256 is not the one in the manifest"
    copy.list()
    assert refused(copy).startswith("made with skops 0.9.0, but ")
    copy.write(libraries={k: v for k, v in copy.read()["libraries"].items() if k != "skops"})
    assert copy.refusal() == f"{copy / manifest.FILE_NAME}: libraries: no skops"


def bomb_of_zeros() -> bytes:
    """A directory that says 3 GB; what would be unpacked is bounded by what it says."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("schema.json", "{}")
        file.getinfo("schema.json").file_size = 3 * 2**30
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bomb_of_zeros(), r"unpacks to more than 2048 MB"),
        (b"not an archive", r"can't be unpacked \(BadZipFile\)"),
        (closed({}, {}), r"can't be unpacked \(\w+\)"),
        (closed([], {}), r"can't be unpacked \(\w+\)"),
        (closed({"protocol": -1}, {}), r"can't be unpacked \(ValueError\)"),
    ],
    ids=["too large", "no archive", "empty", "a list", "another protocol"],
)
def test_an_archive_that_is_none_is_refused(copy: Copy, content: bytes, why: str) -> None:
    copy.put_archive(content)
    with pytest.raises(PackageError, match=rf"^{copy / ARCHIVE}: {why}$"):
        package.load(copy.folder)


def test_an_archive_that_is_too_deep_is_refused(copy: Copy) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("schema.json", '{"content":' * 100_000)
    copy.put_archive(buffer.getvalue())
    assert refused(copy).startswith("can't be unpacked (")


def test_a_pickle_by_the_name_of_an_archive_is_refused_unopened(copy: Copy) -> None:
    joblib.dump(Bomb(copy.mark), copy / ARCHIVE)
    copy.put_archive((copy / ARCHIVE).read_bytes(), RATIO)
    assert refused(copy) == "can't be unpacked (BadZipFile)"


def test_an_array_of_pickles_in_an_archive_is_refused_unopened(copy: Copy) -> None:
    schema, files = opened(skops.dumps(np.zeros(1)))
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb(copy.mark)], dtype=object), allow_pickle=True)
    copy.put_archive(closed(schema, dict.fromkeys(files, buffer.getvalue())))
    assert refused(copy) == "can't be unpacked (ValueError)"


def step(rows: Any) -> Any:
    return rows


def test_an_estimator_that_no_server_would_load_is_not_sealed(tmp_path: Path) -> None:
    estimator = make_pipeline(FunctionTransformer(step), tiny.estimator())
    with pytest.raises(PackageError, match=r"estimator\.skops: only classes .*test_skops\.step$"):
        seal(tmp_path, tiny.draft(), estimator, form="skops", generated=100)
    assert os.listdir(tmp_path) == []


def test_an_estimator_that_skops_has_no_form_for_is_not_sealed(tmp_path: Path) -> None:
    estimator = make_pipeline(FunctionTransformer(lambda rows: rows), tiny.estimator())
    with pytest.raises(PackageError, match=r"estimator\.skops: (can't be made|only classes)"):
        seal(tmp_path, tiny.draft(), estimator, form="skops", generated=100)


def test_the_schema_of_the_tests_is_that_of_skops(archive: bytes) -> None:
    """So that what they make is refused for what it is, not for being no archive."""
    schema, files = opened(archive)
    again = skops.loads(closed(schema, files), trusted=["numpy.dtype", RATIO])
    assert type(again).__name__ == "Pipeline"
    assert json.dumps(schema)
