"""The compose file: three replicas behind one gateway, and what happens when something dies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from containers.composed import (
    Load,
    Project,
    answers,
    ask,
    build_images,
    inspect,
    predict,
    predictions,
    running,
)
from containers.conftest import Measured
from containers.engines import PATIENCE, DockerError, docker
from real import eventually

from riskspace.settings import load, variables

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("engine")]

MEGABYTE = 2**20
# Service, user, memory, processors.
LIMITS = [
    ("redis", "redis", 512, 0.5),
    ("api", "1000", 512, 1.0),
    ("ui", "1000", 768, 1.0),
    ("gateway", "1000:1000", 192, 0.5),
]
# What a `.env` may say, and what holds in the containers whatever it says.
CHOSEN = {
    "ADMIN_TOKEN": "a-token",
    "API_TRIES": "31",
    "CORS_ORIGINS": "https://example.org",
    "ENV": "development",
    "LOGGING_HANDLER": "stdout",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "DEBUG",
    "MODEL_PATH": "models/other",
    "RECORD_INPUTS": "false",
    "REDIS_DB": "3",
    "REDIS_LOGS_MAX_SIZE": "5000",
    "REDIS_RECORDS_MAX_SIZE": "60000",
    "TRY_SECONDS": "2",
    "WEB_CONCURRENCY": "2",
    "MAX_IN_FLIGHT": "600",
}
FIXED = {
    "API_HOST": "0.0.0.0",
    "API_PORT": "8000",
    "API_URL": "http://gateway:8000",
    "GRADIO_SERVER_NAME": "0.0.0.0",
    "GRADIO_SERVER_PORT": "7860",
    "REDIS_HOST": "redis",
    "REDIS_PORT": "6379",
    "RUN_DIR": "/run/riskspace",
}
CRASH = "import os; os.kill(-1, 9)"  # every process but the first, which ends with them


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Three replicas; every test leaves it as it found it."""
    build_images()
    project = Project(tmp_path_factory.mktemp("compose"), LOG_FORMAT="json")
    try:
        project.up("--scale", "api=3")
        yield project
    finally:
        project.down("--volumes")


