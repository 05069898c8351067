"""The all-in-one container, seen from inside."""

from __future__ import annotations

import json
from typing import Any

from containers.engines import Container

ASK_SUPERVISORD = """
import json, os, sys
from supervisor.childutils import getRPCInterface
address = "unix://" + os.environ["RUN_DIR"] + "/supervisor.sock"
with getRPCInterface({"SUPERVISOR_SERVER_URL": address}) as server:
    print(json.dumps(server.supervisor.getProcessInfo(sys.argv[1])))
"""
SIGNAL = "import os, sys; os.kill(int(sys.argv[1]), int(sys.argv[2]))"
ASK_REDIS = """
import json, os, sys
from redis import Redis
with Redis(port=int(os.environ.get("REDIS_PORT") or 6379), decode_responses=True) as client:
    print(json.dumps(client.execute_command(*sys.argv[1:])))
"""
ASK_HTTP = """
import sys
from http.client import HTTPConnection
port, method, path, *body = sys.argv[1:]
connection = HTTPConnection("127.0.0.1", int(port), timeout=5)
connection.request(method, path, *body, headers={"Content-Type": "application/json"})
answer = connection.getresponse()
print(answer.status, answer.read().decode())
"""


def process(container: Container, program: str) -> dict[str, Any]:
    """What supervisord knows of redis, api or ui."""
    return dict(json.loads(container.python(ASK_SUPERVISORD, program)))


def send(container: Container, program: str, number: int) -> int:
    """Signals a program; its process id."""
    pid = int(process(container, program)["pid"])
    container.python(SIGNAL, str(pid), str(number))
    return pid


def redis(container: Container, *words: str) -> Any:
    return json.loads(container.python(ASK_REDIS, *words))


def ask(container: Container, port: int, method: str, path: str, *body: str) -> tuple[int, str]:
    """An HTTP request from inside: the status and the body."""
    status, _, text = container.python(ASK_HTTP, str(port), method, path, *body).partition(" ")
    return int(status), text
