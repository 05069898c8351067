"""What a process holds, as the kernel accounts for it (proc(5))."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple


class Holding(NamedTuple):
    """Memory in MB (10^6 bytes): resident, and resident with shared pages divided among those who
    share them; and open file descriptors."""

    rss: float
    pss: float
    descriptors: int


def holding(pid: int) -> Holding:
    """Raises OSError where there is no such process."""
    process = Path(f"/proc/{pid}")
    text = (process / "smaps_rollup").read_text()
    rss, pss = (
        int(found[1]) * 1024 / 1e6
        for name in ("Rss", "Pss")
        if (found := re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE))
    )
    return Holding(rss, pss, len(list((process / "fd").iterdir())))
