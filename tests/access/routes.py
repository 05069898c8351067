"""Every route of both applications, as they are when they run.

`python routes.py MODEL` prints them, in a process of its own: Gradio leaves event loops behind.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

from riskspace import logs, settings

API, PAGE = 8000, 7860


class Route(NamedTuple):
    port: int
    method: str
    path: str


def every_route(model: Path) -> set[Route]:
    """What both ports serve of one model."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, __file__, str(model)], env=environ, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return {Route(*of) for of in json.loads(ran.stdout)}


def _every_route(model: Path) -> Iterator[Route]:
    from riskspace.api.app import create_app as create_api
    from riskspace.api.app import create_framework
    from riskspace.backend import assemble
    from riskspace.ui.app import create_app as create_page
    from riskspace.web.answers import Model

    chosen = settings.load({"MODEL_PATH": str(model)})
    backend = assemble(chosen, logs.configure(chosen, io.StringIO()), print)
    with TestClient(create_api(backend)) as client:
        served = Model.model_validate_json(client.get("/model").content)
    page = create_page(chosen, served, httpx.AsyncClient(base_url="http://127.0.0.1:1"))
    for method, path in walk(create_framework(backend).routes):
        yield Route(API, method, path)
        if method == "GET":  # HEAD follows it there, in a middleware
            yield Route(API, "HEAD", path)
    for method, path in walk(page.routes):
        yield Route(PAGE, method, path)


def walk(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Method and path of each route, those of routers and of mounted applications among them."""
    for context in iter_route_contexts(list(routes)):
        route = context.original_route
        if isinstance(route, Mount):
            yield from walk(route.routes, prefix + route.path)
            continue
        assert context.path is not None, f"{route} has no path"
        assert context.methods, f"{context.path} takes any method"
        for method in context.methods:
            yield method, prefix + context.path


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sorted(set(_every_route(Path(sys.argv[1]))))))