@pytest.fixture
def created(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Containers made from a `.env`, and not started."""
    build_images()
    made: list[Project] = []

    def create(**variables: str) -> Project:
        made.append(Project(tmp_path, **variables))
        made[-1].compose("up", "--no-start", "--no-build")
        return made[-1]

    yield create
    for project in made:
        project.down("--volumes")


def test_a_dotenv_file_says_all_that_makes_sense_and_nothing_else(
    created: Callable[..., Project],
) -> None:
    others = {name: "elsewhere" for name in FIXED if not name.endswith("_PORT")}
    project = created(**CHOSEN, **others, API_PORT="1234", GRADIO_SERVER_PORT="1235")
    seen = environment(project, "ui") | environment(project, "api")
    assert {name: seen.get(name) for name in CHOSEN | FIXED} == CHOSEN | FIXED
    assert set(variables()) - set(CHOSEN) - set(FIXED) == {"REDIS_TRIES"}, "start.sh alone"
    assert bindings(project) == {"8000/tcp": "127.0.0.1:1234", "7860/tcp": "127.0.0.1:1235"}


def test_without_one_the_defaults_are_those_of_the_settings(
    created: Callable[..., Project],
) -> None:
    project = created()
    seen = environment(project, "ui") | environment(project, "api")
    ours = {name: seen[name] for name in CHOSEN}
    assert load(ours) == load({"ENV": "production", "LOGGING_HANDLER": "redis"})


def test_the_address_that_the_ports_are_bound_to_can_be_chosen(
    created: Callable[..., Project],
) -> None:
    project = created(BIND_ADDRESS="0.0.0.0", API_PORT="1234", GRADIO_SERVER_PORT="1235")
    assert bindings(project) == {"8000/tcp": "0.0.0.0:1234", "7860/tcp": "0.0.0.0:1235"}


def environment(project: Project, service: str) -> dict[str, str]:
    given = inspect(project.id(service))["Config"]["Env"]
    return dict(variable.split("=", 1) for variable in given)


def bindings(project: Project) -> dict[str, str]:
    """What is published, by the port inside."""
    return {
        inside: f"{outside['HostIp']}:{outside['HostPort']}"
        for id_ in project.ids()
        for inside, published in inspect(id_)["HostConfig"]["PortBindings"].items()
        for outside in published
    }


def test_the_gateway_spreads_requests_over_every_replica(project: Project) -> None:
    replicas = project.ids("api")
    assert len(replicas) == 3

    def all_served() -> bool:
        assert predict(project.url).status == 200
        return all(predictions(id_) for id_ in replicas)

    eventually(all_served, PATIENCE)


def test_the_log_holds_the_entries_of_every_replica(project: Project) -> None:
    mine = {uuid.uuid4().hex for _ in range(30)}
    for id_ in mine:
        assert predict(project.url, id_).headers["x-request-id"] == id_
    assert all(predictions(id_) & mine for id_ in project.ids("api")), "one replica served none"
    eventually(lambda: mine <= logged(project))


def test_the_page_estimates_through_the_gateway(project: Project) -> None:
    assert answers(project.page)
    id_ = uuid.uuid4().hex
    assert predict(f"{project.page}/api", id_).status == 200
    assert "POST /predict 200 " in docker("logs", project.id("gateway"))
    assert id_ in docker("logs", project.id("gateway"))


@pytest.mark.parametrize(("service", "user", "memory", "processors"), LIMITS)
def test_a_container_is_confined(
    project: Project, service: str, user: str, memory: int, processors: float
) -> None:
    for id_ in project.ids(service):
        found = inspect(id_)
        assert found["Config"]["User"] == user
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["Memory"] == memory * MEGABYTE
        assert host["NanoCpus"] == processors * 1e9
        assert host["PidsLimit"] == 256
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
        assert host["RestartPolicy"]["Name"] in {"always", "unless-stopped"}
        seen = dict(
            line.split(":\t", 1)
            for line in docker("exec", id_, "cat", "/proc/1/status").splitlines()
            if ":\t" in line
        )
        assert "0" not in seen["Uid"].split()
        assert int(seen["CapEff"], 16) == 0
        assert int(seen["CapBnd"], 16) == 0
        assert seen["NoNewPrivs"] == "1"


def test_only_the_gateway_and_the_page_are_published_and_on_loopback(project: Project) -> None:
    assert bindings(project) == {
        "8000/tcp": project.url.removeprefix("http://"),
        "7860/tcp": project.page.removeprefix("http://"),
    }


@pytest.mark.parametrize("service", ["redis", "api"])
def test_nothing_leads_out_of_the_inner_network(project: Project, service: str) -> None:
    backend = f"{project.name}_backend"
    assert inspect(backend)["Internal"]
    for id_ in project.ids(service):
        assert list(inspect(id_)["NetworkSettings"]["Networks"]) == [backend]


def test_no_request_fails_when_a_replica_crashes_and_it_comes_back(
    project: Project, measured: Measured
) -> None:
    first, *_ = project.ids("api")
    before = predictions(first)
    with Load(project.url) as load:
        load.goes_on()
        with suppress(DockerError):  # it may go with its container before its status is known
            docker("exec", first, "python", "-c", CRASH)
        eventually(lambda: inspect(first)["RestartCount"] == 1, PATIENCE)
        load.goes_on()
        eventually(lambda: len(predictions(first) - before) > 40, PATIENCE)
    measured(f"compose, a replica crashed and came back: {load}")
    assert not load.failures()


def test_no_request_fails_when_a_replica_is_killed(project: Project, measured: Measured) -> None:
    """`docker kill` leaves it down: two go on."""
    _, second, _ = project.ids("api")
    with Load(project.url) as load:
        load.goes_on()
        docker("kill", second)
        load.goes_on(100)
        assert not running(second)
        docker("start", second)
        load.goes_on()
    measured(f"compose, a replica killed and started again: {load}")
    assert not load.failures()


def test_no_request_fails_when_a_replica_hangs(project: Project, measured: Measured) -> None:
    *_, third = project.ids("api")
    before = rescued(project)
    with Load(project.url) as load:
        load.goes_on()
        docker("pause", third)
        try:
            eventually(lambda: rescued(project) > before, PATIENCE)
        finally:
            docker("unpause", third)
        load.goes_on()
    measured(f"compose, a replica frozen: {load}")
    assert not load.failures()


def test_predictions_go_on_without_redis_and_are_logged_when_it_is_back(project: Project) -> None:
    before, during = uuid.uuid4().hex, uuid.uuid4().hex
    assert predict(project.url, before).status == 200
    eventually(lambda: before in logged(project))
    docker("kill", project.id("redis"))
    assert predict(project.url, during).status == 200
    eventually(lambda: health(project) == (200, "degraded"), PATIENCE)
    docker("start", project.id("redis"))
    eventually(lambda: health(project) == (200, "healthy"), PATIENCE)
    eventually(lambda: {before, during} <= logged(project), PATIENCE)


def test_without_a_replica_the_gateway_and_the_page_say_so(project: Project) -> None:
    replicas = project.ids("api")
    docker("kill", *replicas)
    try:
        for url in (project.url, project.page + "/api"):
            answer = predict(url, "without-a-replica")
            assert answer.status in {502, 504}
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json["request_id"] == "without-a-replica"
        assert answers(project.page)
    finally:
        docker("start", *replicas)
    eventually(lambda: answers(f"{project.url}/readyz"), PATIENCE)


def test_the_log_is_still_there_after_down_and_up(project: Project) -> None:
    id_ = uuid.uuid4().hex
    assert predict(project.url, id_).status == 200
    eventually(lambda: id_ in logged(project))
    project.down()
    project.up("gateway")
    eventually(lambda: id_ in logged(project))


def logged(project: Project) -> set[str]:
    answer = ask(f"{project.url}/logs?limit=1000")
    return {entry["request_id"] for entry in answer.json["logs"]} if answer.status == 200 else set()


def rescued(project: Project) -> int:
    """Requests that a replica didn't answer in time, and the next one did."""
    return docker("logs", project.id("gateway")).count("answers=[504, 200]")


def health(project: Project) -> tuple[int, str]:
    answer = ask(f"{project.url}/health")
    return answer.status, answer.json["status"]
