"""The images with every right taken away, and with little memory."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from containers.conftest import Run
from containers.engines import Container, docker
from containers.supervised import ask
from real import eventually

pytestmark = pytest.mark.container

RECORD = '{"age_years": 52, "sex": "female", "height_cm": 165, "weight_kg": 78}'
HARDENED = (
    *("--user", "54321:54321", "--read-only", "--tmpfs", "/run/riskspace", "--tmpfs", "/tmp"),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"),
    *("--memory", "1g"),
)


def is_hardened(container: Container) -> bool:
    status = container.run("cat", "/proc/1/status")
    assert container.run("id", "-u") == "54321"
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert container.run("ls", "/sys/class/net") == "lo"
    # The kernel's own file systems aside, and what Docker puts into every container.
    writable = {
        where
        for _, where, kind, options, *_ in map(str.split, container.mounts())
        if "rw" in options.split(",") and kind in {"overlay", "tmpfs", "ext4", "xfs", "btrfs"}
    }
    assert {where for where in writable if not where.startswith(("/dev", "/proc", "/sys"))} == {
        "/run/riskspace",
        "/tmp",
    }
    assert container.run("sh", "-c", "touch /app/x 2>&1 || :", user="0").endswith(
        "Read-only file system"
    )
    return True


@pytest.fixture(scope="module")
def space(run_early: Run, space_image: str) -> Container:
    container = run_early(space_image, *HARDENED, port=None)
    eventually(lambda: "Running on local URL:" in container.output(), 60)
    return container


def test_all_of_it_works_without_any_right(space: Container) -> None:
    assert is_hardened(space)
    assert ask(space, 7860, "GET", "/")[0] == 200
    status, body = ask(space, 7860, "POST", "/api/predict", RECORD)
    assert status == 200
    predicted = json.loads(body)["prediction_id"]

    def logged() -> bool:
        return predicted in ask(space, 8000, "GET", "/logs?limit=50")[1]

    eventually(logged)
    assert json.loads(ask(space, 8000, "GET", "/health")[1])["status"] == "healthy"
    eventually(lambda: space.health() == "healthy", 30)


def test_redis_and_the_api_listen_inside_only(space: Container) -> None:
    """Port, in hexadecimal, and address of each listening socket."""
    listening = {
        line.split()[1]
        for line in space.run("cat", "/proc/net/tcp").splitlines()[1:]
        if line.split()[3] == "0A"
    }
    loopback = {address for address in listening if address.startswith("0100007F:")}
    assert listening - loopback == {"00000000:1EB4"}
    assert {"0100007F:18EB", "0100007F:1F40"} <= loopback


def test_the_api_alone_works_without_any_right(run: Run, api_image: str) -> None:
    container = run(api_image, *HARDENED, port=None)
    eventually(lambda: container.health() == "healthy", 60)
    assert is_hardened(container)
    status, body = ask(container, 8000, "POST", "/predict", RECORD)
    assert (status, json.loads(body)["model"]["name"]) == (200, "prediabetes")
    assert container.stop() == 0


def test_the_api_alone_can_be_published(run: Run, api_image: str) -> None:
    container = run(api_image, port=8000).up("/readyz")
    assert json.loads(container.get("/health")[1])["status"] == "degraded"
    docker("kill", "--signal", "TERM", container.id)
    assert container.status() == 0


@pytest.mark.parametrize("megabytes", [64, 128, 511])
def test_too_little_memory_is_refused_in_words(run: Run, space_image: str, megabytes: int) -> None:
    container = run(space_image, f"--memory={megabytes}m", port=None)
    assert container.status(60) == 1
    assert container.stderr()[-1] == (
        f"❌ Mémoire: {megabytes} Mo accordés au conteneur, il en faut au moins 512"
    )


def test_the_least_memory_bears_the_largest_batches(run: Run, space_image: str) -> None:
    """As many records as are kept by default, four batches at a time."""
    container = run(space_image, "--memory=512m").up()
    batch = json.dumps({"records": [json.loads(RECORD)] * 10_000}).encode()

    def send_one(_: int) -> int:
        return container.post("/api/predict/batch", batch)[0]

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(send_one, range(8))) == {200}
    assert container.output().count("Démarrage de l'API...") == 1
