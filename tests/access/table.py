"""The table of docs/access.md."""

from __future__ import annotations

import re
from typing import NamedTuple

from access.routes import Route
from real import ROOT

PAGE = ROOT / "docs/access.md"
HEADING = re.compile(r"^## .*\b(7860|8000)$", re.MULTILINE)
LINE = re.compile(r"^\| ([A-Z ]+) \| `(.+?)` \| (\w+) \| (\d{3}) \| (\d{3}) \|$", re.MULTILINE)


class Access(NamedTuple):
    """Who may ask for a route, and the statuses that a visitor and the admin get."""

    route: Route
    who: str
    visitor: int
    admin: int


def lines() -> list[Access]:
    """One for each route and method, in the page's order."""
    text = PAGE.read_text(encoding="utf-8")
    _, *sections = HEADING.split(text)
    return [
        Access(Route(int(port), method, path), who, int(visitor), int(admin))
        for port, section in zip(sections[::2], sections[1::2], strict=True)
        for methods, path, who, visitor, admin in LINE.findall(section)
        for method in methods.split()
    ]
