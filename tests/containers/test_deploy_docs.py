"""The pages on deploying, done: what they tell a reader to type is typed, on real containers."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from containers.composed import TAG, answers, ask, compose_command, has_ipvs, inspect, predict
from containers.engines import PATIENCE, DockerError, docker
from real import ROOT, eventually, free_port

from riskspace.logs import JsonFormatter

# What nothing here types, and why.
NEEDS_A_CLUSTER = "needs a cluster"
NOT_TYPED = {
    "git pull": "there is nowhere to pull from",
    "docker compose build --no-cache": "takes everything from the network again",
    "docker system prune": "removes what isn't ours",
    "sudo sysctl vm.overcommit_memory=1": "changes the host",
    "kubectl apply -f deploy/kubernetes/namespace.yaml": NEEDS_A_CLUSTER,
    "kubectl -n riskspace create secret generic admin"
    ' --from-literal=ADMIN_TOKEN="$ADMIN_TOKEN"': NEEDS_A_CLUSTER,
    "kubectl apply -k deploy/kubernetes": NEEDS_A_CLUSTER,
    "kubectl -n riskspace port-forward service/ui 7860": NEEDS_A_CLUSTER,
    "kubectl -n riskspace rollout undo deployment/api": NEEDS_A_CLUSTER,
    "gh workflow run cicd.yml --ref main -f environment=production": "deploys",
}
# The sections that a test below types: on one stack, in this order, or each by itself.
COMPOSED = [
    *("Compose", "Health", "Logs", "What is kept", "Memory", "Scale", "Update"),
    *("When something is wrong", "Stop"),
]
ALONE = [
    *("All in one", "The API alone", "Another model", "Swarm", "Kubernetes"),
    "A Hugging Face Space",
]
HUB = "https://huggingface.co/spaces/OWNER/NAME"
NEXT_TAG = f"{TAG}-next"
TOKEN = "a-token"


# --- The pages ------------------------------------------------------------------------------


@dataclass
class Section:
    title: str
    level: int
    text: str = ""
    blocks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def commands(self) -> list[str]:
        """One a line, without comments."""
        shell = "".join(text for language, text in self.blocks if language == "bash")
        lines = shell.replace("\\\n", " ").splitlines()
        return [re.sub(r"\s+", " ", re.sub(r"\s+# .*", "", line)) for line in lines]

    @property
    def code(self) -> list[str]:
        """What the text has between backticks."""
        return sorted(re.findall(r"`([^`]+)`", self.text))

    def block(self, language: str) -> str:
        (found,) = (text for written, text in self.blocks if written == language)
        return found


def read(path: Path) -> list[Section]:
    sections: list[Section] = []
    language: str | None = None
    block = ""
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("```"):
            if language is None:
                language, block = line[3:].strip(), ""
            else:
                sections[-1].blocks.append((language, block))
                language = None
        elif language is not None:
            block += line
        elif heading := re.match(r"(#+) (.*)", line):
            sections.append(Section(heading[2], len(heading[1])))
        elif sections:
            sections[-1].text += line
    return sections


ENGLISH, FRENCH = read(ROOT / "docs/deploy.md"), read(ROOT / "docs/deploy.fr.md")


def section(title: str) -> Section:
    (found,) = (one for one in ENGLISH if one.title == title)
    return found


def test_both_languages_say_the_same() -> None:
    """The same sections with the same commands, outputs and words of code."""
    assert [one.level for one in FRENCH] == [one.level for one in ENGLISH]
    for french, english in zip(FRENCH, ENGLISH, strict=True):
        assert french.commands == english.commands, french.title
        shown = [block for block in french.blocks if block[0] != "bash"]
        assert shown == [block for block in english.blocks if block[0] != "bash"], french.title
        assert french.code == english.code, french.title


def test_every_command_is_typed_or_it_says_why_not() -> None:
    with_commands = {one.title for one in ENGLISH if one.commands}
    assert with_commands == {*COMPOSED, *ALONE}
    assert set(NOT_TYPED) <= {command for one in ENGLISH for command in one.commands}
    languages = {language for one in ENGLISH for language, _ in one.blocks}
    assert languages == {"bash", "text", "json"}, "each is typed, or compared with what is seen"


@pytest.mark.parametrize("name", ["deploy.md", "deploy.fr.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / "docs" / name
    for file, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", page.read_text("utf-8")):
        target = (page.parent / file) if file else page
        assert target.exists(), f"{name}: {file}"
        assert not anchor or anchor in anchors(target), f"{name}: {file}#{anchor}"


def anchors(page: Path) -> set[str]:
    """As GitHub and the hub make them of the headings."""
    titles = (one.title.lower() for one in read(page))
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}


def test_the_page_says_of_compose_what_its_file_says() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    said = section("Settings").text
    fixed: set[str] = set()
    named: set[str] = set()
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            (named if "${" in value else fixed).add(name)
    (listed,) = re.findall(r"the images; (.*) are\s+fixed", said, re.DOTALL)
    published = {"API_PORT", "GRADIO_SERVER_PORT"}
    assert set(re.findall(r"`(\w+)`", listed)) == (fixed | {"RUN_DIR"}) - published
    assert published | {"BIND_ADDRESS", "TAG"} <= set(re.findall(r"`(\w+)`", said))
    memory = {
        name: int(service["deploy"]["resources"]["limits"]["memory"].removesuffix("M"))
        for name, service in services.items()
    }
    assert 1900 < sum(memory.values()) <= 2048
    assert memory["api"] == 512
    for service in services.values():
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


def test_the_page_names_what_a_line_of_the_log_holds_as_json() -> None:
    record = logging.makeLogRecord({"name": "api", "msg": "Démarrage"})
    assert set(json.loads(JsonFormatter().format(record))) <= set(section("Logs").code)


# --- Who types ------------------------------------------------------------------------------


class Reader:
    """Types commands in a clone, with the page's ports, names and tags replaced by its own."""

    def __init__(self, clone: Path) -> None:
        self.clone = clone
        self.name = f"riskspace-{uuid.uuid4().hex[:8]}"
        self.ports = {"7860": str(free_port()), "8000": str(free_port())}
        self.page, self.api = (f"http://127.0.0.1:{port}" for port in self.ports.values())
        self.hub = clone.parent / "hub.git"
        self.space = clone.parent / "space"
        kept = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "SSL_CERT_FILE")
        self._environ = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            **{"DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1", "PYTHONUNBUFFERED": "1"},
            **{"COMPOSE_PROJECT_NAME": self.name, "TAG": TAG, "ADMIN_TOKEN": TOKEN},
            **{"API_PORT": self.ports["8000"], "GRADIO_SERVER_PORT": self.ports["7860"]},
            **{"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"},
            **{"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"},
        }

    def types(self, title: str) -> Iterator[tuple[str, str]]:
        """Each command of a section once it has ended well, and what it printed."""
        for command in section(title).commands:
            if command not in NOT_TYPED:
                yield command, self.type(command)

    def type(self, command: str) -> str:
        here = self._here(command)
        if re.match(r"docker run --rm|make docker-logs", command):
            return self._type_and_interrupt(here, self._is_up(command))
        # Asks what may not be up yet.
        if re.match(r"curl|\.venv/bin/python scripts/smoke", command):
            eventually(lambda: self._run(here).returncode == 0, PATIENCE, every=0.5)
        ran = self._run(here)
        if ran.returncode != 0:
            raise DockerError(f"{here}:\n{ran.stdout}\n{ran.stderr}")
        return ran.stdout

    def listening(self) -> str:
        """The addresses that the API's port is listened on."""
        found = self._run(f"ss -Hltn 'sport = :{self.ports['8000']}'").stdout
        assert "LISTEN" in found
        return found

    def remove(self) -> None:
        """All that it may have left."""
        label = f"label={self.name}"
        for id_ in docker("ps", "--all", "--quiet", "--filter", label).split():
            docker("rm", "--force", "--volumes", id_)
        mine = ("--filter", f"name={self.name}")
        for id_ in docker("volume", "ls", "--quiet", *mine).split():
            docker("volume", "rm", id_)

    def _here(self, command: str) -> str:
        # The ingress answers only where the kernel has IPVS.
        swarm = "" if has_ipvs() else " -c deploy/swarm.yml"
        replaced: dict[str, str | Callable[[re.Match[str]], str]] = {
            r"docker compose\b": " ".join(compose_command() or ("docker", "compose")),
            r"(?<=-p )(127\.0\.0\.1:)?(7860|8000)(?=:)": lambda m: f"127.0.0.1:{self.ports[m[2]]}",
            r"(?<=localhost:)(7860|8000)": lambda m: self.ports[m[1]],
            r"(?<=sport = :)8000": self.ports["8000"],
            r"^docker run\b": f"docker run --label {self.name}",
            r"(?<= )riskspace(?= |$)": self.name,
            r"(?<= )riskspace-data(?=:)": self.name,
            r"\bml-api(?=_|$)": self.name,
            r"stack deploy -c docker-compose.yml": rf"\g<0>{swarm} --resolve-image never",
            r"swarm init": r"\g<0> --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1",
            r"^TAG=1\.1\.0\b": f"TAG={NEXT_TAG}",
            r"(?<=riskspace-)(api|ui):1\.0\.0": rf"\g<1>:{TAG}",
            re.escape(HUB): str(self.hub),
            r"/tmp/space": str(self.space),
            # docker-compose wants to be told that this is no terminal.
            r"(?<=compose exec) ": " -T ",
            r"^curl\b": "curl -fsS",
            # Would repeat the two commands that follow it.
            r"^make docker-hf$": "make --no-print-directory --dry-run docker-hf",
        }
        for pattern, replacement in replaced.items():
            command = re.sub(pattern, replacement, command)
        return command

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            env=self._environ,
            cwd=self.clone,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=600,
        )

    def _is_up(self, command: str) -> Callable[[str], bool]:
        """Whether a command that doesn't end by itself has done what it is typed for."""
        if command.startswith("make"):
            _, _, service = command.partition("docker-logs-")
            seen = {"api": ["Prédiction"], "redis": ["Ready to accept"]}
            expected = seen.get(service) or ["Prédiction", "Ready to accept", "- gateway -"]
            return lambda output: all(text in output for text in expected)
        if ":8000 " in command:
            return lambda output: "Modèle chargé" in output and answers(f"{self.api}/readyz")
        return lambda output: "Running on local URL:" in output and answers(self.page)

    def _type_and_interrupt(self, command: str, is_up: Callable[[str], bool]) -> str:
        output = self.clone.parent / "output"
        with output.open("wb") as file:
            process = subprocess.Popen(
                # A gate in the background has Ctrl-C ignored, and so had all that it starts.
                ["env", "--default-signal=INT", "bash", "-c", command],
                env=self._environ,
                cwd=self.clone,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            eventually(lambda: is_up(output.read_text("utf-8")), PATIENCE, every=0.2)
        except AssertionError:
            raise AssertionError(f"{command}:\n{output.read_text('utf-8')}") from None
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
            process.wait(PATIENCE)
        return output.read_text("utf-8")


def reader_in(folder: Path) -> Reader:
    left = ("tests", ".git", ".venv", ".run", ".env", "*_cache", ".hypothesis", "__pycache__")
    clone = folder / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*left))
    (clone / ".venv/bin").mkdir(parents=True)
    python = clone / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return Reader(clone)


