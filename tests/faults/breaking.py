"""Breaks each protection in a copy of the repository: a test has to fail there, and where none
does, nobody would notice that the protection has gone."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faults.breaks import BREAKS, Break
from real import ROOT

# What a test may need of the repository, and seconds that all tests of one break may take.
PARTS = ("src", "tests", "models", "bench", "docs", "scripts", "deploy")
PATIENCE = 400
# pytest's status where tests failed; it has others where none was found, or it couldn't run.
FAILED = 1


def endure(at_once: int = 2) -> dict[str, Any]:
    """What failed of each break, `at_once` of them at a time, each in a copy of its own."""
    with TemporaryDirectory(prefix="breaks-") as name:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(at_once):
            copies.put(_copy(Path(name) / f"{number}"))

        def tried(one: Break) -> dict[str, Any]:
            copy = copies.get()
            try:
                return {"protection": one.protection, "file": one.file, **broken(one, copy)}
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(at_once) as threads:
            return {"breaks": list(threads.map(tried, BREAKS))}


def broken(one: Break, copy: Path) -> dict[str, Any]:
    """`caught` by which test; None, and what pytest said, where none failed."""
    one.make(copy)
    try:
        status, said = _run(one.tests, copy)
    finally:
        one.undo(copy)
    first = re.search(r"^(?:FAILED|ERROR) (\S+\.py.*?)(?: - .*)?$", said, re.MULTILINE)
    caught = first[1] if status == FAILED and first else None
    return {"caught": caught, **({} if caught else {"status": status, "said": said[-1000:]})}


def _run(tests: Sequence[str], copy: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *tests]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    try:
        ran = subprocess.run(
            command, cwd=copy, env=environ, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return -1, f"not within {PATIENCE} s"
    return ran.returncode, ran.stdout + ran.stderr


def _copy(folder: Path) -> Path:
    folder.mkdir()
    without = shutil.ignore_patterns("__pycache__", "results")
    for path in ROOT.iterdir():
        if path.name in PARTS:
            shutil.copytree(path, folder / path.name, ignore=without)
        elif path.is_file():
            shutil.copy(path, folder / path.name)
    return folder
