"""The page of figures."""

from __future__ import annotations

import re

from faults import __main__ as command
from faults import claims, fuzz, report
from real import ROOT

TEMPLATE = "before\n<!-- figures: hostile -->\nold\n<!-- end -->\nafter\n"
HOSTILE = {"date": "2026-01-01", "machine": {}, "tests": 7, "failed": 1, "cases": 30_000}


def test_claims_stand_between_their_markers() -> None:
    assert report.written(TEMPLATE, {"hostile": HOSTILE}) == (
        "before\n<!-- figures: hostile -->\nMeasured on 2026-01-01.\n\n"
        "| claim | wanted | measured | met |\n| --- | --: | --: | --: |\n"
        "| of 7 tests, failed | 0 | 1 | **no** |\n"
        "| cases tried | at least 20 000 | 30 000 | yes |\n"
        "<!-- end -->\nafter\n"
    )


def test_what_was_not_measured_is_told() -> None:
    assert "Not measured yet." in report.written(TEMPLATE, {})


def test_the_page_holds_what_was_measured_and_nothing_else() -> None:
    """Its figures were not written by hand: `make reliability` writes the same page."""
    text = report.PAGE.read_text("utf-8")
    assert report.written(text, report.read()) == text


def test_the_page_has_a_section_for_every_measurement() -> None:
    named = set(re.findall("<!-- figures: ([a-z]+) -->", report.PAGE.read_text("utf-8")))
    assert named == {"machine", *command.MEASURES}


def test_the_campaign_takes_every_measurement_there_is() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (taken,) = re.findall(r"^soak:.*\n\t\$\(FAULTS\) --minutes \S+ (.*)$", makefile, re.MULTILINE)
    assert taken.split() == list(command.MEASURES)


def test_every_measurement_has_claims() -> None:
    assert {name for name in command.MEASURES if name in claims.MAKERS} == set(command.MEASURES)


def test_a_claim_of_time_alone_may_be_missed_by_a_busy_machine() -> None:
    slow = claims.Claim("until both ports answer", "at most 3 s", "4 s", met=False, time=True)
    lost = claims.Claim("not recorded", "0", "1", met=False)
    assert claims.unmet([slow, lost], times=False) == [lost]
    assert claims.unmet([slow, lost], times=True) == [slow, lost]


def test_cases_are_counted_from_what_the_tests_noted() -> None:
    found = fuzz.read(
        """<testsuites><testsuite>
        <testcase classname="tests.faults.hostile.test_a" name="test_one">
          <properties><property name="cases" value="120"/></properties>
        </testcase>
        <testcase classname="tests.faults.hostile.test_a" name="test_two"><failure/></testcase>
        <testcase classname="tests.faults.hostile.test_a" name="test_three"><skipped/></testcase>
        </testsuite></testsuites>"""
    )
    searches = {"test_a: test_one": 120}
    counts = {"tests": 3, "failed": 1, "skipped": 1, "cases": 120}
    assert found == {**counts, "searches": searches}