@pytest.fixture
def reader(engine: None, tmp_path: Path) -> Iterator[Reader]:
    reader = reader_in(tmp_path)
    yield reader
    reader.remove()


# --- Each set-up by itself ------------------------------------------------------------------


@pytest.mark.container
def test_all_in_one(reader: Reader) -> None:
    """And its volume keeps the log when another container takes its place."""
    starts = next(c for c in section("All in one").commands if c.startswith("docker run -d"))
    for command, output in reader.types("All in one"):
        if command == "make docker-hf":
            assert output.splitlines() == section("All in one").commands[1:3]
        if command == starts:
            eventually(lambda: answers(reader.page), PATIENCE, every=0.2)
            eventually(lambda: healthy(reader.name), PATIENCE, every=0.2)
            predicted = predict(f"{reader.page}/api").json["prediction_id"]
        if command == "docker logs riskspace":
            assert "✅ Redis prêt!" in output
    again = starts.replace(" ml-app-hf", f" -e ADMIN_TOKEN={TOKEN} ml-app-hf")
    reader.type(again)
    eventually(lambda: answers(reader.page), PATIENCE, every=0.2)
    assert predicted in logged(f"{reader.page}/api")


def healthy(container: str) -> bool:
    return bool(inspect(container)["State"]["Health"]["Status"] == "healthy")


