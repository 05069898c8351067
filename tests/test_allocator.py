"""What a large body needed is there for the next one."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest
from real import ROOT

FAULTS = """
import resource
from riskspace.web.allocator import keep_freed_memory
letter = b"x"
if {keep}: keep_freed_memory()
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
letter * (8 << 20)
before = faults()
for _ in range(20): letter * (8 << 20)
print(faults() - before)
"""


def faults(keep: bool) -> int:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    program = FAULTS.format(keep=keep)
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_pages_are_not_cleared_again_for_each_large_body() -> None:
    assert faults(keep=True) < 100
    assert faults(keep=False) > 1000
