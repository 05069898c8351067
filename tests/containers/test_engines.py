"""A package that could not be compiled, in the images that hold scikit-learn and in the one that
doesn't."""

from __future__ import annotations

import json

import pytest
import tiny
from containers.conftest import Run
from containers.engines import build
from real import eventually

from riskspace.packaging.seal import seal

pytestmark = pytest.mark.container

WHERE = {"MODEL_PATH": "models/pumps"}
RECORD = json.dumps(tiny.RECORD).encode()


@pytest.fixture(scope="module", params=["joblib", "skops"])
def estimator(request: pytest.FixtureRequest) -> str:
    """The name of its file."""
    return f"estimator.{request.param}"


@pytest.fixture(scope="module")
def mount(estimator: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tiny package as it is without its graph."""
    folder = tmp_path_factory.mktemp("uncompiled") / "pumps"
    form = "skops" if estimator.endswith("skops") else "joblib"
    seal(folder, tiny.draft(), tiny.estimator(), form=form, generated=100)
    path = folder / "manifest.json"
    content = json.loads(path.read_text("utf-8"))
    (folder / content.pop("compiled")["file"]).unlink()
    content["files"] = {estimator: content["files"][estimator]}
    path.write_text(json.dumps(content), "utf-8")
    folder.chmod(0o755)
    return f"--volume={folder}:/app/models/pumps:ro"


@pytest.fixture(scope="module")
def image_with_sklearn(engine: None) -> str:
    return build("riskspace-test-api-sklearn", "--build-arg", "ENGINE=sklearn")


def test_it_is_refused_in_words_without_scikit_learn(
    run: Run, api_image: str, estimator: str, mount: str
) -> None:
    container = run(api_image, mount, port=8000, environ=WHERE)
    assert container.status() == 1
    assert f"{estimator}: needs scikit-learn " in container.stderr()[-1]
    assert "which is not installed here" in container.stderr()[-1]


def test_it_is_served_by_an_image_built_for_it(
    run: Run, image_with_sklearn: str, mount: str
) -> None:
    container = run(image_with_sklearn, mount, port=8000, environ=WHERE).up("/readyz")
    status, body = container.post("/predict", RECORD)
    assert (status, json.loads(body)["model"]["name"]) == (200, "pumps")


def test_it_is_served_by_the_all_in_one(run: Run, space_image: str, mount: str) -> None:
    container = run(space_image, mount, environ=WHERE).up()
    eventually(lambda: container.post("/api/predict", RECORD)[0] == 200)