def logged(url: str) -> set[str]:
    """The predictions whose lines are kept."""
    answer = ask(f"{url}/logs?limit=1000", Authorization=f"Bearer {TOKEN}")
    return (
        {entry["prediction_id"] for entry in answer.json["logs"]} if answer.status == 200 else set()
    )


@pytest.mark.container
def test_the_api_alone(reader: Reader) -> None:
    assert list(reader.types("The API alone"))


@pytest.mark.container
def test_another_model(reader: Reader, space_image: str, pumps: Path) -> None:
    docker("tag", space_image, "ml-app-hf")
    shutil.copytree(pumps, reader.clone / "models/coffee")
    assert list(reader.types("Another model"))


@pytest.mark.container
@pytest.mark.parametrize(
    ("message", "image", "options"),
    [
        ("❌ Mémoire: ", "space_image", ["--memory=256m"]),
        ("❌ RUN_DIR: ", "space_image", ["--volume=FOLDER:/run/riskspace"]),
        ("❌ RUN_DIR: ", "space_image", ["--read-only"]),
        ("LOG_LEVEL: ", "space_image", ["--env=LOG_LEVEL=loud"]),
        ("models/coffee/", "api_image", ["--env=MODEL_PATH=models/coffee"]),
    ],
)
def test_a_container_that_ends_at_once_says_what_the_page_says(
    request: pytest.FixtureRequest, tmp_path: Path, message: str, image: str, options: list[str]
) -> None:
    tmp_path.chmod(0o555)
    built = str(request.getfixturevalue(image))
    given = [option.replace("FOLDER", str(tmp_path)) for option in options]
    ran = subprocess.run(
        ["docker", "run", "--rm", *given, built], capture_output=True, encoding="utf-8", timeout=60
    )
    assert ran.returncode != 0
    (said,) = (one for one in section("When something is wrong").code if one.startswith(message))
    assert ran.stderr.splitlines()[-1] == said


