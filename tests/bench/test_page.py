"""The page of figures."""

from __future__ import annotations

import re
import shutil

import pytest
from bench import __main__ as command
from bench import page
from bench.server import ROOT

TEMPLATE = "before\n<!-- figures: crowds -->\nold\n<!-- end -->\nafter\n"


def test_figures_stand_between_their_markers() -> None:
    measured = {"crowds": {"rates": [{"16": 1000.4, "512": 950.0}]}}
    assert page.written(TEMPLATE, measured) == (
        "before\n<!-- figures: crowds -->\n"
        "| connections | 16 | 512 |\n| --- | --: | --: |\n| requests/s, round 1 | 1000 | 950 |\n"
        "<!-- end -->\nafter\n"
    )


def test_what_was_not_measured_is_told() -> None:
    assert "Not measured yet." in page.written(TEMPLATE, {})


def test_the_page_holds_what_was_measured_and_nothing_else() -> None:
    """Its figures were not written by hand: `make bench-page` writes the same page."""
    text = page.PAGE.read_text("utf-8")
    assert page.written(text, page.read()) == text


def test_the_page_has_a_section_for_every_measurement() -> None:
    named = set(re.findall("<!-- figures: ([a-z]+) -->", page.PAGE.read_text("utf-8")))
    without_a_table = {"workers", "pace"}  # they are a bar each
    assert set(page.read()) - without_a_table <= named


def test_the_page_names_targets_that_there_are() -> None:
    """They take minutes, so they are not run here; what they run is, by the other tests."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^make ([a-z-]+)", page.PAGE.read_text("utf-8"), re.MULTILINE)
    assert {"bench", "bench-all", "bench-peers", "bench-page"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_targets_measure_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    measured = set(" ".join(re.findall(r"-m bench (.*)$", makefile, re.MULTILINE)).split())
    with pytest.raises(SystemExit):
        command.main(["--help"])
    help_ = capsys.readouterr().out
    assert measured
    for name in measured:
        assert name in help_, name


def test_a_missing_load_generator_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert command.main(["core"]) == 1
    assert capsys.readouterr().err == "no load generator: apt-get install wrk nghttp2-client\n"
