"""What a large body needed is there for the next one, and what a thread freed for another."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest
from real import ROOT

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")

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

HEAPS = """
import os, threading
from real import heaps
from riskspace.web.allocator import share_freed_memory
if {share}: share_freed_memory()
held, started = threading.Event(), threading.Barrier(9)
def hold():
    data = b"x" * 2000
    started.wait()
    held.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads: thread.start()
started.wait()
print(heaps(os.getpid()))
held.set()
"""


def faults(keep: bool) -> int:
    return printed(FAULTS.format(keep=keep))


def heaps(share: bool) -> int:
    return printed(HEAPS.format(share=share))


def printed(program: str) -> int:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}"}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    return int(ran.stdout)


@glibc
def test_pages_are_not_cleared_again_for_each_large_body() -> None:
    assert faults(keep=True) < 100
    assert faults(keep=False) > 1000


@glibc
def test_threads_share_a_heap() -> None:
    assert heaps(share=True) == 0
    assert heaps(share=False) >= 4
