"""CSV in, the same CSV out with the answers behind each row."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from api.apis import Api, serving
from hypothesis import given
from hypothesis import strategies as st
from model.strategies import QUICK
from scoring.scored import RESULTS, Command, peak_memory
from scoring.test_checker import rows, written

from riskspace.model.manifest import Manifest
from riskspace.model.package import Package
from riskspace.model.schema import MAX_ROW_ERRORS
from riskspace.scoring.text import MAX_ROW

GOOD = "20000,steel"


def read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter, strict=True))


def test_a_row_has_its_answer_behind_it(score: Command, tmp_path: Path, loaded: Package) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("hours,material,outdoor\n50000,steel,yes\n-1,gold,\n")
    status, said = score(source, target)
    assert (status, said.split(",")[:2]) == (0, ["2 rows", " 1 refused"])
    record = {"hours": 50_000, "material": "steel", "outdoor": True}
    (probability,) = loaded.probabilities([record])
    assert target.read_text() == (
        "hours,material,outdoor,prediction,probability,risk,warnings,errors\n"
        f"50000,steel,yes,1,{probability!r},failing,hours:outside_trained_range,\n"
        "-1,gold,,,,,,hours:out_of_bounds material:not_a_choice\n"
    )


KEPT = {
    "as it is": "hours,material,note\n20000,steel,a\n",
    "with quotes and line breaks": 'hours,"material",note\n"20000",steel,"a\n""b"", c"\n',
    "with Windows line ends": "hours,material,note\r\n20000,steel,a\r\n",
    "with a byte order mark": "\ufeffhours,material,note\n20000,steel,é\n",
    "without an end to its last line": "hours,material,note\n20000,steel,a",
    "with spaces and formulas": "hours,material,note\n 20000 , steel ,=cmd()\n",
    "with semicolons": 'hours;material;note\n20000;steel;"a;b"\n',
    "with names twice and empty": "hours,material,,,a,a\n20000,steel,1,2,3,4\n",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_a_row_is_kept_to_the_letter(score: Command, tmp_path: Path, text: str) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text, "utf-8", newline="")
    assert score(source, target)[0] == 0
    kept = target.read_bytes().decode()
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    end = "\r\n" if "\r" in text else "\n"
    answers = read(target, delimiter)[0]
    added = delimiter.join(answers[name] for name in RESULTS)
    assert kept == (
        text.rstrip("\r\n")
        .replace(f"note{end}", f"note{delimiter}{delimiter.join(RESULTS)}{end}")
        .replace(f"a,a{end}", f"a,a,{','.join(RESULTS)}{end}")
        + delimiter
        + added
        + end
    )


def test_blank_lines_are_no_rows(score: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"hours,material\n\n{GOOD}\n\n\n{GOOD}\n\n")
    assert score(source, target)[1].startswith("2 rows, 0 refused")
    assert len(read(target)) == 2


def test_a_file_without_rows_is_answered_by_one(score: Command, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("hours,material\n")
    assert score(source, target)[0] == 0
    assert target.read_text() == f"hours,material,{','.join(RESULTS)}\n"


@pytest.mark.parametrize(("inlet", "mark"), [("2,5", ","), ("2.5", "."), ("", ",")])
def test_a_probability_has_the_decimal_mark_of_the_file(
    score: Command, tmp_path: Path, inlet: str, mark: str
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"hours;material;inlet_bar\n20000;steel;{inlet}\n")
    score(source, target)
    assert f"0{mark}" in read(target, ";")[0]["probability"]


def test_the_order_of_the_rows_is_kept(score: Command, tmp_path: Path, loaded: Package) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    hours = random.Random(3).sample(range(100_000), 5_000)
    source.write_text("hours,material\n" + "".join(f"{h},steel\n" for h in hours))
    score(source, target, "--chunk", "7")
    found = read(target)
    assert [int(row["hours"]) for row in found] == hours
    alone = [loaded.probabilities([{"hours": h, "material": "steel"}])[0] for h in hours]
    assert [float(row["probability"]) for row in found] == pytest.approx(alone, rel=0, abs=1e-12)


@pytest.fixture(scope="module")
def api(pumps: Path) -> Iterator[Api]:
    with serving(pumps, {}) as one:
        yield one


@given(drawn=st.data(), european=st.booleans())
@QUICK
def test_a_file_is_answered_as_the_api_answers_a_batch(
    drawn: st.DataObject,
    european: bool,
    api: Api,
    score: Command,
    sealed: Manifest,
    tmp_path: Path,
) -> None:
    body = written(sealed, drawn.draw(rows(sealed).filter(bool)), ";" if european else ",")
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(body)
    assert score(source, target, "--force")[0] == 0
    answer = api.client.post("/predict/batch", content=body, headers={"Content-Type": "text/csv"})
    found = read(target, ";" if european else ",")
    assert len(found) == len(answer.json()["results"])
    for row, expected in zip(found, answer.json()["results"], strict=True):
        errors = [f"{e['field']}:{e['code']}" for e in expected.get("errors", ())]
        assert row["errors"].split()[:MAX_ROW_ERRORS] == errors
        if not errors:
            probability = float(row["probability"].replace(",", "."))
            assert probability == pytest.approx(expected["probability"], abs=1e-12)
            assert (int(row["prediction"]), row["risk"]) == (
                expected["prediction"],
                expected["risk"],
            )
            warnings = [f"{w['field']}:{w['code']}" for w in expected["warnings"]]
            assert row["warnings"].split() == warnings


def test_a_package_that_is_not_compiled_answers_too(
    score: Command, tmp_path: Path, uncompiled: Path
) -> None:
    source, fast, slow = (tmp_path / name for name in ("in.csv", "fast.csv", "slow.csv"))
    source.write_text(f"hours,material,liquid\n{GOOD},oil\n1,steel,\n-1,steel,oil\n")
    assert score(source, fast)[0] == 0
    assert score(source, slow, "--package", str(uncompiled))[0] == 0
    for one, other in zip(read(fast), read(slow), strict=True):
        a, b = one.pop("probability"), other.pop("probability")
        assert one == other
        assert float(a or 0) == pytest.approx(float(b or 0), abs=1e-12)


BROKEN = {
    "nothing": (b"", "no header"),
    "an empty header": (b"\nhours,material\n", "no header"),
    "no known column": (b"heures,matiere\n1,acier\n", "no column is a field of the model"),
    "values for a header": (b"20000,steel\n", "no column is a field of the model"),
    "no required column": (b"hours\n1\n", "no column material, which the model requires"),
    "a near name": (
        b"hours,Material \n1,steel\n",
        "'Material ' is ignored: should it be material?",
    ),
    "a field twice": (b"hours,material,hours\n1,steel,2\n", "the column hours is there 2 times"),
    "a result already": (
        b"hours,material,risk\n1,steel,low\n",
        "there is a column risk already: choose another --prefix",
    ),
    "Latin-1 in its header": ("hours,materialé\n".encode("latin-1"), "not UTF-8"),
    "Latin-1 in a row": (
        b"hours,material\n" + b"1,steel\n" * 9000 + "1,é\n".encode("latin-1"),
        "not UTF-8",
    ),
    "UTF-16": ("hours,material\n1,steel\n".encode("utf-16"), "not UTF-8"),
    "a short row": (b"hours,material\n1,steel\n1\n", "line 3: 1 cells where the header has 2"),
    "a long row": (b"hours,material\n1,steel,9\n", "line 2: 3 cells where the header has 2"),
    "an open quote": (b'hours,material\n1,"steel\n', "line 2: unexpected end of data"),
    "text after a quote": (b'hours,material\n1,"ste"el\n', "line 2: "),
    "a cell without end": (
        b'hours,material\n1,"' + b"x\n" * 200_000,
        "field larger than field limit",
    ),
    "a line without end": (b"hours,material\n" + b"1," * MAX_ROW, "a row of more than"),
    "a row without end": (
        b"hours,material\n" + b'"\n",' * MAX_ROW,
        "a row of more than",
    ),
}


@pytest.mark.parametrize(("body", "expected"), BROKEN.values(), ids=BROKEN)
def test_nothing_is_written_when_a_file_has(
    score: Command, tmp_path: Path, body: bytes, expected: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(body)
    status, said = score(source, tmp_path / "out.csv")
    assert status == 1
    assert said.startswith(f"{source}: "), said
    assert expected in said
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_column_that_is_nearly_a_feature_is_mentioned(score: Command, tmp_path: Path) -> None:
    """It would be unknown otherwise, in every row, and nobody the wiser."""
    source = tmp_path / "in.csv"
    source.write_text("hours,material,Inlet (bar),name\n1,steel,2,x\n")
    status, said = score(source, tmp_path / "out.csv")
    assert status == 0
    assert said.splitlines()[0] == "'Inlet (bar)' is ignored: should it be inlet_bar?"
    assert len(said.splitlines()) == 2


def test_a_scored_file_can_be_scored_again_with_a_prefix(score: Command, tmp_path: Path) -> None:
    source, once, twice = (tmp_path / name for name in ("in.csv", "once.csv", "twice.csv"))
    source.write_text(f"hours,material\n{GOOD}\n")
    assert score(source, once)[0] == 0
    assert score(once, twice, "--prefix", "new_")[0] == 0
    (row,) = read(twice)
    assert all(row[name] == row[f"new_{name}"] for name in RESULTS)


def test_memory_does_not_grow_with_the_rows(pumps: Path, tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 200_000):
        source = tmp_path / f"{count}.csv"
        with source.open("w") as file:
            file.write("hours,material,note\n")
            file.writelines(f"{i % 100_000},steel,{i:0300}\n" for i in range(count))
        peaks.append(peak_memory(pumps, source, tmp_path / f"out{count}.csv"))
    assert peaks[1] - peaks[0] < 20_000_000, "the longer file has 55 MB more"
    assert peaks[1] < 200_000_000


def test_the_tiny_record_is_what_the_manifest_says(
    score: Command, tmp_path: Path, sealed: Manifest
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(
        written(sealed, [{k: "" if v is None else str(v) for k, v in tiny.RECORD.items()}], ",")
    )
    score(source, target)
    assert float(read(target)[0]["probability"]) == pytest.approx(
        sealed.example.probability, abs=1e-12
    )
