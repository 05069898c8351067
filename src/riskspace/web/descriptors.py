"""How many connections a process may hold: each is a file descriptor, and others need some, too."""

from __future__ import annotations

import resource
from typing import NamedTuple

# Connections that are held at most, that the kernel holds besides until they are looked at, and
# descriptors for everything else.
MOST = 4096
BACKLOG = 2048
SPARE = 256


class Share(NamedTuple):
    connections: int
    backlog: int


def share(limit: int) -> Share:
    """What fits into so many descriptors: all that wait in the backlog may become connections at
    once, before one of them can be refused."""
    backlog = min(BACKLOG, limit // 8)
    spare = min(SPARE, limit // 2)
    return Share(min(MOST, limit - spare - backlog), backlog)


def claim() -> Share:
    """As many as the system grants this process, up to what is wanted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + BACKLOG + SPARE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return share(MOST + BACKLOG + SPARE if soft == resource.RLIM_INFINITY else soft)
