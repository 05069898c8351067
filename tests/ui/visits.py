"""A visit to the page, by program: Gradio's own calls, as its script makes them."""

from __future__ import annotations

from typing import Any

import httpx


def events(client: httpx.Client) -> list[dict[str, Any]]:
    """What the page may ask, as the page is told."""
    config = client.get(str(client.base_url).replace("/gradio_api/", "/config")).json()
    return [event for event in config["dependencies"] if event["backend_fn"]]


def run(client: httpx.Client, event: int, data: Any, visit: str = "abc123") -> str:
    """All that the server says to one event."""
    session = {"session_hash": visit, "fn_index": event, "data": data}
    joined = client.post("/queue/join", json=session)
    if joined.status_code != 200:
        return joined.text
    said = []
    with client.stream("GET", "/queue/data", params={"session_hash": visit}) as stream:
        for line in stream.iter_lines():
            said.append(line)
            if "process_completed" in line or "close_stream" in line:
                break
    return "\n".join(said)
