"""The proof that a graph answers as its estimator does."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pandas as pd
from threadpoolctl import threadpool_limits

from riskspace.model.encoding import Matrix, decode, encode
from riskspace.model.manifest import Band, Feature, Part
from riskspace.packaging.compiler import landmarks
from riskspace.packaging.errors import ProofFailed
from riskspace.packaging.generated import CHUNK, Generator
from riskspace.packaging.graph import INPUT, OUTPUT

TOLERANCE = 1e-12
# How many rows of a chunk are asked again one by one, as a server asks: a matrix of one row may
# be computed another way.
_ALONE = 200
# How many generated rows stand in for training rows where there are none.
_STAND_IN = 5_000
_NO_CATEGORY = "none of the categories"

Numbers = npt.NDArray[np.float64]


class Proof(Part):
    """What was compared, and the largest difference of probability found; class and band were
    the same in every row. Each row is compared as scikit-learn is asked and as the server asks.

    `missing_rows` are training rows with each optional input missing in turn, and with all of
    them missing; `null_rows` with each choice null in turn; `unknown_rows` with each choice
    outside its categories, where the estimator takes it for null as the server does. An edge is
    a value where the answer bends or jumps (of a tree's split, a spline's knot, a clip, a bound);
    met are those that a generated row lies just under, at and just over.
    """

    training_rows: int
    missing_rows: int
    null_rows: int
    unknown_rows: int
    generated_rows: int
    edges: int
    edges_met: int
    largest_difference: float
    tolerance: float = TOLERANCE
    opsets: dict[str, int]
    libraries: dict[str, str]


def prove(
    estimator: Any,
    model: bytes,
    *,
    features: Sequence[Feature],
    bands: Sequence[Band],
    threshold: float,
    rows: pd.DataFrame | None = None,
    generated: int = 100_000,
    seed: int = 0,
) -> Proof:
    """Compares a model with its estimator over training `rows`, a table as
    `riskspace.model.engine.frame` makes them, and over `generated` rows.

    A probability may differ by 1e-12; a class or band may not, be it that the probability is
    as close as that to the edge between two: whoever reads the answer sees the class.

    Raises ProofFailed, or NotCompilable where the estimator's edges can't be known.
    """
    generator = Generator(features, landmarks(estimator, features), np.random.default_rng(seed))
    pair = _Pair(estimator, model, features, [band.upper for band in bands], threshold)
    training = _training(pair, rows) if rows is not None else generator.rows(_STAND_IN)
    missing = sum(_missing(pair, training))
    nulls, unknown = _categories(pair, training)
    made = 0
    for chunk in generator.chunks(generated):
        pair.compare("generated rows", chunk)
        made += len(chunk)
    opsets = {
        item.domain or "ai.onnx": item.version for item in onnx.load_from_string(model).opset_import
    }
    return Proof(
        training_rows=0 if rows is None else len(training),
        missing_rows=missing,
        null_rows=nulls,
        unknown_rows=unknown,
        generated_rows=made,
        edges=generator.edges,
        edges_met=generator.edges_met,
        largest_difference=pair.largest,
        opsets=opsets,
        libraries={name: metadata.version(name) for name in ("onnx", "onnxruntime")},
    )


class _Pair:
    """The estimator and the model, side by side; `largest` is the largest difference so far."""

    def __init__(
        self,
        estimator: Any,
        model: bytes,
        features: Sequence[Feature],
        uppers: Sequence[float],
        threshold: float,
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.features = features
        self.largest = 0.0
        self._estimator = estimator
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._edges = np.array(uppers[:-1])
        self._threshold = threshold

    def compare(self, kind: str, matrix: Matrix, table: pd.DataFrame | None = None) -> None:
        """Asks both for the rows; `table` is them as scikit-learn takes them, where it isn't
        simply the matrix decoded."""
        table = self.table(matrix) if table is None else table
        try:
            expected = self.expected(table)
        except ValueError as error:
            why = f"the estimator refuses them ({type(error).__name__})"
            raise ProofFailed("answer", kind, why) from error
        self._check(kind, expected, self._answers(matrix))
        alone = [self._answers(matrix[i : i + 1]) for i in range(min(_ALONE, len(matrix)))]
        if alone:
            self._check(f"{kind}, one by one", expected[:_ALONE], np.concatenate(alone))

    def table(self, matrix: Matrix) -> pd.DataFrame:
        """The rows as `riskspace.model.engine.frame` has them."""
        columns = decode(self.features, matrix).items()
        return pd.DataFrame({name: pd.Series(v, dtype=v.dtype) for name, v in columns})

    def expected(self, table: pd.DataFrame) -> Numbers:
        """Raises ValueError where scikit-learn refuses a row."""
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")  # of unknown categories
            answer: Numbers = self._estimator.predict_proba(table)[:, 1]
        return answer

    def _answers(self, matrix: Matrix) -> Numbers:
        [answer] = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(matrix)})
        return np.asarray(answer, dtype=np.float64)

    def _check(self, kind: str, expected: Numbers, found: Numbers) -> None:
        difference = np.abs(expected - found)
        if not (difference <= TOLERANCE).all():
            count = int((~(difference <= TOLERANCE)).sum())
            worst = f"{np.nanmax(difference, initial=0.0):.3g}"
            why = f"{worst} at most, above {TOLERANCE:g} in {count} of {len(expected)} rows"
            raise ProofFailed("probability", kind, why)
        self.largest = max(self.largest, float(difference.max(initial=0.0)))
        for figure, edges in (("class", np.array([self._threshold])), ("band", self._edges)):
            other = self._side(expected, edges) != self._side(found, edges)
            if other.any():
                why = f"another one in {int(other.sum())} of {len(expected)} rows"
                raise ProofFailed(figure, kind, why)

    def _side(self, probabilities: Numbers, edges: Numbers) -> npt.NDArray[np.int64]:
        """How many edges each has reached."""
        return np.searchsorted(edges, probabilities, side="right")


def _training(pair: _Pair, rows: pd.DataFrame) -> Matrix:
    records: list[Any] = rows.to_dict("records")
    matrix = encode(pair.features, records)
    for start in range(0, len(rows), CHUNK):
        end = start + CHUNK
        pair.compare("training rows", matrix[start:end], rows.iloc[start:end])
    return matrix


def _missing(pair: _Pair, training: Matrix) -> Iterator[int]:
    optional = [i for i, feature in enumerate(pair.features) if not feature.required]
    cases = {f"training rows without {pair.features[i].name}": [i] for i in optional}
    if optional:
        cases["training rows without any optional input"] = optional
    for kind, positions in cases.items():
        for chunk in _chunks(training):
            chunk[:, positions] = np.nan
            pair.compare(kind, chunk)
            yield len(chunk)


def _categories(pair: _Pair, training: Matrix) -> tuple[int, int]:
    nulls = unknown = 0
    for index, feature in enumerate(pair.features):
        if feature.type != "choice":
            continue
        for chunk in _chunks(training):
            chunk[:, index] = np.nan
            table = pair.table(chunk)
            try:
                as_null = pair.expected(table)
            except ValueError:
                if not feature.required:
                    raise  # already found: an optional input can't be missing
                continue  # no such record reaches an engine
            pair.compare(f"training rows with {feature.name} null", chunk, table)
            nulls += len(chunk)
            table[feature.name] = pd.Series([_NO_CATEGORY] * len(chunk), dtype=object)
            try:
                same = np.array_equal(pair.expected(table), as_null)
            except ValueError:
                continue
            if same:
                pair.compare(f"training rows with {feature.name} unknown", chunk, table)
                unknown += len(chunk)
    return nulls, unknown


def _chunks(matrix: Matrix) -> Iterator[Matrix]:
    for start in range(0, len(matrix), CHUNK):
        yield matrix[start : start + CHUNK].copy()
