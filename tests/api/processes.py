"""The API as a process of its own, and raw requests to it."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real import Program, eventually, free_port


@dataclass
class Process:
    program: Program
    port: int

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, Any]:
        """Status, media type and decoded body of one request on a connection of its own. A body
        that is an iterator goes out in chunks, without its length."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        if isinstance(body, dict | list):
            body, headers = json.dumps(body), {"Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            media_type = answer.headers.get_content_type()
            return answer.status, media_type, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def say(self, text: bytes) -> bytes:
        """Sends bytes as they are, says that no more will come, and reads to the end."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            with suppress(ConnectionResetError):
                while part := connection.recv(65_536):
                    answer += part
            return answer

    def ready(self) -> bool:
        with suppress(OSError):
            return self.ask("GET", "/readyz")[0] == 200
        return False


def environ(model: Path, **variables: str) -> dict[str, str]:
    return {"MODEL_PATH": str(model), "API_PORT": str(free_port()), **variables}


def start(model: Path, folder: Path, **variables: str) -> Process:
    """A process that is ready; whoever started it ends it."""
    chosen = environ(model, **variables)
    process = Process(Program("riskspace.api", chosen, folder), int(chosen["API_PORT"]))
    try:
        eventually(process.ready, seconds=30)
    except AssertionError as error:
        process.program.process.kill()
        process.program.process.wait()
        raise AssertionError(process.program.text()) from error
    return process
