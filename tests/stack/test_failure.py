"""A boot that fails: status, reason as the last line, and nothing left (`Stack.status` looks)."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from real import free_port
from stack.stacks import STAND_IN, Stack

pytestmark = pytest.mark.stack
Start = Callable[..., Stack]

TWO_SHORT_TRIES = {"TRY_SECONDS": "0.3", "REDIS_TRIES": "2", "API_TRIES": "2"}


def test_redis_that_never_answers(start: Start) -> None:
    tools = {"redis-server": f'{STAND_IN} 127.0.0.1 "$REDIS_PORT" never_answers'}
    stack = start(tools=tools, environ=TWO_SHORT_TRIES)
    assert stack.status() == 1
    assert stack.reason() == "❌ Redis: pas de réponse après 2 essai(s) de 0.3 s"
    assert stack.stdout.to_the_end() == [
        "📦 Démarrage de Redis en arrière-plan...",
        "⏳ Attente que Redis soit prêt...",
        "Tentative 1/2...",
        "Tentative 2/2...",
    ]


@pytest.mark.parametrize("behaviour", ["never_answers", "answers_503"])
def test_api_that_is_never_ready(start: Start, behaviour: str) -> None:
    stack = start(api=behaviour, environ=TWO_SHORT_TRIES)
    assert stack.status() == 1
    assert stack.reason() == "❌ API: pas de réponse après 2 essai(s) de 0.3 s"
    assert stack.stdout.to_the_end()[-2:] == ["Tentative 1/2...", "Tentative 2/2..."]


def test_ui_that_is_never_ready_is_waited_for_in_silence(start: Start) -> None:
    stack = start(ui="never_answers", environ=TWO_SHORT_TRIES)
    assert stack.status() == 1
    assert stack.reason() == "❌ UI: pas de réponse après 2 essai(s) de 0.3 s"
    assert stack.stdout.to_the_end()[-1].startswith("🎨 Démarrage de l'UI Gradio sur le port")


def test_tries_keep_their_length_when_even_connecting_hangs(start: Start) -> None:
    """A server that takes no connection fills its queue, and then the kernel lets us wait for
    minutes."""
    stack = start(api="never_answers", environ={"TRY_SECONDS": "0.2", "API_TRIES": "10"})
    stack.until("Attente que l'API")
    asked = time.monotonic()
    assert stack.status() == 1
    assert time.monotonic() - asked < 10 * (0.2 + 0.2) + 2


def test_the_end_of_the_failed_programs_log_comes_before_the_reason(start: Start) -> None:
    api = {"riskspace.api": "sh -c 'seq 100 >&2; sleep 60'"}
    stack = start(api=None, modules=api, environ=TWO_SHORT_TRIES)
    assert stack.status() == 1
    *_, title = (n for n, line in enumerate(stack.stderr) if line.startswith("── Fin de "))
    shown = stack.stderr.to_the_end()[title + 1 :]
    assert shown[:-1] == [str(number) for number in range(81, 101)]
    assert shown[-1].startswith("❌ API: ")


def test_the_log_of_an_earlier_run_is_not_shown(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "run/log"
    log.mkdir(parents=True)
    (log / "api.log").write_text("of an earlier run\n")
    stack = start(folder=tmp_path, api="answers_503", environ=TWO_SHORT_TRIES)
    assert stack.status() == 1
    assert "earlier" not in str(stack.stderr)


@pytest.mark.parametrize(
    ("service", "variable"),
    [("Redis", "REDIS_PORT"), ("API", "API_PORT"), ("UI", "GRADIO_SERVER_PORT")],
)
def test_a_port_that_is_taken_is_refused_before_anything_starts(
    start: Start, service: str, variable: str
) -> None:
    """Whoever listens there may answer PONG, or 200, and would be taken for ours."""
    with socket.create_server(("127.0.0.1", free_port())) as other:
        port = other.getsockname()[1]
        stack = start(environ={variable: str(port)})
        assert stack.status() == 1
    assert stack.reason() == f"❌ {service}: le port {port} est déjà pris ({variable})"
    assert stack.stdout.to_the_end() == []


def test_one_port_for_two_programs_is_refused(start: Start) -> None:
    port = str(free_port())
    stack = start(environ={"API_PORT": port, "GRADIO_SERVER_PORT": port})
    assert stack.status() == 1
    assert stack.reason() == f"❌ UI: le port {port} est déjà pris (GRADIO_SERVER_PORT)"


def test_a_container_with_too_little_memory_is_refused_before_anything_starts(
    start: Start,
) -> None:
    # What is too little: test_memory.py.
    stack = start(modules={"riskspace.supervision.memory": "sh -c 'echo too little >&2; exit 1'"})
    assert stack.status() == 1
    assert stack.reason() == "too little"
    assert stack.stdout.to_the_end() == []


def test_a_value_that_is_refused_has_a_status_of_its_own(start: Start) -> None:
    stack = start(environ={"API_TRIES": "many"})
    assert stack.status() == 2
    assert stack.reason().startswith("API_TRIES: got 'many', accepts a whole number")
    assert stack.stdout.to_the_end() == []


def test_a_run_dir_too_long_for_a_socket_is_refused(start: Start) -> None:
    with TemporaryDirectory() as short:
        # The limit counts bytes, and each of these letters has two.
        run_dir = Path(short) / ("é" * 40)
        stack = start(environ={"RUN_DIR": str(run_dir)})
        assert stack.status() == 1
        assert stack.reason() == f"❌ RUN_DIR: chemin trop long pour une socket, {run_dir}"
        assert not run_dir.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_run_dir_that_cannot_be_written_is_refused(start: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    stack = start(environ={"RUN_DIR": str(tmp_path)})
    assert stack.status() == 1
    assert stack.reason() == f"❌ RUN_DIR: impossible d'écrire dans {tmp_path}"


def test_a_run_dir_that_cannot_be_made_is_refused(start: Start) -> None:
    stack = start(environ={"RUN_DIR": "/dev/null/run"})
    assert stack.status() == 1
    assert stack.reason() == "❌ RUN_DIR: impossible d'écrire dans /dev/null/run"


def test_a_run_dir_in_use_is_refused_and_its_stack_lives_on(start: Start) -> None:
    first = start().up()
    second = start(environ={"RUN_DIR": str(first.run_dir)})
    assert second.status(alone=False) == 1
    assert second.reason() == f"❌ RUN_DIR: {first.run_dir} sert déjà à une autre instance"
    assert [program for program in ("redis", "api", "ui") if not first.answers(program)] == []
    assert first.stop() == 0


def test_an_interpreter_that_is_not_there_is_named(start: Start) -> None:
    stack = start(environ={"PYTHON": "/nowhere/python"})
    assert stack.status() == 1
    assert stack.reason() == "❌ Python: /nowhere/python est introuvable"


def test_an_interpreter_without_our_packages_is_named(start: Start) -> None:
    modules = {"riskspace.settings LOGGING_HANDLER=redis": f"{sys.executable} -c 'import absent'"}
    stack = start(modules=modules)
    assert stack.status() == 1
    assert stack.reason().startswith("❌ Python: ")
    assert stack.reason().endswith("ne peut pas lire la configuration")


def test_a_supervisord_that_does_not_start_is_named(start: Start) -> None:
    stack = start(tools={"setsid": "sh -c 'echo no session >&2; exit 4'"})
    assert stack.status() == 1
    assert "no session" in str(stack.stderr)
    assert stack.reason() == "❌ supervisord: s'est arrêté (code 4)"
