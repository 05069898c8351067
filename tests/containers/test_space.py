"""The all-in-one image, run as people run it: started, stopped, and broken from inside."""

from __future__ import annotations

import json
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from containers.conftest import Measured, Run
from containers.engines import Container
from containers.supervised import process, redis, send
from real import eventually

pytestmark = pytest.mark.container

RECORD = b'{"age_years": 52, "sex": "female", "height_cm": 165, "weight_kg": 78}'
CONTRACT = [
    "📦 Démarrage de Redis en arrière-plan...",
    "⏳ Attente que Redis soit prêt...",
    "Tentative 1/10...",
    "✅ Redis prêt!",
    "🚀 Démarrage de l'API FastAPI en arrière-plan...",
    "⏳ Attente que l'API soit prête...",
    "Tentative 1/30...",
    "✅ API prête!",
    "🎨 Démarrage de l'UI Gradio sur le port 7860...",
    "Running on local URL:  http://0.0.0.0:7860",
]
FIRST_ANSWER = 6.0  # seconds from `docker run`
# What a slow machine is told by: a page of Gradio alone, in the same image. With Redis, the API and
# their supervision, the Space takes this many times as long at most.
BARE = """
import gradio
gradio.Interface(str.upper, "text", "text").launch(server_name="0.0.0.0", server_port=7860)
"""
FIRST_ANSWER_TO_BARE = 1.6
# Seconds from `kill -9` until all of it answers again.
BACK = {"redis": 3.0, "api": 3.0, "ui": 6.0}


@pytest.fixture(scope="module")
def space(run_early: Run, space_image: str) -> Container:
    """One that the tests below may disturb, and leave working."""
    return run_early(space_image, "--memory=1g").up()


# --- The start ------------------------------------------------------------------------------


def stages(container: Container) -> list[tuple[float, str]]:
    """Each line of standard output with its seconds since the call of `docker run`."""
    found = []
    for line in container.stdout("--timestamps"):
        moment, _, text = line.partition(" ")
        time_of_day = datetime.fromisoformat(re.sub(r"\.(\d{6})\d*Z", r".\1+00:00", moment))
        found.append((time_of_day.timestamp() - container.started, text))
    return found


def test_the_start_prints_the_contract_and_the_page_answers_in_time(
    run: Run, space_image: str, measured: Measured
) -> None:
    """The best of three: another program on the machine must not decide."""
    assert any(starts_in_time(run, space_image, measured) for _ in range(3))


def starts_in_time(run: Run, image: str, measured: Measured) -> bool:
    space = run(image, "--cpus=2")
    took = first_answer(space)
    eventually(lambda: "Running on local URL:" in space.output())
    printed = stages(space)
    for seconds, text in [*printed, (took, "first 200 on 7860")]:
        measured(f"{seconds:6.2f} s  {text}")
    own = [text for _, text in printed if not re.match(r"\d{4}-\d\d-\d\d ", text)]
    # A slow machine needs a second try, which has a line of its own.
    assert [text for text in own if not re.match(r"Tentative [2-9]/", text)] == CONTRACT
    if took <= FIRST_ANSWER:
        return True
    space.stop()
    bare = first_answer(run(image, "--cpus=2", command=("python", "-c", BARE)))
    measured(f"{bare:6.2f} s  first 200 of a page of Gradio alone, this machine being slow")
    return took <= FIRST_ANSWER_TO_BARE * bare


def first_answer(container: Container) -> float:
    """Seconds since the call of `docker run`."""
    eventually(container.answers, 60, every=0.05)
    return time.time() - container.started


def test_another_model_package_gives_another_space(run: Run, space_image: str, pumps: Path) -> None:
    mount = f"--volume={pumps}:/app/models/pumps:ro"
    container = run(space_image, mount, environ={"MODEL_PATH": "models/pumps"}).up()
    assert json.loads(container.get("/api/model")[1])["name"] == "pumps"


# --- The end --------------------------------------------------------------------------------


def test_docker_stop_is_quick_and_answers_what_is_in_flight(
    run: Run, space_image: str, measured: Measured
) -> None:
    container = run(space_image).up()
    record = json.loads(RECORD)
    batch = json.dumps({"records": [record] * 10_000}).encode()
    assert container.post("/api/predict/batch", batch)[0] == 200
    with ThreadPoolExecutor(8) as threads:
        slow = [threads.submit(container.post, "/api/predict/batch", batch) for _ in range(1)]
        quick = [threads.submit(container.post, "/api/predict", RECORD) for _ in range(6)]
        time.sleep(0.1)  # until they are on their way
        asked = time.monotonic()
        status = container.stop()
        took = time.monotonic() - asked
        answers = [future.result() for future in [*slow, *quick]]
    assert [status for status, _ in answers] == [200] * len(answers)
    assert len(json.loads(answers[0][1])["results"]) == 10_000
    assert status == 0
    measured(f"docker stop: {took:.2f} s")
    assert took < 5
    assert not [line for line in container.stderr() if "❌" in line]


