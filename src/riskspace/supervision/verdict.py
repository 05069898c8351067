"""When a program can't be kept up, and how to say so: pure, with the time as an argument."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import NamedTuple

_EXIT = re.compile(r"exited: (\S+) \((?:exit status (?P<code>\d+)|terminated by (?P<signal>\w+))")


class Event(NamedTuple):
    """A change of state of a program: BACKOFF is an exit within `startsecs` of its start, EXITED
    a later one, FATAL the end of supervisord's patience. Being asked to stop is none of these."""

    state: str
    program: str

    @classmethod
    def parse(cls, name: str, payload: str) -> Event:
        """From supervisord's `eventname` and payload (`processname:api groupname:api ...`)."""
        values = dict(pair.split(":", 1) for pair in payload.split())
        return cls(name.removeprefix("PROCESS_STATE_"), values["processname"])


@dataclass
class Watch:
    """Counts the exits of each program, whatever their code: none is meant to end by itself."""

    most_exits: int = 5
    within: float = 60.0
    _exits: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def see(self, event: Event, now: float) -> str | None:
        """Why the program can't be kept up, or None while it can."""
        if event.state == "FATAL":
            return "ne démarre pas"
        exits = self._exits[event.program]
        exits.append(now)
        while now - exits[0] > self.within:
            exits.popleft()
        if len(exits) < self.most_exits:
            return None
        return f"{len(exits)} arrêts en moins de {self.within:.0f} s"


class Exit(NamedTuple):
    """How a program ended: a code of its own, or the signal that ended it."""

    code: int | None
    signal: str | None


def last_exit(supervisord_log: str, program: str) -> Exit | None:
    """The program's last one. supervisord tells how a program ended in its log alone."""
    ends = [end for end in _EXIT.finditer(supervisord_log) if end[1] == program]
    if not ends:
        return None
    code = ends[-1]["code"]
    return Exit(int(code) if code else None, ends[-1]["signal"])


def explain(cause: str, end: Exit | None, log: str, memory_limit: int | None) -> str:
    """The cause, how the program last ended, and what is known of why.

    `log` is the program's own, `memory_limit` the container's, in bytes: the kernel kills what goes
    beyond it, and a program that was killed had no last words.
    """
    match end:
        case Exit(code=int(code)):
            details = [f"code {code}", _last_line(log)]
        case Exit(signal="SIGKILL") if memory_limit is not None:
            details = ["signal SIGKILL", f"mémoire limitée à {memory_limit // 2**20} Mo"]
        case Exit(signal=name):
            details = [f"signal {name}"]
        case None:
            details = []
    return ": ".join([cause, *filter(None, details)])


def _last_line(log: str, longest: int = 200) -> str:
    """A traceback ends with its error."""
    lines = (line.strip() for line in reversed(log.splitlines()))
    return next(filter(None, lines), "")[:longest]
