"""The house's own rules, so that a change that breaks one is seen at once."""

from __future__ import annotations

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/riskspace"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top down: a room imports only from floors below its own, or from its own room.
FLOORS = (
    ("api", "ui", "cli", "training", "supervision", "probe"),
    ("web", "packaging", "scoring"),
    ("backend",),
    ("service", "logbook"),
    ("store", "microbatch", "predictions"),
    ("model",),
    ("logs",),
    ("settings",),
    ("errors", "typography", "ids"),
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The rooms that a module imports from."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "riskspace":
            rooms |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("riskspace."):
            rooms.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {a.name.split(".")[1] for a in node.names if a.name.startswith("riskspace.")}
    return rooms - {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    upwards = {other for other in imported(path) if other != room and LEVEL[other] <= LEVEL[room]}
    assert not upwards, f"{path.name} in {room} imports from {sorted(upwards)}"


def test_the_api_knows_the_joint_and_nothing_below_it() -> None:
    for path in (PACKAGE / "api").glob("*.py"):
        assert not imported(path) & {"model", "store", "training"}, path.name


def test_the_page_knows_the_api_over_http_only() -> None:
    for path in (PACKAGE / "ui").glob("*.py"):
        below = {"backend", "service", "logbook", "store", "training"}
        assert not imported(path) & below, path.name


def test_only_settings_reads_the_environment() -> None:
    readers = {
        path.name for path in MODULES if re.search(r"os\.environ|getenv", path.read_text("utf-8"))
    }
    assert readers <= {"settings.py"}


def test_no_name_of_a_feature_stands_in_serving_code() -> None:
    manifest = json.loads((ROOT / "models/prediabetes/manifest.json").read_text("utf-8"))
    names = [feature["name"] for feature in manifest["features"]]
    serving = [
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and room_of(path) != "training"
    ]
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in serving
        for name in names
        if re.search(rf"\b{name}\b", path.read_text("utf-8"))
    ]
    assert not found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_one_noun_of_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300
    assert path.stem not in {"utils", "helpers", "common", "misc"}


def test_the_locks_hold_one_version_of_each_package_for_every_python() -> None:
    """And what is tested is what is shipped."""
    locks = {path.name: _pinned(path) for path in ROOT.glob("requirements*.txt")}
    development = locks["requirements-dev.txt"]
    for name, pinned in locks.items():
        assert len(pinned) == len(dict(pinned)), f"{name}: a package is there in two versions"
        assert set(pinned) <= set(development), f"{name}: not the versions that are tested"


def test_every_pinned_package_has_its_hashes() -> None:
    for path in ROOT.glob("requirements*.txt"):
        lines = path.read_text("utf-8").splitlines()
        pins = [after for line, after in pairwise(lines) if re.match(r"[a-z0-9].*==", line)]
        assert all("--hash=sha256:" in after for after in pins), path.name
        assert not any(re.search(r"https?://|-index", line) for line in lines), path.name


def _pinned(path: Path) -> list[tuple[str, str]]:
    return re.findall(r"^([a-z0-9.-]+)==([^ \\]+)", path.read_text("utf-8"), re.MULTILINE)
