"""Redis answers slowly, wrongly or not at all, under a steady load on the API alone."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faults import proxy
from faults.episodes import RATE
from faults.ledger import Ledger
from faults.load import SteadyLoad, Target, statuses
from faults.memory import holding
from faults.proxy import Fault, Proxy
from real import ROOT, Program, RedisServer, eventually, free_port
from space import answers

FAULTS: Mapping[str, Fault] = {
    "each command takes 50 ms": proxy.delay(0.05),
    "each command takes 1 s": proxy.delay(1),
    "each command takes 3 s, longer than the API waits": proxy.delay(3),
    "each connection is reset at its first command": proxy.reset,
    "each write is refused: OOM": proxy.every(1, proxy.refuse(proxy.OOM)),
    "every third write is refused: OOM": proxy.every(3, proxy.refuse(proxy.OOM)),
    "each command is refused: LOADING": proxy.refuse(proxy.LOADING),
    "each write is refused: READONLY": proxy.every(1, proxy.refuse(proxy.READONLY)),
    "each write is refused: MISCONF": proxy.every(1, proxy.refuse(proxy.MISCONF)),
    "each second write is cut in the middle": proxy.every(2, proxy.cut_after(500)),
    "each second write is cut in its first line": proxy.every(2, proxy.cut_after(2)),
    "each second write is done and its acknowledgement lost": proxy.every(2, proxy.lose_reply),
}


@contextmanager
def api_behind(port: int, folder: Path) -> Iterator[tuple[Program, int]]:
    """The API whose Redis is at `port`, and its own port."""
    own = free_port()
    environ = {
        "MODEL_PATH": str(ROOT / "models/prediabetes"),
        "API_PORT": str(own),
        "LOGGING_HANDLER": "redis",
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(port),
        "REDIS_RECORDS_MAX_SIZE": "100000",
        "RUN_DIR": str(folder / "run"),
    }
    program = Program("riskspace.api", environ, folder)
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{own}/readyz"), 20)
        yield program, own
    finally:
        program.process.kill()
        program.process.wait()


def endure(seconds: float, names: list[str] | None = None) -> dict[str, Any]:
    """Each fault for so many seconds, and how long it takes until all that was answered is kept."""
    with TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        server = RedisServer(folder)
        server.start()
        try:
            with Proxy(server.port) as between, api_behind(between.port, folder) as (program, port):
                return _endure(seconds, names or list(FAULTS), server, between, program, port)
        finally:
            server.stop()


def _endure(
    seconds: float, names: list[str], server: RedisServer, between: Proxy, api: Program, port: int
) -> dict[str, Any]:
    ledger = Ledger(server.port)
    found = []
    with SteadyLoad([Target("api", port)], RATE) as load:
        time.sleep(1)
        before = holding(api.process.pid).rss
        for name in names:
            began, struck = time.monotonic(), between.struck
            between.fault = FAULTS[name]
            time.sleep(seconds)
            between.fault = proxy.nothing
            empty = ledger.settle(lambda: load.since(began - 1), within=10)  # noqa: B023
            found.append(
                {
                    "fault": name,
                    "struck": between.struck - struck,
                    "statuses": statuses(load.since(began)),
                    "empty": empty,
                    "memory": holding(api.process.pid).rss,
                }
            )
    ledger.settle(lambda: load.outcomes, within=5)
    return {
        "rate": RATE,
        "seconds": seconds,
        "faults": found,
        "balance": asdict(ledger.balance(load.outcomes)),
        "longest": max(one.seconds for one in load.outcomes),
        "memory_before": before,
        "alive": os.path.exists(f"/proc/{api.process.pid}"),
    }
