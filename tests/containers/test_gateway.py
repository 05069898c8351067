"""The gateway alone, in front of stand-ins for the API that fail in every way."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from containers.composed import Answer, answers, ask, build_images
from containers.conftest import Run
from containers.engines import PATIENCE, Container, docker
from real import eventually

from riskspace.web.bodies import BATCH_LIMIT, RECORD_LIMIT

pytestmark = [pytest.mark.container, pytest.mark.usefixtures("engine")]

# Answers with what it was sent; or, told so, fails once the request is whole.
REPLICA = """
import json, socket, struct, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Replica(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        while length:
            length -= len(self.rfile.read(min(length, 65536)))
        if sys.argv[1] == "resets":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            return
        if sys.argv[1] == "hangs":
            time.sleep(60)
        seen = {"length": int(self.headers.get("Content-Length", 0)), "headers": dict(self.headers)}
        body = json.dumps(seen).encode()
        self.send_response(503 if sys.argv[1] == "isn't ready" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("", 8000), Replica).serve_forever()
"""
HTTP = "HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    name = docker("network", "create", f"riskspace-{uuid.uuid4().hex[:8]}")
    yield name
    docker("network", "rm", name)


@pytest.fixture(scope="module")
def gateway(network: str, run_early: Run) -> Container:
    build_images()
    options = ("--network", network, "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")
    return run_early("riskspace-gateway:tests", *options, port=8000).up("/gateway/health")


@pytest.fixture(scope="module")
def url(gateway: Container) -> str:
    return gateway.url


def replica(run: Run, network: str, behaviour: str) -> Container:
    """One more address for the name `api`."""
    options = ("--network", network, "--network-alias", "api", "--init")
    command = ("python3", "-c", REPLICA, behaviour)
    return run("python:3.13-slim-trixie", *options, port=8000, command=command)


def address(container: Container) -> str:
    (network,) = container.inspect()["NetworkSettings"]["Networks"].values()
    return f"{network['IPAddress']}:8000"


def raw(url: str, request: str) -> Answer:
    """An answer to a request that no client would send."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(request.encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, body = received.split(b"\r\n\r\n", 1)
    status, *headers = head.decode().split("\r\n")
    pairs = (header.split(": ", 1) for header in headers)
    return Answer(int(status.split()[1]), {name.lower(): value for name, value in pairs}, body)


def is_problem(answer: Answer, status: int, instance: str) -> bool:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == "about:blank"
    assert answer.json["status"] == status
    assert answer.json["title"]
    assert answer.json["detail"]
    assert answer.json["instance"] == instance
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    return True


@pytest.mark.parametrize("behaviour", ["resets", "hangs", "isn't ready"])
def test_a_post_goes_whole_to_the_next_replica_when_one(
    run: Run, network: str, gateway: Container, behaviour: str
) -> None:
    """Twelve at once: each has an even chance to meet the bad one first."""
    replica(run, network, "answers")
    bad = replica(run, network, behaviour)
    eventually(lambda: address(bad) in tried(gateway), PATIENCE)
    body = b"x" * (RECORD_LIMIT + 1)  # longer than what stays in memory
    with ThreadPoolExecutor(12) as clients:
        asked = [clients.submit(ask, f"{gateway.url}/predict", "POST", body) for _ in range(12)]
    assert [answer.result().status for answer in asked] == [200] * 12
    assert {answer.result().json["length"] for answer in asked} == {len(body)}


def tried(gateway: Container) -> str:
    """The log's last line, after one more request."""
    ask(f"{gateway.url}/predict", "POST", b"{}")
    return gateway.stdout("--tail", "1")[0]


def test_a_replica_that_replaces_the_only_one_is_found_at_once(
    run: Run, network: str, url: str
) -> None:
    first = replica(run, network, "answers")
    eventually(lambda: answers(url), PATIENCE)
    second = replica(run, network, "answers")
    first.remove()
    eventually(lambda: answers(url), seconds=5)
    second.remove()


def test_no_request_fails_while_the_only_replica_is_replaced(
    run: Run, network: str, url: str
) -> None:
    """Its address is still remembered, and nobody is there any more."""
    old = replica(run, network, "answers").up()
    new = replica(run, network, "answers").up()
    docker("network", "disconnect", network, new.id)
    eventually(lambda: answers(url), PATIENCE)
    docker("network", "connect", "--alias", "api", network, new.id)
    docker("network", "disconnect", network, old.id)
    assert ask(url, "POST", b"{}").status == 200


def test_a_post_is_not_sent_again_to_the_only_replica_when_it_hangs(
    run: Run, network: str, gateway: Container
) -> None:
    """It would double the work of one that is late already."""
    only = replica(run, network, "hangs")
    eventually(lambda: address(only) in tried(gateway), PATIENCE)
    answer = ask(f"{gateway.url}/predict", "POST", b"{}")
    assert is_problem(answer, 504, "/predict")
    assert f"replicas=[{address(only)}] answers=[504]" in gateway.stdout("--tail", "1")[0]


def test_a_replica_sees_who_asks_and_under_which_id(run: Run, network: str, url: str) -> None:
    replica(run, network, "answers")
    eventually(lambda: answers(url), PATIENCE)
    seen = ask(url, X_Request_ID="mine-1", X_Forwarded_For="192.0.2.7").json["headers"]
    assert seen["X-Request-ID"] == "mine-1"
    assert seen["X-Forwarded-For"].startswith("192.0.2.7, ")
    assert seen["Host"] == url.removeprefix("http://")
    assert ask(url, X_Request_ID='not "an" id').json["headers"]["X-Request-ID"].isalnum()


def test_a_body_a_little_too_long_gets_the_refusal_of_the_api(
    run: Run, network: str, url: str
) -> None:
    replica(run, network, "answers")
    eventually(lambda: answers(url), PATIENCE)
    sent = ask(f"{url}/predict/batch", "POST", b"x" * (BATCH_LIMIT + 1000))
    assert sent.json["length"] == BATCH_LIMIT + 1000


@pytest.mark.parametrize(("path", "limit"), [("predict", RECORD_LIMIT), ("other", BATCH_LIMIT)])
@pytest.mark.parametrize("parts", [1, 20])
def test_a_body_far_too_long_is_refused_before_the_api(
    url: str, path: str, limit: int, parts: int
) -> None:
    """With its length, and in chunks."""
    megabytes = (b"x" * 2**20 for _ in range(20))
    answer = ask(f"{url}/{path}", "POST", megabytes if parts > 1 else b"".join(megabytes))
    assert is_problem(answer, 413, f"/{path}")
    (error,) = answer.json["errors"]
    assert error["field"] == "body"
    assert error["code"] == "too_large"
    assert error["accepted"] == f"at most {limit} bytes"


@pytest.fixture
def alone(url: str) -> None:
    """The replicas of the test before are forgotten."""
    eventually(lambda: ask(url).status == 502, PATIENCE)


@pytest.mark.usefixtures("alone")
def test_without_a_replica_the_answer_is_a_problem(url: str) -> None:
    answer = ask(f"{url}/predict?x=1", "POST", b"{}", X_Request_ID="mine-2")
    assert is_problem(answer, 502, "/predict")
    assert answer.json["request_id"] == "mine-2"
    assert ask(url, "HEAD").status == 502


@pytest.mark.parametrize(
    ("request_", "status", "instance"),
    [
        ("nonsense\r\n\r\n", 400, "/"),
        ("GET /a b c HTTP/1.1\r\n\r\n", 400, "/"),
        ("GET /a HTTP/1.1\r\n\r\n", 400, "/a"),
        (f"GET /%zz?q=1 {HTTP}\r\n", 400, "/"),
        (f"TRACE /a {HTTP}\r\n", 405, "/a"),
        (f"GET /{'a' * 9000} {HTTP}\r\n", 414, "/"),
        (f"GET /a {HTTP}A: {'a' * 9000}\r\n\r\n", 431, "/a"),
        (f"POST /a {HTTP}Transfer-Encoding: strange\r\n\r\n", 501, "/a"),
        ("GET /a HTTP/3.7\r\n\r\n", 505, "/"),
        (f'GET /"a"?q=1 {HTTP}\r\n', 502, "/"),
        (f"GET /a%20b?q=1 {HTTP}\r\n", 502, "/a%20b"),
    ],
)
@pytest.mark.usefixtures("alone")
def test_what_the_gateway_refuses_itself_is_a_problem(
    url: str, request_: str, status: int, instance: str
) -> None:
    answer = raw(url, request_)
    assert is_problem(answer, status, instance)
    assert "nginx/" not in answer.headers["server"]


@pytest.mark.usefixtures("alone")
def test_no_query_and_no_body_is_in_its_log(gateway: Container) -> None:
    """Whatever becomes of the request."""
    for path in ("predict", "predict/batch", "gateway/health", "%zz"):
        for method in ("GET", "POST"):
            ask(f"{gateway.url}/{path}?q=a-secret", method, b"a-secret")
    ask(f"{gateway.url}/predict?q=a-secret", "POST", b"a-secret" * 2**21)
    raw(gateway.url, "GET /?q=a-secret a-secret HTTP/1.1\r\n\r\n")
    assert "POST /predict/batch 502" in gateway.output()
    assert "a-secret" not in gateway.output()


def test_a_stop_lets_a_request_in_flight_end(run: Run, network: str) -> None:
    """Within the grace that the compose file gives."""
    ours = run("riskspace-gateway:tests", "--network", network, port=8000).up("/gateway/health")
    slow = REPLICA.replace("time.sleep(60)", "time.sleep(1)")
    options = ("--network", network, "--network-alias", "api", "--init")
    command = ("python3", "-c", slow, "hangs")
    run("python:3.13-slim-trixie", *options, port=None, command=command)
    url = f"{ours.url}/slow"
    eventually(lambda: answers(url), PATIENCE)
    with ThreadPoolExecutor(1) as clients:
        asked = clients.submit(ask, url)
        eventually(lambda: connections(ours) > 0)
        assert ours.stop() == 0
    assert asked.result().status == 200


def connections(gateway: Container) -> int:
    """Those that are open to a replica."""
    table = gateway.run("cat", "/proc/net/tcp").splitlines()
    return sum(line.split()[2].endswith(":1F40") and line.split()[3] == "01" for line in table)
