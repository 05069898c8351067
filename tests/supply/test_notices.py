"""The licences of a package of Debian, as its copyright file names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from supply.listing import script

sbom = script("sbom")


@pytest.mark.parametrize(
    ("copyright", "names"),
    [
        ("Files: *\nLicense: GPL-2+\n text\n\nFiles: x\nLicense: MIT \n text\n", ["GPL-2+", "MIT"]),
        ("License: MIT\n\nLicense: MIT\n text\n", ["MIT"]),
        ("License:\n Your choice of (a)\n the AGPLv3.\n", ["Your choice of (a) the AGPLv3."]),
        ("License:\n\nIt is in\n/usr/share/common-licenses/GPL-2, or later.\n", ["GPL-2"]),
        ("See /usr/share/common-licenses/LGPL-2.1.\n", ["LGPL-2.1"]),
        ("Do what you want.\n", ["as in {path}"]),
    ],
    ids=["two", "twice", "no name", "nothing said", "prose", "its own words"],
)
def test_each_licence_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copyright: str, names: list[str]
) -> None:
    path = tmp_path / "pump/copyright"
    path.parent.mkdir()
    path.write_text(copyright)
    monkeypatch.setattr(sbom, "NOTICES", tmp_path)
    found = [licence.name for licence in sbom.notices("pump")]
    assert found == [name.format(path=path) for name in names]
