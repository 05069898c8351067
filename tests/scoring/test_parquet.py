"""Parquet in, the same Parquet out with answers as columns; and what crosses to and from CSV."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tiny
from pyarrow import parquet
from real import ROOT
from scoring.scored import RESULTS, Command, peak_memory

from riskspace.model.package import Package
from riskspace.model.schema import Schema

ROWS: list[dict[str, Any]] = [
    tiny.RECORD,
    {**tiny.RECORD, "hours": 50_000, "inlet_bar": None, "liquid": "oil"},
    {**tiny.RECORD, "material": "gold", "outlet_bar": 101.0},
    {**tiny.RECORD, "outdoor": None, "material": "bronze"},
    {**tiny.RECORD, "hours": None},
    {**tiny.RECORD, "inlet_bar": 20.0},
]


def table(rows: list[dict[str, Any]] = ROWS, **columns: Any) -> pa.Table:
    made = pa.table({name: [row[name] for row in rows] for name in tiny.RECORD})
    for name, column in columns.items():
        at = made.schema.get_field_index(name)
        made = made.append_column(name, column) if at < 0 else made.set_column(at, name, column)
    return made


def scored(score: Command, folder: Path, source: pa.Table, *more: str, **how: Any) -> pa.Table:
    parquet.write_table(source, folder / "in.parquet", **how)
    status, said = score(folder / "in.parquet", folder / "out.parquet", "--force", *more)
    assert status == 0, said
    return parquet.read_table(folder / "out.parquet")


def test_a_row_has_its_answer_in_the_columns_behind_it(
    score: Command, tmp_path: Path, loaded: Package
) -> None:
    found = scored(score, tmp_path, table())
    assert found.column_names == [*tiny.RECORD, *RESULTS]
    assert found.select(list(tiny.RECORD)).equals(table())
    schema, manifest = Schema(loaded.manifest), loaded.manifest
    for row, answer in zip(ROWS, found.select(RESULTS).to_pylist(), strict=True):
        record = schema.check(row)
        if isinstance(record, tuple):
            errors = " ".join(f"{error.field}:{error.code}" for error in record)
            assert answer == {**dict.fromkeys(RESULTS), "errors": errors}
            continue
        (probability,) = loaded.probabilities([record])
        assert answer["probability"] == pytest.approx(probability, abs=1e-12)
        assert answer["prediction"] == (probability >= manifest.threshold)
        assert answer["risk"] == manifest.band(probability).name
        warnings = " ".join(f"{w.field}:{w.code}" for w in schema.warnings(record))
        assert (answer["warnings"] or "") == warnings
        assert answer["errors"] is None


def test_columns_are_typed_as_a_reader_expects(score: Command, tmp_path: Path) -> None:
    schema = scored(score, tmp_path, table()).schema
    kinds = [pa.int8(), pa.float64(), pa.string(), pa.string(), pa.string()]
    assert [schema.field(name).type for name in RESULTS] == kinds


TAKEN: dict[str, tuple[str, Any]] = {
    "small integers": ("hours", pa.array([20_000] * 6, pa.int32())),
    "unsigned integers": ("hours", pa.array([20_000] * 6, pa.uint64())),
    "floats": ("hours", pa.array([20_000.0] * 6, pa.float32())),
    "half floats": ("inlet_bar", pa.array(np.full(6, 2.5, np.float16))),
    "decimals": ("inlet_bar", pa.array([Decimal("2.50")] * 6, pa.decimal128(10, 2))),
    "numbers as text": ("inlet_bar", pa.array(["2.5", " 2.5 ", "25e-1"] * 2)),
    "numbers as large text": ("inlet_bar", pa.array(["2.5"] * 6, pa.large_string())),
    "numbers as a dictionary": ("hours", pa.array([20_000] * 6).dictionary_encode()),
    "a boolean as numbers": ("outdoor", pa.array([1] * 6, pa.int8())),
    "a boolean as floats": ("outdoor", pa.array([1.0] * 6)),
    "a boolean as text": ("outdoor", pa.array(["yes", "True", "1"] * 2)),
    "a choice as a dictionary": ("material", pa.array(["steel"] * 6).dictionary_encode()),
    "a choice as large text": ("material", pa.array(["steel"] * 6, pa.large_string())),
    "a choice as viewed text": ("material", pa.array(["steel"] * 6, pa.string_view())),
    "nothing but nulls": ("liquid", pa.nulls(6)),
    "nulls of text": ("liquid", pa.nulls(6, pa.string())),
    "empty text": ("liquid", pa.array([""] * 6)),
    "nulls in a dictionary": ("liquid", pa.array([None] * 6, pa.string()).dictionary_encode()),
}


@pytest.mark.parametrize(("name", "column"), TAKEN.values(), ids=TAKEN)
def test_a_feature_is_read_from(
    score: Command, tmp_path: Path, loaded: Package, name: str, column: Any
) -> None:
    source = table([tiny.RECORD] * 6, **{name: column})
    found = scored(score, tmp_path, source)
    assert found["errors"].null_count == 6, found["errors"]
    expected = loaded.manifest.example.probability
    assert found["probability"].to_pylist() == pytest.approx([expected] * 6, abs=1e-12)
    assert found[name].equals(parquet.read_table(tmp_path / "in.parquet")[name])


@pytest.mark.parametrize(
    ("name", "column", "expected"),
    [
        ("hours", pa.array([1.5] * 6), "hours:wrong_type"),
        ("hours", pa.array(["x"] * 6), "hours:wrong_type"),
        ("hours", pa.array([np.nan] * 6), "hours:missing"),
        ("hours", pa.array([-np.inf] * 6), "hours:not_finite"),
        ("inlet_bar", pa.array([np.inf] * 6), "inlet_bar:not_finite"),
        ("hours", pa.array([2**60] * 6), "hours:out_of_bounds"),
        ("outdoor", pa.array([2] * 6), "outdoor:wrong_type"),
        ("outdoor", pa.array([np.inf] * 6), "outdoor:wrong_type"),
        ("outdoor", pa.array(["perhaps"] * 6), "outdoor:wrong_type"),
        ("material", pa.array([None] * 6, pa.string()), "material:missing"),
        ("liquid", pa.array(["Water"] * 6), "liquid:not_a_choice"),
        ("liquid", pa.array(["Water"] * 6).dictionary_encode(), "liquid:not_a_choice"),
        ("inlet_bar", pa.array(["1_0"] * 6), "inlet_bar:wrong_type"),
    ],
)
def test_a_row_is_refused_for(
    score: Command, tmp_path: Path, name: str, column: Any, expected: str
) -> None:
    found = scored(score, tmp_path, table([tiny.RECORD] * 6, **{name: column}))
    assert found["errors"].to_pylist() == [expected] * 6
    assert found["probability"].null_count == 6


def test_nan_is_unknown_where_a_field_may_be(score: Command, tmp_path: Path) -> None:
    known = table([{**tiny.RECORD, "inlet_bar": None}] * 6)
    nan = known.set_column(2, "inlet_bar", pa.array([np.nan] * 6))
    null = scored(score, tmp_path, known)["probability"]
    assert scored(score, tmp_path, nan)["probability"].equals(null)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("hours", pa.array([True] * 6)),
        ("hours", pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 6)),
        ("material", pa.array([0] * 6)),
        ("material", pa.array([b"steel"] * 6)),
        ("outdoor", pa.array([[True]] * 6)),
    ],
)
def test_nothing_is_written_when_a_feature_s_column_can_t_hold_it(
    score: Command, tmp_path: Path, name: str, column: Any
) -> None:
    source = tmp_path / "in.parquet"
    parquet.write_table(table([tiny.RECORD] * 6, **{name: column}), source)
    status, said = score(source, tmp_path / "out.parquet")
    assert status == 1
    assert said.startswith(f"{source}: the column {name} is ")
    assert list(tmp_path.iterdir()) == [source]


def test_columns_that_are_not_the_model_s_are_kept_whatever_they_are(
    score: Command, tmp_path: Path
) -> None:
    source = table(
        id=pa.array(range(6)),
        when=pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 6),
        tags=pa.array([["a"], [], None, ["b", "c"], ["d"], [None]]),
        inner=pa.array([{"x": 1, "y": "z"}] * 6),
        category=pa.array(["a", "b"] * 3).dictionary_encode(),
        raw=pa.array([b"\x00\xff"] * 6),
        empty=pa.nulls(6),
    ).replace_schema_metadata({"owner": "me"})
    found = scored(score, tmp_path, source)
    as_read = parquet.read_table(tmp_path / "in.parquet")
    assert found.select(source.column_names).equals(as_read, check_metadata=True)


def test_a_table_of_pandas_is_one_again(score: Command, tmp_path: Path) -> None:
    frame = table(kind=pa.array(["a", "b"] * 3).dictionary_encode()).to_pandas()
    frame.index = [f"row {i}" for i in range(6)]
    found = scored(score, tmp_path, pa.Table.from_pandas(frame)).to_pandas()
    assert found[list(frame)].equals(frame)


@pytest.mark.parametrize("chunk", ["1", "7", "1000", "100000"])
def test_the_order_of_the_rows_is_kept(
    score: Command, tmp_path: Path, loaded: Package, chunk: str
) -> None:
    count = 200 if chunk == "1" else 5_000
    hours = random.Random(3).sample(range(100_000), count)
    rows = [{**tiny.RECORD, "hours": h, "material": "steel" if h % 3 else "?"} for h in hours]
    found = scored(score, tmp_path, table(rows), "--chunk", chunk, row_group_size=333)
    assert found["hours"].to_pylist() == hours
    for row, answer in zip(rows, found.to_pylist(), strict=True):
        if row["material"] == "?":
            assert answer["errors"] == "material:not_a_choice"
        else:
            alone = loaded.probabilities([row])[0]
            assert answer["probability"] == pytest.approx(alone, abs=1e-12)


def test_a_file_without_rows_is_answered_by_one(score: Command, tmp_path: Path) -> None:
    found = scored(score, tmp_path, table([tiny.RECORD]).slice(0, 0))
    assert found.num_rows == 0
    assert found.column_names == [*tiny.RECORD, *RESULTS]


def test_parquet_becomes_csv_and_back(score: Command, tmp_path: Path) -> None:
    source = table(note=pa.array(['a"b', "c,d", None, "é", "", "f\ng"]))
    direct = scored(score, tmp_path, source).to_pylist()
    assert score(tmp_path / "in.parquet", tmp_path / "out.csv")[0] == 0
    assert score(tmp_path / "out.csv", tmp_path / "again.parquet", "--prefix", "new_")[0] == 0
    for row, other in zip(
        direct, parquet.read_table(tmp_path / "again.parquet").to_pylist(), strict=True
    ):
        assert other["note"] == (row["note"] or None)
        assert other["hours"] == (None if row["hours"] is None else str(row["hours"]))
        for name in RESULTS:
            assert other[f"new_{name}"] == row[name]
            assert other[name] == (None if row[name] is None else str(row[name]))


def test_csv_becomes_parquet_of_text(score: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("hours;material;id\n20000;steel;007\n-1;steel;\n")
    assert score(tmp_path / "in.csv", tmp_path / "out.parquet")[0] == 0
    first, second = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert (first["hours"], first["id"], second["id"]) == ("20000", "007", None)
    assert isinstance(first["probability"], float)
    assert second["errors"] == "hours:out_of_bounds"


def test_what_the_other_format_can_t_hold_is_refused(score: Command, tmp_path: Path) -> None:
    parquet.write_table(table(tags=pa.array([["a"]] * 6)), tmp_path / "in.parquet")
    status, said = score(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert (status, "CSV can't hold the column 'tags'" in said) == (1, True)
    (tmp_path / "in.csv").write_text("hours,material,a,a\n1,steel,2,3\n")
    status, said = score(tmp_path / "in.csv", tmp_path / "out.parquet")
    assert (status, "Parquet can't have two columns named 'a'" in said) == (1, True)
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "in.parquet"}


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _damaged(content: bytes) -> bytes:
    """Its footer is whole, what it leads to isn't."""
    return content[:4] + b"\xff" * (len(content) * 3 // 4) + content[4 + len(content) * 3 // 4 :]


@pytest.mark.parametrize("broken", [_truncated, _damaged, lambda _: b"", lambda _: b"hours\n1\n"])
def test_nothing_is_written_when_a_file_is_broken(
    score: Command, tmp_path: Path, broken: Any
) -> None:
    source = tmp_path / "in.parquet"
    hours = random.Random(5).choices(range(100_000), k=100_000)
    rows = table([tiny.RECORD] * 100_000, hours=pa.array(hours), id=pa.array(range(100_000)))
    parquet.write_table(rows, source, use_dictionary=False)
    source.write_bytes(broken(source.read_bytes()))
    status, said = score(source, tmp_path / "out.parquet")
    assert status == 1
    assert said.startswith(f"{source}: can't be read as Parquet: "), said
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [source]


def test_a_missing_column_is_named_before_anything_is_written(
    score: Command, tmp_path: Path
) -> None:
    source = tmp_path / "in.parquet"
    parquet.write_table(table().rename_columns(["Hours", *list(tiny.RECORD)[1:]]), source)
    status, said = score(source, tmp_path / "out.parquet")
    assert status == 1
    assert said == (
        f"{source}: no column hours, which the model requires;"
        " 'Hours' is ignored: should it be hours?\n"
    )
    assert list(tmp_path.iterdir()) == [source]


def test_parquet_without_pyarrow_names_what_to_install(pumps: Path, tmp_path: Path) -> None:
    parquet.write_table(table(), tmp_path / "in.parquet")
    (tmp_path / "in.csv").write_text("hours,material\n1,steel\n")
    program = (
        "import sys; sys.modules['pyarrow'] = sys.modules['tqdm'] = None;"
        "from riskspace.cli import main; sys.exit(main(sys.argv[1:]))"
    )

    def run(source: str, target: str) -> tuple[int, str]:
        ran = subprocess.run(
            [sys.executable, "-c", program, "score", source, target, "--package", str(pumps)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
        )
        return ran.returncode, ran.stderr

    missing = (1, "Parquet needs pyarrow: pip install 'riskspace[bulk]'\n")
    assert run("in.parquet", "out.csv") == missing
    assert run("in.csv", "out.parquet") == missing
    assert run("in.csv", "out.csv")[0] == 0


def test_memory_does_not_grow_with_the_rows(pumps: Path, tmp_path: Path) -> None:
    """Even of a file that is one row group, as some programs write them."""
    peaks = []
    notes = pa.array([f"{i:0400}" for i in range(100)])
    for rows in (300_000, 1_000_000):
        source = tmp_path / f"{rows}.parquet"
        random_ = np.random.default_rng(1)
        columns = {
            "hours": pa.array(random_.integers(0, 100_000, rows)),
            "material": pa.array(["steel", "bronze"]).take(pa.array(random_.integers(0, 2, rows))),
            "note": notes.take(pa.array(np.arange(rows) % 100)),
        }
        parquet.write_table(pa.table(columns), source, row_group_size=rows)
        peaks.append(peak_memory(pumps, source, tmp_path / f"out{rows}.parquet"))
    assert peaks[1] - peaks[0] < 140_000_000, "the longer file has 280 MB more"
    assert peaks[1] < 600_000_000


def test_memory_is_bounded_when_rows_are_long(pumps: Path, tmp_path: Path) -> None:
    """And small in the file, where they repeat themselves."""
    rows, source = 4_000, tmp_path / "in.parquet"
    notes = pa.array(["x" * 100_000]).take(pa.array(np.zeros(rows, np.int64)))
    columns = {"hours": [1] * rows, "material": ["steel"] * rows, "note": notes}
    parquet.write_table(pa.table(columns), source)
    assert source.stat().st_size < 1_000_000
    assert peak_memory(pumps, source, tmp_path / "out.parquet") < 600_000_000
