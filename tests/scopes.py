"""Requests as an ASGI server hands them to an application."""

from __future__ import annotations

from typing import Any


def post(path: str) -> dict[str, Any]:
    """A POST of JSON."""
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
