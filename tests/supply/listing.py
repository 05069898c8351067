"""Scripts whose names Python can't import, and the table that one of them wrote."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import NamedTuple

from real import ROOT

PAGE = (ROOT / "docs/licences.md").read_text("utf-8")


class Row(NamedTuple):
    name: str
    version: str
    licence: str
    where: str

    def is_in(self, image: str) -> bool:
        return self.where == "all" or image in self.where.split(", ")


ROWS = [
    Row(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| package")
]


def script(name: str) -> ModuleType:
    loader = SourceFileLoader(name, str(ROOT / "scripts" / name))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


licences = script("licences")
ACCEPTED = {*licences.KNOWN["permissive"]["licences"], *licences.KNOWN["reasons"]}