@pytest.mark.container
def test_kubernetes_images(reader: Reader) -> None:
    typed = [command for command, _ in reader.types("Kubernetes")]
    kustomization = (reader.clone / "deploy/kubernetes/kustomization.yaml").read_text("utf-8")
    images = yaml.safe_load(kustomization)["images"]
    built = re.findall(r"-t (\S+)", "\n".join(typed))
    assert built == [f"{image['newName']}:{image['newTag']}" for image in images]


def test_a_space_is_pushed(tmp_path: Path) -> None:
    """To a stand-in for the hub, which would take binary files only through LFS."""
    reader = reader_in(tmp_path)
    hub = str(reader.hub)
    subprocess.run(["git", "init", "--quiet", "--bare", hub], check=True)
    assert len(list(reader.types("A Hugging Face Space"))) == 5
    shown = ["git", "-C", hub, "show", "HEAD:Dockerfile"]
    pushed = subprocess.run(shown, check=True, capture_output=True).stdout
    assert pushed == (ROOT / "Dockerfile.hf").read_bytes()


# --- Swarm ----------------------------------------------------------------------------------


@pytest.fixture
def swarmed(reader: Reader) -> Iterator[Reader]:
    state = docker("info", "--format", "{{.Swarm.LocalNodeState}}")
    assert state == "inactive", f"this engine is in a swarm already ({state}): it is left alone"
    yield reader
    with suppress(DockerError):  # gone already, where all went well
        docker("stack", "rm", reader.name)
    mine = ("--filter", f"label=com.docker.stack.namespace={reader.name}")
    eventually(lambda: docker("ps", "--all", "--quiet", *mine) == "", PATIENCE, every=0.2)
    eventually(lambda: docker("network", "ls", "--quiet", *mine) == "", PATIENCE, every=0.2)
    docker("swarm", "leave", "--force")
    for service in ("api", "ui", "gateway"):
        with suppress(DockerError):  # never built, where that failed
            docker("rmi", f"riskspace-{service}:{NEXT_TAG}")


@pytest.mark.container
def test_swarm(swarmed: Reader) -> None:
    name = swarmed.name
    for command, _ in swarmed.types("Swarm"):
        if command.startswith("docker stack deploy"):
            eventually(lambda: answers(f"{swarmed.api}/readyz"), PATIENCE, every=0.2)
            eventually(lambda: answers(swarmed.page), PATIENCE, every=0.2)
            assert replicas(name) == 1
            assert "127.0.0.1:" not in swarmed.listening()
        elif "scale" in command:
            assert replicas(name) == 3
        elif command.startswith("TAG=1.1.0 docker"):
            assert replicas(name) == 1
            eventually(lambda: runs(name, NEXT_TAG), PATIENCE, every=0.2)
        elif "rollback" in command:
            eventually(lambda: runs(name, TAG), PATIENCE, every=0.2)
    assert f"{name}_redis-data" in docker("volume", "ls", "--quiet")


def replicas(stack: str) -> int:
    return int(inspect(f"{stack}_api")["Spec"]["Mode"]["Replicated"]["Replicas"])


def runs(stack: str, tag: str) -> bool:
    """Whether a task of the API runs that version's image."""
    format_ = "{{.Image}} {{.CurrentState}}"
    tasks = docker("service", "ps", "--format", format_, f"{stack}_api").splitlines()
    return any(task.startswith(f"riskspace-api:{tag} Running") for task in tasks)


