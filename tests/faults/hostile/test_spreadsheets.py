"""What leaves as a file that a spreadsheet opens: `riskspace score` alone makes one. The owner's
columns are copied to the letter, as docs/score.md says; what we add can be no formula, and nothing
in a row moves one of its cells into another's place."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from faults.hostile.targets import Target
from pyarrow import csv as tables
from pyarrow import parquet
from scoring.scored import RESULTS, Command

# What a spreadsheet takes for the start of a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20|%]")
STARTS = ["=", "+", "-", "@", "\t=", "\r=", "\uff1d", '"=', "'=", " =", ";=", ",=", "|", "%"]
NAMES = ["id", "hours", "material", "inlet_bar", "outlet_bar", "liquid"]
# A formula in each column of the model's, and rows that are answered and warned of.
USUAL = ["x", "20000", "steel", "2.5", "10", "water"]
ROWS = [
    *([f"{start}HYPERLINK(1)", *USUAL[1:]] for start in STARTS),
    *(["x", *USUAL[1:place], f"{start}1+1", *USUAL[place + 1 :]] for start in STARTS
      for place in range(1, len(NAMES))),
    ["x", "99999", "steel", "20", "1", "water"],
]  # fmt: skip


@pytest.fixture
def score(pumps: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(pumps, capsys)


def written(path: Path, delimiter: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([NAMES, *ROWS])
    return path


def read(path: Path, delimiter: str) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter, strict=True))


def assert_safe(rows: list[list[str]]) -> None:
    header, *rows = rows
    assert header == NAMES + RESULTS
    assert [row[: len(NAMES)] for row in rows] == ROWS
    added = [row[len(NAMES) :] for row in rows]
    assert {len(cells) for cells in added} == {len(RESULTS)}
    assert not [cell for cells in added for cell in cells if FORMULA.match(cell)]
    # All of it was there: answers, warnings, errors.
    assert all(any(cells[place] for cells in added) for place in range(len(RESULTS)))


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_no_cell_that_is_added_is_a_formula(score: Command, tmp_path: Path, delimiter: str) -> None:
    source, target = written(tmp_path / "in.csv", delimiter), tmp_path / "out.csv"
    assert score(source, target)[0] == 0
    assert_safe(read(target, delimiter))


def test_nor_is_one_that_comes_from_parquet(score: Command, tmp_path: Path) -> None:
    source = written(tmp_path / "in.csv", ",")
    texts = tables.ConvertOptions(column_types=dict.fromkeys(NAMES, "string"))
    parquet.write_table(tables.read_csv(source, convert_options=texts), tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.csv")[0] == 0
    assert_safe(read(tmp_path / "out.csv", ","))


def test_no_call_of_the_api_answers_with_a_file_for_a_spreadsheet(target: Target) -> None:
    document = target.api.ask("GET", "/openapi.json").json()
    kinds = {
        kind
        for path in document["paths"].values()
        for call in path.values()
        for answer in call["responses"].values()
        for kind in answer.get("content", {})
    }
    assert kinds <= {"application/json", "application/problem+json"}


@pytest.mark.parametrize("prefix", ["=", "+x", "-", "@x", "\tx", "x\n=", "x,=", "\uff1d"])
def test_nor_is_the_name_of_a_column(score: Command, tmp_path: Path, prefix: str) -> None:
    source, target = written(tmp_path / "in.csv", ","), tmp_path / "out.csv"
    status, said = score(source, target, f"--prefix={prefix}")
    assert (status, target.exists()) == (2, False)
    assert "expected letters, digits and _" in said