@pytest.mark.parametrize("line", ["Attente que Redis", "Attente que l'API", "Démarrage de l'UI"])
def test_docker_stop_during_the_start_is_clean(run: Run, space_image: str, line: str) -> None:
    container = run(space_image)
    eventually(lambda: line in container.output(), 30)
    assert container.stop() == 0


# --- Once up --------------------------------------------------------------------------------


@pytest.mark.parametrize("program", BACK)
def test_a_killed_program_is_back_and_nothing_acknowledged_is_lost(
    space: Container, program: str, measured: Measured
) -> None:
    assert space.post("/api/predict", RECORD)[0] == 200
    eventually(lambda: redis(space, "XLEN", "riskspace:records") > 0)
    eventually(lambda: process(space, program)["statename"] == "RUNNING")
    kept = {
        key: redis(space, "XRANGE", key, "-", "+")
        for key in ("riskspace:logs", "riskspace:records")
    }
    killed = send(space, program, signal.SIGKILL)
    at = time.monotonic()

    def back() -> bool:
        status, body = space.get("/api/health", timeout=2)
        return (
            status == 200
            and json.loads(body)["status"] == "healthy"
            and space.answers()
            and process(space, program)["pid"] not in (0, killed)
        )

    eventually(back, 30, every=0.02)
    took = time.monotonic() - at
    measured(f"{program}: back {took:.2f} s after kill -9")
    assert took <= BACK[program]
    assert space.post("/api/predict", RECORD)[0] == 200
    for key, before in kept.items():
        assert redis(space, "XRANGE", key, "-", "+")[: len(before)] == before


def test_the_health_check_sees_an_api_that_hangs(run: Run, space_image: str) -> None:
    often = ("--health-interval=500ms", "--health-timeout=2s", "--health-retries=1")
    container = run(space_image, *often, "--health-start-period=0s").up()
    eventually(lambda: container.health() == "healthy", 20)
    send(container, "api", signal.SIGSTOP)
    eventually(lambda: container.health() == "unhealthy", 30)
    send(container, "api", signal.SIGCONT)
    eventually(lambda: container.health() == "healthy", 20)


def test_a_program_that_cannot_start_any_more_takes_the_container_down(
    run_early: Run, space_image: str, measured: Measured
) -> None:
    """All three at once, each in a container of its own: supervisord tries for a while."""
    breaks = {
        "redis": ("rm", "/usr/bin/redis-server"),
        "api": ("mv", "/app/models", "/app/gone"),
        "ui": ("mv", "/app/src/riskspace/ui", "/app/gone"),
    }
    titles = {"redis": "Redis", "api": "API", "ui": "UI"}
    containers = {program: run_early(space_image) for program in breaks}
    for container in containers.values():
        container.up()
    for program, container in containers.items():
        container.run(*breaks[program], user="0")
        send(container, program, signal.SIGKILL)
    for program, container in containers.items():
        assert container.status(60) == 1
        last = container.stderr()[-1]
        measured(f"{program} broken: {last}")
        assert last.startswith(f"❌ {titles[program]}: ")


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({"MODEL_PATH": "/nowhere"}, "❌ API: "),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL: got 'loud', accepts DEBUG"),
        ({"RUN_DIR": "/app"}, "❌ RUN_DIR: impossible d'écrire dans /app"),
    ],
)
def test_a_start_that_fails_says_why_in_its_last_line(
    run: Run, space_image: str, environ: dict[str, str], reason: str
) -> None:
    container = run(space_image, environ=environ)
    assert container.status() != 0
    assert container.stderr()[-1].startswith(reason)


# --- Requests beside a restart --------------------------------------------------------------


def test_predictions_go_on_while_only_redis_is_away(space: Container) -> None:
    failures: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            status, _ = space.post("/api/predict", RECORD)
            if status != 200:
                failures.append(status)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    send(space, "redis", signal.SIGKILL)
    eventually(lambda: b'"redis_connected":true' in space.get("/api/health")[1], 10)
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
