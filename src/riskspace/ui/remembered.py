"""What Gradio keeps of its visits and their events, for longer than it needs it."""

from __future__ import annotations

import sys
from typing import Any

import gradio as gr
from gradio.utils import LRUCache

# Visits that Gradio remembers, each with a copy of the page's configuration (about 110 kB). Who has
# been forgotten is answered all the same, but a change of language empties the result.
VISITS = 128


def bound(blocks: gr.Blocks) -> None:
    """Makes it forget the oldest visits, what they were told, and what it counts; to be called
    once there is a queue."""
    queue = blocks._queue
    blocks.state_session_capacity = VISITS
    queue.pending_messages_per_session = _Messages(queue)
    # It keeps ten thousand events, and makes a DataFrame of all of them at the end of each.
    queue.ANALYTICS_MAX_EVENTS = 1
    queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize


class _Messages(LRUCache[str, Any]):  # type: ignore[misc]
    """What is to be said to each visit. Gradio keeps that of two thousand, 4 kB each, and the ids
    of their events for ever, each visit's an empty set; here they go when another visit comes."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue.pending_messages_per_session.max_size)
        self._asked: dict[str, set[str]] = queue.pending_event_ids_session

    def __setitem__(self, visit: str, messages: Any) -> None:
        for told in [other for other in self if not self._asked.get(other)]:
            del self[told]
            self._asked.pop(told, None)
        super().__setitem__(visit, messages)
