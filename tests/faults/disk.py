"""The run folder's disk is full for a while, under a steady load."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faults.episodes import RATE
from faults.ledger import Ledger
from faults.load import SteadyLoad, statuses
from faults.spaces import space, targets
from real import eventually
from stack.stacks import Stack

MEGABYTES = 48


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own on the folder. Raises OSError where this process may not mount."""
    options = ["-t", "tmpfs", "-o", f"size={MEGABYTES}m"]
    ran = subprocess.run(["mount", *options, "tmpfs", folder], capture_output=True, text=True)
    if ran.returncode:
        raise OSError(f"no disk to fill: {ran.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    """Takes all the room that is left; the file that has it."""
    file = folder / "filling"
    with file.open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4096))
    return file


@contextmanager
def _space() -> Iterator[tuple[Stack, Path]]:
    """A stack and its run folder, which is a small disk."""
    base = Path(tempfile.mkdtemp(prefix="faults-"))
    run_dir = base / "run"
    run_dir.mkdir()
    try:
        with small_disk(run_dir), space(folder=base) as stack:
            yield stack, run_dir
    finally:
        shutil.rmtree(base)


def endure(seconds: float) -> dict[str, Any]:
    """Full for so long. Raises OSError where this process may not mount."""
    with _space() as (stack, run_dir):
        ledger = Ledger(stack.redis_port)
        with SteadyLoad(targets(stack), RATE) as load:
            time.sleep(2)
            full = time.monotonic()
            filling = fill(run_dir)
            time.sleep(seconds)
            filling.unlink()
            over = time.monotonic()
            during = {name: statuses(load.since(full, name)) for name in ("api", "ui")}
            eventually(lambda: stack.answers("redis"), 20)
            back = time.monotonic() - over
            empty = ledger.settle(lambda: load.outcomes)
            time.sleep(1)
        ledger.settle(lambda: load.outcomes, within=5)
        return {
            "rate": RATE,
            "seconds": seconds,
            "statuses": during,
            "back": back,
            "empty": back + empty,
            "balance": asdict(ledger.balance(load.outcomes)),
            "status": stack.stop(),
        }
