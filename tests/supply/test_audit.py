"""`make audit`: what is pinned is looked up, all of it, or the run says that it was not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from real import ROOT, free_port

NONE, SOME, NOT_CHECKED = 0, 1, 3
PINNED = re.findall(
    r"^([a-z0-9.-]+)==([^ ;\\]+)", (ROOT / "requirements-dev.txt").read_text("utf-8"), re.MULTILINE
)


class Source:
    """Answers as osv.dev does, of the packages that it is told of; `asked` is what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.known: dict[str, dict[str, Any]] = {}
        self.status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/query"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name = asked["package"]["name"]
                source.asked.append((name, asked["version"]))
                found = [source.known[name]] if name in source.known else []
                body = json.dumps({"vulns": found} if found else {}).encode()
                self.send_response(source.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.close()


def audit(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts/audit"), "--osv-url", url, *options]
    return subprocess.run(command, capture_output=True, text=True)


def advisory(name: str, fixed: str) -> dict[str, Any]:
    events = [{"introduced": "0"}, {"fixed": fixed}]
    affected = {
        "package": {"name": name, "ecosystem": "PyPI"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2026-1"], "affected": [affected]}


def test_every_pin_is_looked_up_whatever_it_is_for(source: Source) -> None:
    ran = audit(source.url)
    assert (ran.returncode, ran.stderr) == (NONE, "")
    assert set(source.asked) == set(PINNED)
    assert {"colorama", "audioop-lts"} < {name for name, _ in source.asked}
    assert ran.stdout == f"{len(PINNED)} packages checked against osv; vulnerabilities known: 0\n"


def test_a_known_vulnerability_is_told_with_its_remedy_and_where_it_is(source: Source) -> None:
    source.known["skops"] = advisory("skops", "99.0")
    ran = audit(source.url)
    assert ran.returncode == SOME
    first, last = ran.stdout.splitlines()
    assert re.fullmatch(
        r"skops [\d.]+: CVE-2026-1, GHSA-aaaa-bbbb-cccc; fixed in 99\.0; pinned in "
        r"requirements-api-sklearn.txt, requirements-dev.txt, requirements-train.txt, "
        r"requirements.txt",
        first,
    )
    assert last.endswith("; vulnerabilities known: 1")


def test_one_that_was_judged_may_be_left_out(source: Source) -> None:
    source.known["skops"] = advisory("skops", "99.0")
    assert audit(source.url, "--ignore-vuln", "CVE-2026-1").returncode == NONE


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_source_that_refuses_is_not_taken_for_a_clean_one(source: Source, status: int) -> None:
    source.status = status
    ran = audit(source.url)
    assert (ran.returncode, ran.stdout) == (NOT_CHECKED, "")
    assert ran.stderr.startswith(f"NOT CHECKED: {len(PINNED)} packages against osv: ")


def test_a_source_that_is_not_reached_is_not_taken_for_a_clean_one() -> None:
    ran = audit(f"http://127.0.0.1:{free_port()}/")
    assert (ran.returncode, ran.stdout) == (NOT_CHECKED, "")
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith(f"NOT CHECKED: {len(PINNED)} packages against osv: ")
    assert "Connection refused" in ran.stderr
