"""How much memory the container may use.

`python -m riskspace.supervision.memory` refuses too little, with status 1: left to itself the
kernel would kill one process after another, supervisord or start.sh among them, without a word.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Less than this, and the kernel has been seen to kill the API under batches of the largest size,
# with as many records in Redis as it keeps unless told otherwise.
LEAST = 512 * 2**20

# Versions 2 and 1 of control groups; a container sees its own.
_FILES = ("memory.max", "memory/memory.limit_in_bytes")


def limit(control_group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """In bytes; None without one."""
    for name in _FILES:
        try:
            text = (control_group / name).read_text().strip()
        except OSError:
            continue
        # Without a limit version 2 says "max", and version 1 a number beyond any machine.
        if text.isdigit() and int(text) < 2**50:
            return int(text)
    return None


def refusal(available: int | None) -> str | None:
    """Why this is too little, or None when it isn't."""
    if available is None or available >= LEAST:
        return None
    return (
        f"Mémoire: {available // 2**20} Mo accordés au conteneur, "
        f"il en faut au moins {LEAST // 2**20}"
    )


if __name__ == "__main__":
    if reason := refusal(limit()):
        sys.stderr.write(f"❌ {reason}\n")
        raise SystemExit(1)
