"""A Space that is asked by those who mean it no good: its processes, and what they keep."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tiny
from faults.hostile.relay import Relay
from faults.hostile.wire import JSON, Wire
from real import RedisServer, free_port
from redis import Redis
from space import TOKEN, Space, start_space

RECORD = json.dumps(tiny.RECORD).encode()


@dataclass(frozen=True)
class Target:
    """`api` is the API's own port, `page` the public one, where the API is under /api; it is asked
    through `relay`."""

    space: Space
    redis: RedisServer
    relay: Relay
    api: Wire
    page: Wire

    def end(self) -> None:
        self.space.end()
        self.relay.close()

    def wire(self, port: str) -> Wire:
        return self.api if port == "api" else self.page

    def assert_standing(self) -> None:
        """Its processes are those that were started, and they answer."""
        assert self.space.api.process.poll() is None
        assert self.space.ui.process.poll() is None
        assert self.api.ask("GET", "/livez").status == 200
        assert self.page.ask("GET", "/robots.txt").status == 200

    def assert_sound(self) -> None:
        self.assert_standing()
        for wire, target in ((self.api, "/predict"), (self.page, "/api/predict")):
            assert wire.ask("POST", target, RECORD, JSON).json()["risk"] == "worn"

    def logged(self) -> str:
        return self.space.api.text() + self.space.ui.text()

    def stored(self, stream: str) -> list[dict[str, str]]:
        """The entries of one stream in Redis, oldest first."""
        with Redis(port=self.redis.port, decode_responses=True) as client:
            found: Any = client.xrange(f"riskspace:{stream}")
        return [fields for _, fields in found]

    def kept(self) -> str:
        """All that is on standard output and in Redis."""
        return self.logged() + json.dumps(self.stored("logs")) + json.dumps(self.stored("records"))


def start(model: Path, folder: Path, redis: RedisServer) -> Target:
    """A Space that answers; whoever started it ends it."""
    port = free_port()
    relay = Relay(port)
    space = start_space(
        model,
        folder,
        API_PORT=str(port),
        API_URL=f"http://127.0.0.1:{relay.port}",
        LOGGING_HANDLER="redis",
        REDIS_HOST="127.0.0.1",
        REDIS_PORT=str(redis.port),
        ADMIN_TOKEN=TOKEN,
    )
    page = Wire(int(space.environ["GRADIO_SERVER_PORT"]))
    return Target(space, redis, relay, Wire(port), page)


class Memory:
    """The resident memory of a process while a block runs, in MB."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def __enter__(self) -> Memory:
        (self._folder / "clear_refs").write_text("5")  # proc(5): the peak starts anew
        self.before = self.now
        return self

    def __exit__(self, *_: object) -> None:
        self.peak = self._read("VmHWM")

    @property
    def now(self) -> int:
        return self._read("VmRSS")

    def _read(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", (self._folder / "status").read_text())
        assert found is not None
        return int(found[1]) // 1024
