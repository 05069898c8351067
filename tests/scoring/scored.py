"""The command as a person calls it, in this process or in one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from real import ROOT

from riskspace.cli import main

RESULTS = ["prediction", "probability", "risk", "warnings", "errors"]


@dataclass
class Command:
    """`riskspace score` with one package."""

    package: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, source: Path, target: Path, *more: str) -> tuple[int, str]:
        """Its exit status, and what it said on standard error."""
        try:
            status = main(
                ["score", str(source), str(target), "--package", str(self.package), *more]
            )
        except SystemExit as refusal:
            status = int(str(refusal.code))
        captured = self.capsys.readouterr()
        assert captured.out == ""
        return status, captured.err


def started(package: Path, source: Path, target: Path, *more: str) -> subprocess.Popen[str]:
    """The same as a process of its own."""
    return _process("-m", "riskspace.cli", *_arguments(package, source, target), *more)


def peak_memory(package: Path, source: Path, target: Path) -> int:
    """The most bytes that the command ever held."""
    # Asked of itself: what a parent is told includes the parent's own pages, from before the exec.
    program = (
        "import sys; from riskspace.cli import main; status = main(sys.argv[1:]);"
        "peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')];"
        "sys.stderr.write(peak[0].split()[1]); sys.exit(status)"
    )
    process = _process("-c", program, *_arguments(package, source, target))
    _, said = process.communicate()
    assert process.returncode == 0, said
    return int(said.splitlines()[-1]) * 1024


def _arguments(package: Path, source: Path, target: Path) -> list[str]:
    return ["score", str(source), str(target), "--package", str(package)]


def _process(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_as_from_a_terminal,
    )


def _as_from_a_terminal() -> None:
    """Whoever runs the tests in the background has them ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
