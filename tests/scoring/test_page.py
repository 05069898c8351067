"""docs/score.md, done as it says."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from real import ROOT
from test_documentation import blocks


def test_the_page_on_scoring_says_what_happens(tmp_path: Path) -> None:
    page = "docs/score.md"
    (tmp_path / "people.csv").write_text(blocks(page, "csv")[0])
    for name in ("src", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for commands in blocks(page, "bash"):
        subprocess.run(["bash", "-ec", commands], cwd=tmp_path, check=True, stderr=subprocess.PIPE)
        with (tmp_path / "scored.csv").open(newline="") as file:
            good, bad = csv.DictReader(file)
        assert 0 < float(good["probability"]) < 1
        assert (good["errors"], bad["probability"]) == ("", "")
        assert bad["errors"] in (ROOT / page).read_text("utf-8")
        assert len(bad["errors"].split()) == 2
