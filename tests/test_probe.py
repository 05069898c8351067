from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from real import ROOT, free_port

from riskspace.probe import refusal


class Answers(BaseHTTPRequestHandler):
    """The status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_is_well(server: str, status: int) -> None:
    assert refusal(f"{server}/{status}") is None


@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_anything_else_is_not(server: str, status: int) -> None:
    assert refusal(f"{server}/{status}") == f"HTTP {status}"


def test_nobody_there_is_not_well_and_the_status_says_so() -> None:
    address = f"http://127.0.0.1:{free_port()}/readyz"
    ran = subprocess.run(
        [sys.executable, "-m", "riskspace.probe", address],
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"{address}: ")
