"""The process: how it starts, how it refuses to, how it ends, and with which status."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest
import tiny
from api.apis import entries, on_redis
from api.processes import Process, environ, start
from real import Program, RedisServer, eventually

Run = Callable[[str, dict[str, str]], Program]
Start = Callable[..., Process]


@pytest.fixture
def started(pumps: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts processes over the tiny package that end with the test."""
    processes: list[Process] = []

    def run(**variables: str) -> Process:
        processes.append(start(pumps, tmp_path, **variables))
        return processes[-1]

    yield run
    for process in processes:
        if process.program.process.poll() is None:
            process.program.process.kill()
            process.program.process.wait()


def ends(program: Program) -> int:
    return program.process.wait(timeout=30)


def test_a_process_ends_with_1_when_its_package_is_tampered_with(
    program: Run, pumps: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "package"
    shutil.copytree(pumps, folder)
    with (folder / "estimator.joblib").open("ab") as file:
        file.write(b"\0")
    process = program("riskspace.api", environ(folder))
    assert ends(process) == 1
    reason = f"{folder}/estimator.joblib: its SHA-256 is not the one in the manifest"
    assert process.text().splitlines()[-1] == reason
    assert "Traceback" not in process.text()


def test_a_process_ends_with_1_when_there_is_no_package(program: Run, tmp_path: Path) -> None:
    process = program("riskspace.api", environ(tmp_path / "nowhere"))
    assert ends(process) == 1
    assert process.text() == (
        f"{tmp_path}/nowhere/manifest.json: not found; MODEL_PATH must name a model package\n"
    )


def test_a_process_ends_with_1_when_its_port_is_taken(program: Run, pumps: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        process = program("riskspace.api", environ(pumps, API_PORT=port))
        assert ends(process) == 1
    assert process.text() == (
        f"API_HOST, API_PORT: can't listen on 127.0.0.1:{port}: Address already in use\n"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [("API_PORT", "many"), ("LOGGING_HANDLER", "file"), ("RECORD_INPUTS", "perhaps")],
)
def test_a_process_ends_with_2_when_its_environment_makes_no_sense(
    program: Run, pumps: Path, variable: str, value: str
) -> None:
    process = program("riskspace.api", environ(pumps) | {variable: value})
    assert ends(process) == 2
    assert process.text().startswith(f"{variable}: got '{value}', accepts ")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_process_ends_quietly_when_it_is_told_to(started: Start, how: signal.Signals) -> None:
    process = started()
    process.program.process.send_signal(how)
    assert ends(process.program) in {0, -how}
    messages = [line.partition(" - INFO - ")[2] for line in process.program.text().splitlines()]
    assert messages == [
        "Démarrage de l'API...",
        "Modèle chargé avec succès",
        "Arrêt de l'API...",
    ]


class Traffic(threading.Thread):
    """Predictions, one after the other, until the server is gone; `answered` are their ids."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process
        self.answered: list[str] = []
        self.statuses: set[int] = set()
        self.going = True

    def run(self) -> None:
        while self.going:
            with suppress(OSError, HTTPException):
                status, _, content = self._process.ask("POST", "/predict", tiny.RECORD)
                self.statuses.add(status)
                if status == 200:
                    self.answered.append(content["prediction_id"])
                continue
            if self._process.program.process.poll() is not None:
                return


def kept(server: RedisServer) -> Counter[str]:
    return Counter(record["id"] for record in entries(server, "records"))


def test_every_answer_is_recorded_once_when_the_process_is_told_to_end(
    redis_server: RedisServer, started: Start
) -> None:
    process = started(**on_redis(redis_server))
    traffic = [Traffic(process) for _ in range(4)]
    for one in traffic:
        one.start()
    eventually(lambda: sum(len(one.answered) for one in traffic) > 50)
    assert process.program.stop() in {0, -signal.SIGTERM}
    for one in traffic:
        one.join()
    answered = {identity for one in traffic for identity in one.answered}
    records = kept(redis_server)
    assert answered <= set(records)
    assert set(records.values()) == {1}
    logged = [entry["message"] for entry in entries(redis_server, "logs")]
    assert logged[-1] == "Arrêt de l'API..."


def test_predictions_go_on_and_are_recorded_once_when_redis_dies_and_comes_back(
    redis_server: RedisServer, started: Start
) -> None:
    process = started(**on_redis(redis_server))
    traffic = Traffic(process)
    traffic.start()
    eventually(lambda: len(kept(redis_server)) > 5)
    before = set(kept(redis_server))
    redis_server.stop()
    while_away = len(traffic.answered)
    status, _, health = process.ask("GET", "/health")
    assert (status, health["status"], health["redis_connected"]) == (200, "degraded", False)
    eventually(lambda: len(traffic.answered) > while_away + 20)
    redis_server.start()
    eventually(lambda: process.ask("GET", "/health")[2]["status"] == "healthy")
    traffic.going = False
    traffic.join()
    assert traffic.statuses == {200}
    expected = set(traffic.answered[while_away:])
    eventually(lambda: expected <= set(kept(redis_server)))
    records = kept(redis_server)
    assert set(records.values()) == {1}
    assert not before & set(records)  # this Redis keeps no file: what it had is gone with it


@pytest.mark.parametrize("how", ["stopped", "stuck"])
def test_a_process_ends_in_time_and_says_what_is_lost_when_redis_is(
    redis_server: RedisServer, started: Start, how: str
) -> None:
    process = started(**on_redis(redis_server, LOG_FORMAT="json"))
    if how == "stopped":
        redis_server.stop()
    else:
        os.kill(redis_server.pid, signal.SIGSTOP)
    assert process.ask("POST", "/predict", tiny.RECORD)[0] == 200
    started_at = time.monotonic()
    process.program.stop()
    assert time.monotonic() - started_at < 5
    last = json.loads(process.program.text().splitlines()[-1])
    assert last["level"] == "WARNING"
    assert last["message"].startswith("Arrêt sans Redis (")
    assert last["message"].startswith("Arrêt sans Redis (entrées non écrites: ")
