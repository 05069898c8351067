"""The functions of start.sh on their own: sourcing it runs nothing."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from real import ROOT, free_port
from stack.stacks import STAND_IN


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'source "$0/start.sh"; {command}', ROOT],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_sourcing_runs_nothing() -> None:
    sourced = shell("")
    assert (sourced.returncode, sourced.stdout, sourced.stderr) == (0, "", "")


def test_the_end_waits_until_all_that_was_printed_is_read() -> None:
    """A container is over when start.sh is: what its pipe still holds would be lost."""
    command = "LOGS=(/dev/null); _open_output; printf '%0100000d' 0; _end"
    ending = ["bash", "-c", f'source "$0/start.sh"; {command}', str(ROOT)]
    with subprocess.Popen(ending, stdout=subprocess.PIPE) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert process.communicate()[0] == b"0" * 100_000
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("listens", "reached"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("localhost", "localhost"),
    ],
)
def test_a_server_is_asked_where_it_listens(listens: str, reached: str) -> None:
    assert shell(f"_reachable {listens}").stdout.strip() == reached


@pytest.mark.parametrize(
    ("host", "written"), [("0.0.0.0", "0.0.0.0"), ("::1", "[::1]"), ("localhost", "localhost")]
)
def test_an_ipv6_address_is_bracketed_in_a_url(host: str, written: str) -> None:
    assert shell(f"_bracketed {host}").stdout.strip() == written


@contextmanager
def served(behaviour: str) -> Iterator[int]:
    port = free_port()
    with subprocess.Popen(shlex.split(f"{STAND_IN} 127.0.0.1 {port} {behaviour}")) as server:
        try:
            waiting = f"until (: <>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.02; done"
            assert shell(waiting).returncode == 0
            yield port
        finally:
            server.kill()


@pytest.mark.parametrize(
    ("behaviour", "ready"), [("answers", True), ("answers_503", False), ("never_answers", False)]
)
def test_only_a_200_in_time_means_ready(behaviour: str, ready: bool) -> None:
    with served(behaviour) as port:
        probe = shell(f"TRY_SECONDS=0.5 _in_time _http_answers 0.0.0.0 {port} /")
    assert (probe.returncode == 0) is ready


def test_a_server_that_is_not_redis_is_not_taken_for_it() -> None:
    with served("answers") as port:
        probe = shell(f"REDIS_PORT={port} TRY_SECONDS=0.5 _in_time _redis_answers")
    assert probe.returncode != 0


def test_nobody_is_no_answer() -> None:
    port = free_port()
    assert shell(f"TRY_SECONDS=5 _in_time _http_answers 0.0.0.0 {port} /").returncode != 0