# --- Compose --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def composed(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The stack, as "Compose" brings it up. The tests below go through it in the page's order."""
    if compose_command() is None:
        pytest.skip("neither `docker compose` nor docker-compose")
    reader = reader_in(tmp_path_factory.mktemp("composed"))
    try:
        for command, output in reader.types("Compose"):
            if command == "make docker-up":
                assert f"page: {reader.page}   API: {reader.api}" in output
        all_healthy(reader)
        yield reader
    finally:
        reader.type("docker compose down -v --remove-orphans --timeout 5")
        reader.remove()


def containers(reader: Reader, service: str | None = None) -> list[str]:
    labels = [f"label=com.docker.compose.project={reader.name}"]
    if service is not None:
        labels.append(f"label=com.docker.compose.service={service}")
    return docker("ps", "--quiet", *(f"--filter={label}" for label in labels)).split()


def all_healthy(reader: Reader) -> None:
    """Waits until they are."""
    try:
        eventually(lambda: all(map(healthy, containers(reader))), PATIENCE, every=0.2)
    except AssertionError:
        raise AssertionError(reader.type("docker compose ps; docker compose logs")) from None


def connected(reader: Reader) -> bool:
    """Whether the API has its Redis."""
    answer = ask(f"{reader.api}/health")
    return answer.status == 200 and bool(answer.json["redis_connected"])


@pytest.mark.container
def test_health(composed: Reader) -> None:
    shown = json.loads(section("Health").block("json"))
    for command, output in composed.types("Health"):
        if command.startswith("curl"):
            assert json.loads(output) == shown
        elif command.startswith("docker ps"):
            lines = [line for line in output.splitlines() if line.startswith(composed.name)]
            assert len(lines) == 4
            assert all(line.endswith("(healthy)") for line in lines)
    assert "✅ prediction" in output


@pytest.mark.container
def test_logs(composed: Reader) -> None:
    id_ = predict(composed.api).json["prediction_id"]
    eventually(lambda: id_ in logged(composed.api), PATIENCE)
    outputs = dict(composed.types("Logs"))
    for command, output in outputs.items():
        if command.startswith("curl"):
            assert id_ in output
    lines = section("Logs").block("text").splitlines()
    assert all(shape(line) in shape(outputs["make docker-logs-api"]) for line in lines)


def shape(text: str) -> str:
    return re.sub(r"\d+", "0", text)


@pytest.mark.container
def test_what_is_kept(composed: Reader) -> None:
    """What is predicted while Redis is away, and what comes back from the backup."""
    before = predict(composed.api).json["prediction_id"]
    eventually(lambda: before in logged(composed.api), PATIENCE)
    away: list[str] = []
    for command, _ in composed.types("What is kept"):
        if " tar " in command:
            away.append(predict(composed.api).json["prediction_id"])
        elif command.endswith("start redis"):
            eventually(lambda: connected(composed), PATIENCE)
            eventually(lambda: {before, away[-1]} <= logged(composed.api), PATIENCE)
            if len(away) == 1:
                token = f"Bearer {TOKEN}"
                assert ask(f"{composed.api}/logs", "DELETE", Authorization=token).status == 204
                assert before not in logged(composed.api)
    assert away[0] not in logged(composed.api), "made after the backup"


@pytest.mark.container
def test_memory(composed: Reader) -> None:
    *_, (_, output) = composed.types("Memory")
    assert output.strip() == "evicted_keys:0"


@pytest.mark.container
def test_scale_and_update(composed: Reader) -> None:
    assert list(composed.types("Scale"))
    assert len(containers(composed, "api")) == 3
    assert list(composed.types("Update"))
    assert len(containers(composed, "api")) == 1
    eventually(lambda: answers(f"{composed.api}/readyz"), PATIENCE)


@pytest.mark.container
def test_when_something_is_wrong(composed: Reader) -> None:
    outputs = dict(composed.types("When something is wrong"))
    assert outputs["docker compose exec redis redis-cli ping"].strip() == "PONG"
    assert "manifest.json" in outputs["docker compose exec api ls -la /app/models/prediabetes"]
    (health,) = (output for command, output in outputs.items() if "State.Health" in command)
    assert json.loads(health)["Status"] in {"starting", "healthy"}
    assert "127.0.0.1:" in composed.listening()
    all_healthy(composed)


@pytest.mark.container
def test_stop(composed: Reader) -> None:
    volume = f"{composed.name}_redis-data"
    for command, _ in composed.types("Stop"):
        assert not containers(composed)
        assert (volume in docker("volume", "ls", "--quiet")) is not command.endswith("-v")
