"""Servers under test, for real but for a moment."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from bench import model, processes, redis_server
from bench.contenders import FLOOR
from bench.rounds import Plan, one
from bench.server import Contender, Server, ServerError
from real import eventually


@pytest.mark.skipif(shutil.which("wrk") is None, reason="no wrk: apt-get install wrk")
def test_a_round_of_the_floor_has_every_figure() -> None:
    run = one(FLOOR, Plan(rounds=1, seconds=1, warmup=1), 0)
    assert run.contender == "floor"
    assert run.requests > 0
    assert min(run.rate, run.p50, run.p99, run.start, run.memory, run.cpu) > 0
    assert run.redis_memory == run.redis_cpu == 0


def test_a_server_that_ends_is_told_with_its_last_words() -> None:
    with (
        pytest.raises(ServerError, match=r"broken ended: (?s:.)*nothing here"),
        _server("import sys; sys.exit('nothing here')"),
    ):
        pass


def test_a_server_that_answers_another_probability_is_refused() -> None:
    with (
        _server(ANSWERING.format(probability=0.25)) as server,
        pytest.raises(ServerError, match=r"0\.25, not 0\.5"),
    ):
        server.check()


def test_nothing_of_a_server_is_left_when_it_ends() -> None:
    with _server(STARTING_ANOTHER + ANSWERING.format(probability=0.5)) as server:
        server.check()
        family = processes.family(server.id)
        assert len(family) == 2
        assert server.memory > 5
    eventually(lambda: not processes.alive(family))


def test_redis_is_started_as_supervisord_starts_it() -> None:
    assert "--appendfsync no" in redis_server.command()


def test_the_floor_validates_what_the_model_takes() -> None:
    record = model.record_type()
    assert record.model_validate(model.example()).model_dump() == model.example()
    assert set(record.model_fields) == {f.name for f in model.manifest().features}


def test_what_a_process_used_is_counted() -> None:
    (me,) = [one for one in processes.family(os.getsid(0)) if one.id == os.getpid()]
    assert me.cpu_seconds > 0
    assert processes.machine_busy_seconds() >= me.cpu_seconds


ANSWERING = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"probability": {probability}}}')
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# In a session of its own, as some supervisors do.
STARTING_ANOTHER = """
import subprocess
subprocess.Popen(["sleep", "60"], start_new_session=True)
"""


def _server(program: str) -> Server:
    contender = Contender(
        "broken",
        "",
        lambda port, _: [sys.executable, "-c", program, str(port)],
        b"{}",
        probability=lambda answer: float(answer["probability"]),
    )
    return Server(contender, 0.5)
