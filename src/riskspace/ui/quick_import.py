"""Gradio, imported in little more than half of the time.

At every import it parses each component's source, twice, to write a type stub beside it. It goes
without where it finds no source (`component_meta.create_or_modify_pyi`), so it is told that.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


def import_gradio() -> None:
    """To be called before anything else imports it."""
    with _sources_hidden():
        import_module("gradio")


@contextmanager
def _sources_hidden() -> Iterator[None]:
    getfile = inspect.getfile

    def found(what: Any) -> str:
        if type(what).__name__ == "ComponentMeta":
            raise OSError("not looked for")
        return getfile(what)

    inspect.getfile = found  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = getfile
