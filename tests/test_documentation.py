"""What the documentation tells a reader to do, done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from real import ROOT

from riskspace.cli import main


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_page_on_bringing_a_model_makes_a_package_that_is_accepted(tmp_path: Path) -> None:
    """Its commands as they are, but for the last: it serves, as the tests of the stack do."""
    (program,) = blocks("docs/your-model.md", "python")
    (commands,) = blocks("docs/your-model.md", "bash")
    *made_and_checked, served = commands.splitlines()
    assert served == "MODEL_PATH=models/coffee make run"
    (tmp_path / "coffee.py").write_text(program)
    (tmp_path / "src").symlink_to(ROOT / "src")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    script = "\n".join(["set -e", *made_and_checked])
    ran = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout.startswith("coffee 1.0.0: 2 features, 2 bands, threshold 0.5"), ran.stderr


def test_a_package_that_is_refused_is_named_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"{tmp_path}/manifest.json: not found")


def test_every_link_to_a_file_leads_to_one() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "models").glob("*/*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
