"""The tests of hostile input in their long form, counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from real import ROOT

# What a test notes when it counts what it tried.
CASES = "cases"


def endure() -> dict[str, Any]:
    with TemporaryDirectory(prefix="faults-") as folder:
        report = Path(folder) / "report.xml"
        command = ["-m", "pytest", "tests/faults/hostile", "--long", f"--junit-xml={report}"]
        ran = subprocess.run([sys.executable, *command], cwd=ROOT)
        return {**read(report.read_text("utf-8")), "status": ran.returncode}


def read(report: str) -> dict[str, Any]:
    """The figures of pytest's report in JUnit's format."""
    tests = list(ElementTree.fromstring(report).iter("testcase"))
    tried = {
        f"{test.get('classname', '').rpartition('.')[2]}: {test.get('name')}": int(noted)
        for test in tests
        for noted in _noted(test)
    }
    failed = [test for test in tests if {one.tag for one in test} & {"failure", "error"}]
    skipped = [test for test in tests if test.find("skipped") is not None]
    return {
        "tests": len(tests),
        "failed": len(failed),
        "skipped": len(skipped),
        "cases": sum(tried.values()),
        "searches": tried,
    }


def _noted(test: ElementTree.Element) -> list[str]:
    return [
        noted.get("value", "0")
        for noted in test.iterfind("properties/property")
        if noted.get("name") == CASES
    ]
