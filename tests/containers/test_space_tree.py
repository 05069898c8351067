"""The tree of a Hugging Face Space, as scripts/space writes it, and the smoke test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from containers.conftest import Measured, Run
from containers.engines import Container, docker
from real import ROOT, free_port

TAG = "riskspace-test-tree"


def write(to: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "scripts/space", to], capture_output=True, text=True)


def smoke(url: str, *options: str, token: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts/smoke", url, *options],
        env={"PATH": os.environ["PATH"], "ADMIN_TOKEN": token},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("space") / "tree"
    written = write(folder)
    assert written.returncode == 0, written.stderr
    return folder


def test_the_tree_is_what_the_hub_reads(tree: Path) -> None:
    assert (tree / "Dockerfile").read_text() == (ROOT / "Dockerfile.hf").read_text()
    assert not (tree / "Dockerfile.hf").exists()
    _, card, _ = (tree / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    front = yaml.safe_load(card)
    assert front["sdk"] == "docker"
    assert front["app_port"] == 7860
    assert f"EXPOSE {front['app_port']}\n" in (tree / "Dockerfile").read_text()
    assert len(front["short_description"]) <= 60
    assert front["license"] == "apache-2.0"
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {front["colorFrom"], front["colorTo"]} <= colours


def test_the_tree_holds_what_the_build_copies_and_no_other_code(tree: Path) -> None:
    names = {str(path.relative_to(tree)) for path in tree.rglob("*")}
    assert not [name for name in names if "__pycache__" in name or "training" in name]
    assert not names & {"tests", "Makefile", ".ci", "bench", "deploy"}
    binary = {path.suffix for path in tree.rglob("*") if b"\0" in content(path)}
    attributes = (tree / ".gitattributes").read_text()
    assert all(f"*{suffix} filter=lfs" in attributes for suffix in binary)


def content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    refused = write(tmp_path)
    assert refused.returncode == 2
    assert str(tmp_path) in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_clone_of_a_space_is_renewed(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", tmp_path, *author, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "app.py").write_text("what was there before")
    git("add", "app.py")
    git("commit", "--message", "A repository")
    assert write(tmp_path).returncode == 2, "not a Space"
    (tmp_path / "README.md").write_text("---\nsdk: gradio\n---\n# A Space\n")
    assert write(tmp_path).returncode == 2, "not committed"
    git("add", "README.md")
    git("commit", "--message", "A Space")
    assert write(tmp_path).returncode == 0
    assert not (tmp_path / "app.py").exists()
    assert (tmp_path / "Dockerfile").exists()


def test_the_project_itself_is_refused() -> None:
    for folder in (ROOT, ROOT.parent):
        refused = write(folder)
        assert refused.returncode == 2
        assert "is this project, not a Space" in refused.stderr


def test_what_git_ignores_stays_here(tree: Path, tmp_path: Path) -> None:
    copy = tmp_path / "project"
    subprocess.run(["git", "clone", "--quiet", ROOT, copy], check=True)
    (copy / "models/.env").write_text("ADMIN_TOKEN=secret")
    (copy / "models/mine").mkdir()
    (copy / "models/mine/manifest.json").write_text("{}")
    shutil.copy(ROOT / "scripts/space", copy / "scripts/space")
    written = subprocess.run(
        [copy / "scripts/space", tmp_path / "tree"], capture_output=True, text=True
    )
    assert "models/mine/ models/prediabetes/" in written.stdout
    assert (tmp_path / "tree/models/mine/manifest.json").exists()
    assert not (tmp_path / "tree/models/.env").exists()


def test_a_clone_has_the_same_bytes_whatever_git_is_told_of_line_ends(tmp_path: Path) -> None:
    """As on Windows, where a shell script or a model card would change."""
    crlf = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run(["git", *crlf, "clone", "--quiet", ROOT, tmp_path / "clone"], check=True)
    for name in ("start.sh", "scripts/install", "models/prediabetes/MODEL_CARD.md"):
        assert (tmp_path / "clone" / name).read_bytes() == (ROOT / name).read_bytes(), name


@pytest.fixture(scope="module")
def built(engine: None, tree: Path) -> Iterator[str]:
    """As the hub builds it: `docker build .` and no option that matters, of files that were
    uploaded one by one, without their executable bits."""
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    docker("build", "--quiet", "--tag", TAG, str(tree), timeout=1800)
    yield TAG
    docker("rmi", "--force", TAG)


@pytest.mark.container
def test_the_tree_builds_and_runs_and_the_smoke_test_passes(
    built: str, run: Run, measured: Measured
) -> None:
    # The hub gives a Space its variables, and one of them could be ours by chance.
    environ = {"ADMIN_TOKEN": "opens", "SPACE_ID": "someone/some", "MEMORY": "16Gi", "HOST": "x"}
    container = run(built, environ=environ)
    passed = smoke(container.url, token="opens")
    measured(passed.stdout)
    assert passed.returncode == 0, passed.stdout
    assert "Prédiction effectuée" in passed.stdout
    closed = smoke(container.url)
    assert "closed without ADMIN_TOKEN" in closed.stdout
    assert closed.returncode == 0
    wrong = smoke(container.url, token="a wrong one")
    assert wrong.returncode == 1
    assert "HTTP 401" in wrong.stdout.splitlines()[-1]


@pytest.mark.container
def test_the_smoke_test_passes_on_an_api_alone(run: Run, api_image: str) -> None:
    container: Container = run(api_image, port=8000)
    passed = smoke(container.url, "--without-redis")
    assert passed.returncode == 0, passed.stdout
    assert "none here: an API alone" in passed.stdout
    assert "none kept without Redis" in passed.stdout
    failed = smoke(container.url)
    assert failed.returncode == 1
    assert failed.stdout.splitlines()[-1].startswith("❌ health")


def test_the_smoke_test_says_what_it_did_not_find() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    failed = smoke(nobody, "--wait", "0.5")
    assert failed.returncode == 1
    assert failed.stdout.splitlines()[-1].startswith("❌ answers")
    assert smoke("localhost:7860").returncode == 2
