"""Processes as the kernel accounts for them (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """`started` tells it from a later one with its id; `cpu_seconds` is in user mode and in the
    kernel."""

    id: int
    parent: int
    session: int
    started: int
    cpu_seconds: float


def family(root: int) -> list[Process]:
    """A process that leads a session, everything in that session, and all that they started."""
    everyone = list(_living())
    found = {one.id: one for one in everyone if one.session == root}
    grown = -1
    while len(found) > grown:
        grown = len(found)
        found |= {one.id: one for one in everyone if one.parent in found}
    return list(found.values())


def cpu_seconds(root: int) -> float:
    """Processor time of those of a family that still live."""
    return sum(one.cpu_seconds for one in family(root))


def memory(root: int) -> float:
    """Resident megabytes (10^6 bytes) of a family; pages that two of them share count twice."""
    total = 0
    for one in family(root):
        with suppress(OSError):
            status = (_PROC / str(one.id) / "status").read_text()
            total += sum(int(x.split()[1]) for x in status.splitlines() if x.startswith("VmRSS:"))
    return total * 1024 / 1e6


def end(those: list[Process], signal: int) -> None:
    """Signals those that still live."""
    for one in alive(those):
        with suppress(ProcessLookupError):
            os.kill(one.id, signal)


def alive(those: list[Process]) -> list[Process]:
    living = {(one.id, one.started) for one in _living()}
    return [one for one in those if (one.id, one.started) in living]


def machine_busy_seconds() -> float:
    """Processor time that the whole machine has spent on anything but waiting."""
    cpu = (_PROC / "stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, cpu)
    return (user + nice + system + irq + softirq + steal) / _TICK


def _living() -> Iterator[Process]:
    for folder in _PROC.iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            # After the name, which may hold anything.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                yield Process(
                    id=int(folder.name),
                    parent=int(fields[1]),
                    session=int(fields[3]),
                    started=int(fields[19]),
                    cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICK,
                )
