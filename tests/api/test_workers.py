"""The API in several processes on one port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import tiny
from api.apis import entries, on_redis
from real import ROOT, Program, RedisServer, eventually, free_port

Start = Callable[[str, dict[str, str]], Program]


def children(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.fixture
def several(program: Start, pumps: Path, redis_server: RedisServer) -> tuple[Program, str]:
    port = free_port()
    environ = on_redis(redis_server, MODEL_PATH=str(pumps), API_PORT=str(port), WEB_CONCURRENCY="3")
    api = program("riskspace.api", environ)
    eventually(lambda: api.text().count("Modèle chargé") == 3, 20)
    eventually(lambda: listens(port), 20)
    return api, f"http://127.0.0.1:{port}"


def ask(url: str) -> int:
    return httpx.post(f"{url}/predict", json=tiny.RECORD).status_code


def test_every_one_answers_and_all_they_answered_is_kept(
    several: tuple[Program, str], redis_server: RedisServer
) -> None:
    api, url = several
    assert len(children(api.process.pid)) == 3
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: ask(url), range(200))) == {200}
    assert api.stop() in (0, -signal.SIGTERM)
    ids = {record["id"] for record in entries(redis_server, "records")}
    assert len(ids) == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_all_end_where_one_dies(several: tuple[Program, str], number: signal.Signals) -> None:
    api, _ = several
    os.kill(min(children(api.process.pid)), number)
    assert api.process.wait(15) == 1


def test_none_outlives_its_parent(several: tuple[Program, str]) -> None:
    api, _ = several
    left = children(api.process.pid)
    api.process.kill()
    api.process.wait()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), 10)


def test_a_refused_package_ends_all_with_the_reason(program: Start, tmp_path: Path) -> None:
    environ = {"MODEL_PATH": str(tmp_path), "API_PORT": str(free_port()), "WEB_CONCURRENCY": "2"}
    api = program("riskspace.api", environ)
    assert api.process.wait(15) == 1
    assert f"{tmp_path}/manifest.json: not found" in api.text()


def test_a_process_that_has_settled_gives_way_to_its_event_loop() -> None:
    program = (
        "import gc, sys; from riskspace.api.__main__ import settle; settle();"
        "print(sys.getswitchinterval(), gc.get_freeze_count() > 0)"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "0.0005 True\n"
