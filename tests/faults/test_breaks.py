"""What is broken to see whether a test would notice."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.breaking import broken
from faults.breaks import BREAKS, SOURCE, Break
from real import ROOT

FILE = "web/head.py"
# What it logs is printed before its name.
TEST = f"""import logging
from pathlib import Path

import pytest

@pytest.mark.parametrize("method", ["any method"])
def test_head(method: str) -> None:
    logging.error("no name of a test")
    assert "!= 'HEAD'" in Path("{SOURCE}/{FILE}").read_text().replace('"', "'")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository of one module and its tests."""
    path = tmp_path / SOURCE / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes((ROOT / SOURCE / FILE).read_bytes())
    (tmp_path / "test_head.py").write_text(TEST, "utf-8")
    return tmp_path


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.protection)
def test_each_can_still_be_made(one: Break) -> None:
    """What it changes is there, once; so are the tests that are to notice."""
    assert (ROOT / SOURCE / one.file).read_text("utf-8").count(one.before) == 1
    assert one.before != one.after
    assert all((ROOT / test).exists() for test in one.tests)


def test_each_is_made_by_itself_and_called_by_its_own_name() -> None:
    assert len({one.protection for one in BREAKS}) == len(BREAKS)
    assert len({(one.file, one.before, one.after) for one in BREAKS}) == len(BREAKS)


def test_a_break_names_the_test_that_notices_and_is_undone(copy: Path) -> None:
    one = Break("HEAD has no body", FILE, '!= "HEAD"', '!= "GET"', ("test_head.py",))
    assert broken(one, copy) == {"caught": "test_head.py::test_head[any method]"}
    assert (copy / SOURCE / FILE).read_bytes() == (ROOT / SOURCE / FILE).read_bytes()


def test_what_no_test_notices_is_told(copy: Path) -> None:
    found = broken(Break("an empty body", FILE, 'b""', 'b"a"', ("test_head.py",)), copy)
    assert found["caught"] is None
    assert "1 passed" in found["said"]


def test_what_can_t_be_broken_is_told(copy: Path) -> None:
    with pytest.raises(ValueError, match=r"web/head\.py: 'gone' is there 0×"):
        Break("gone", FILE, "gone", "", ()).make(copy)
