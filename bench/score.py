"""`riskspace score` on a Parquet file next to the engine alone on arrays in memory:
`python -m bench.score --rows 10_000_000`. Rounds of both, one after the other."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from bench.model import FOLDER
from bench.ratios import Spread, ratios, spread
from riskspace.model import package
from riskspace.model.engine import Engine
from riskspace.model.manifest import Feature
from riskspace.scoring.assessor import COMPILED_ROWS
from riskspace.scoring.command import CHUNK

GROUP = 1 << 17
# Of a feature's values: unknown where it may be, and anywhere in its bounds, not as trained.
UNKNOWN = 0.1
UNUSUAL = 0.02

Random = np.random.Generator
Numbers = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.score", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="for the files; default: a temporary one")
    chosen = parser.parse_args()
    loaded = package.load(FOLDER)
    features = loaded.manifest.features
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        source = Path(folder) / "in.parquet"
        write(source, features, chosen.rows)
        rounds = [
            (
                scored(source),
                alone(loaded.engine, features, COMPILED_ROWS, chosen.rows),
                alone(loaded.engine, features, CHUNK, chosen.rows),
            )
            for _ in range(chosen.rounds)
        ]
    scores, small, large = zip(*rounds, strict=True)
    score, peaks = zip(*scores, strict=True)
    show("riskspace score, rows/s", spread(score))
    show(f"engine alone, {COMPILED_ROWS} rows a call, rows/s", spread(small))
    show(f"engine alone, {CHUNK} rows a call, rows/s", spread(large))
    show("score to engine alone, called as score calls it", ratios(score, small), ".2f")
    show("score to engine alone, a call a chunk", ratios(score, large), ".2f")
    show("peak memory of score, MB", spread(peaks))


def scored(source: Path) -> tuple[float, float]:
    """Rows a second of the command, from the start of its process to the end, and the most MB that
    it held: by its own word, for what a parent is told includes the parent's own pages."""
    rows: int = parquet.read_metadata(source).num_rows
    program = (
        "import sys; from riskspace.cli import main; status = main(sys.argv[1:]);"
        "print(next(line for line in open('/proc/self/status') if 'VmHWM' in line));"
        "sys.exit(status)"
    )
    files = [str(source), str(source.with_name("out.parquet"))]
    started = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", program, "score", *files, "--force", "--package", str(FOLDER)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds = time.perf_counter() - started
    return rows / seconds, int(ran.stdout.split()[1]) / 1024


def alone(engine: Engine, features: tuple[Feature, ...], rows: int, total: int) -> float:
    """Rows a second of the engine on a matrix that is there already, called again and again."""
    random = np.random.default_rng(0)
    matrix = np.stack([column(feature, random, CHUNK) for feature in features], axis=1)
    parts = [np.ascontiguousarray(matrix[i : i + rows]) for i in range(0, CHUNK, rows)]
    calls = max(1, total // CHUNK)
    engine.probabilities(parts[0])
    started = time.perf_counter()
    for _ in range(calls):
        for part in parts:
            engine.probabilities(part)
    return calls * CHUNK / (time.perf_counter() - started)


def write(path: Path, features: tuple[Feature, ...], rows: int) -> None:
    """Valid records and a column beside them that names each."""
    writer = None
    for start, table in tables(features, rows):
        numbered = table.add_column(0, "row", pa.array(range(start, start + table.num_rows)))
        writer = writer or parquet.ParquetWriter(path, numbered.schema)
        writer.write_table(numbered)
    if writer is not None:
        writer.close()


def tables(features: tuple[Feature, ...], rows: int) -> Iterator[tuple[int, pa.Table]]:
    random = np.random.default_rng(1)
    for start in range(0, rows, GROUP):
        count = min(GROUP, rows - start)
        yield (
            start,
            pa.table({f.name: array(f, column(f, random, count)) for f in features}),
        )


def column(feature: Feature, random: Random, count: int) -> Numbers:
    """Values as the engine takes them."""
    if feature.bounds is None:
        values = random.integers(0, len(feature.values) or 2, count).astype(np.float64)
    else:
        values = random.uniform(*(feature.trained or feature.bounds), count)
        unusual = random.random(count) < UNUSUAL
        values[unusual] = random.uniform(*feature.bounds, int(unusual.sum()))
        values = np.floor(values) if feature.type == "integer" else np.round(values, 1)
    if not feature.required:
        values[random.random(count) < UNKNOWN] = np.nan
    return values


def array(feature: Feature, values: Numbers) -> pa.Array:
    """The same as a file has them."""
    unknown = np.isnan(values)
    if feature.type == "number":
        return pa.array(values, mask=unknown)
    codes = np.where(unknown, 0, values).astype(np.int64)
    if feature.type == "integer":
        return pa.array(codes, mask=unknown)
    if feature.type == "boolean":
        return pa.array(codes.astype(bool), mask=unknown)
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=unknown), pa.array(feature.values)
    ).dictionary_decode()


def show(name: str, figures: Spread, form: str = ",.0f") -> None:
    sys.stdout.write(
        f"{name}: {figures.median:{form}} ({figures.low:{form}} to {figures.high:{form}})\n"
    )


if __name__ == "__main__":
    main()
