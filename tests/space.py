"""A Space without its supervisor: the API and the page as two processes."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from pathlib import Path

from real import Program, eventually, free_port

TOKEN = "the-owner-s-own"


@dataclass
class Space:
    """A running API and UI on ports of their own."""

    api: Program
    ui: Program
    environ: dict[str, str]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['GRADIO_SERVER_PORT']}"

    @property
    def api_url(self) -> str:
        return self.environ["API_URL"]

    def restart_api(self) -> None:
        self.api = Program("riskspace.api", self.environ, self.folder)
        eventually(lambda: answers(f"{self.api_url}/readyz"))

    def end(self) -> None:
        for program in (self.ui, self.api):
            if program.process.poll() is None:
                program.process.kill()
                program.process.wait()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def start_space(model: Path, folder: Path, **variables: str) -> Space:
    port = str(free_port())
    environ = {
        "MODEL_PATH": str(model),
        "API_PORT": port,
        "API_URL": f"http://127.0.0.1:{port}",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(free_port()),
        "HOME": str(folder),
        **variables,
    }
    api = Program("riskspace.api", environ, folder)
    space = Space(api, Program("riskspace.ui", environ, folder), environ, folder)
    try:
        eventually(lambda: answers(f"{space.url}/"), seconds=60)
    except AssertionError as error:
        space.end()
        raise AssertionError(f"{api.text()}\n{space.ui.text()}") from error
    return space
