"""The real supervised stack, with the real API and the real page, for faults to happen to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from faults.load import Target
from stack.stacks import Stack

PROGRAMS = ("redis", "api", "ui")


@contextmanager
def space(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, **options: Any
) -> Iterator[Stack]:
    """A stack that is up; the options are the stack's own."""
    # pytest's own folders can be too long for the path of a socket.
    base = folder or Path(mkdtemp(prefix="faults-"))
    variables = {"TRY_SECONDS": "5", **(environ or {})}
    stack = Stack(base, api=None, ui=None, environ=variables, **options)
    try:
        yield stack.up()
    finally:
        stack.destroy()
        if folder is None:
            shutil.rmtree(base)


def targets(stack: Stack) -> list[Target]:
    """A quarter of the load comes through the page's port, as scripts on the hub have it."""
    api = Target("api", stack.api_port)
    return [api, api, api, Target("ui", stack.ui_port, "/api/predict")]
