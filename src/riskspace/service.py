"""The joint: where a record meets the model, and the answer meets the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, repeat
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np

from riskspace.errors import BadInput, FieldError, bad_input
from riskspace.ids import new_id, new_ids
from riskspace.logs import request_id
from riskspace.microbatch import MicroBatch
from riskspace.model import table
from riskspace.model.assessor import Assessed, RowAssessor
from riskspace.model.decoder import Decoder, Inputs, Row
from riskspace.model.encoding import Matrix
from riskspace.model.engine import CompiledEngine, Engine
from riskspace.model.manifest import Feature, Manifest
from riskspace.model.schema import MAX_ERRORS, MAX_ROW_ERRORS, InputWarning, Schema
from riskspace.predictions import Batch, Prediction, RowErrors, RowPrediction
from riskspace.store.entries import PredictionLine
from riskspace.store.queues import RecordQueue
from riskspace.store.records import RecordForm, Records, Value

logger = logging.getLogger("api")

# Records of one batch.
MAX_ROWS = 10_000
_ROWS = f"from 1 to {MAX_ROWS} rows"
# Rows of a batch that go through together: what is made of them stays in a processor's cache.
PART = 1024


class Asked(NamedTuple):
    """A valid record, when it came (the timer's seconds) and with which request."""

    row: Row
    started: float
    request: str | None


class Answered(NamedTuple):
    """The answers to a batch, their records, and what those were decoded from: to let go of it
    takes a while, which is better spent once the answer has left."""

    batch: Batch
    records: Records
    decoded: object


class Service:
    """Predicts with one package, records and logs what it predicted. Without an engine (the package
    is still being verified and loaded) every prediction raises NotReady.

    What answers belongs to the event loop's thread; what assesses may run in any. `tell` takes the
    log's line of a prediction; `clock` gives seconds since the epoch, `timer` seconds that never go
    back.
    """

    def __init__(
        self,
        manifest: Manifest,
        records: RecordQueue,
        *,
        record_inputs: bool = True,
        tell: Callable[[PredictionLine], None],
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.manifest = manifest
        self.schema = Schema(manifest)
        self._decoder = Decoder(manifest)
        self._assessor = RowAssessor(manifest)
        self._form = form_of(manifest)
        self._together: MicroBatch[Asked, Prediction] = MicroBatch(self._predict)
        self._records = records
        self._record_inputs = record_inputs
        self._tell = tell
        self._clock = clock
        self._timer = timer

    @property
    def engine(self) -> Engine | None:
        return self._assessor.engine

    @engine.setter
    def engine(self, engine: Engine) -> None:
        self._assessor.engine = engine

    @property
    def ready(self) -> bool:
        return self.engine is not None

    @property
    def quick(self) -> bool:
        """Whether a prediction takes microseconds, so that the event loop may wait for it."""
        return isinstance(self.engine, CompiledEngine)

    # --- One record ---------------------------------------------------------------------------

    def decode(self, body: bytes) -> Inputs | None:
        """A valid record, or None where `assess_json` has to look at it: it may be valid, too."""
        return self._decoder.record(body)

    async def predict_together(self, inputs: Inputs, request: str) -> Prediction:
        """Answers one decoded record of a request, together with those of the same moment."""
        return await self._together.ask(Asked(self._decoder.row(inputs), self._timer(), request))

    def assess_json(self, body: bytes) -> tuple[Asked, Assessed]:
        """One record as it was sent, for `answer`.

        Raises MalformedBody where it isn't JSON, BadInput naming each wrong field where it is.
        """
        record = self.schema.parse(body)
        asked = Asked(self._decoder.row_of(record), self._timer(), request_id.get())
        return asked, self._assessor.assess(self._decoder.matrix([asked.row]))

    def answer(self, asked: Asked, assessed: Assessed) -> Prediction:
        """Keeps the prediction's record and logs one line."""
        (prediction,) = self._answers([asked], assessed)
        return prediction

    def _predict(self, asked: Sequence[Asked]) -> list[Prediction]:
        rows = [one.row for one in asked]
        return self._answers(asked, self._assessor.assess(self._decoder.matrix(rows)))

    def _answers(self, asked: Sequence[Asked], assessed: Assessed) -> list[Prediction]:
        now, ended = self._clock(), self._timer()
        ids = [new_id() for _ in asked]
        bands, tell = self._form.bands, self._tell
        answers = []
        for i, (one, id_, probability, prediction, band, usual) in enumerate(
            zip(asked, ids, *assessed[1:], strict=True)
        ):
            tell(PredictionLine(now, prediction, probability, one.request, id_))
            warnings = () if usual else self._warnings(assessed.matrix, i)
            answers.append(Prediction(prediction, probability, bands[band], id_, warnings))
        # Last: were anything wrong with them, the long way would record them once more.
        self._records.put(
            Records(
                now,
                ids,
                assessed.probabilities,
                [ended - one.started for one in asked],
                [one.request for one in asked],
                assessed.matrix.tobytes() if self._record_inputs else b"",
            )
        )
        return answers

    # --- Many records -------------------------------------------------------------------------

    def predict_rows(self, body: bytes, *, csv: bool) -> Answered:
        """Answers up to MAX_ROWS records as they were sent, in CSV or else in JSON: a wrong row
        fails alone. `keep` it before it leaves; the batch is one line of the log.

        Raises MalformedBody where it is neither, BadInput where the rows are too few or too many.
        """
        started = self._timer()
        # Each value is an object once it is decoded, however little is written of it.
        most = MAX_ROWS * (len(self.schema.names) + MAX_ERRORS)
        if any(_occurrences(body, mark) > most for mark in (b";," if csv else b",")):
            raise _not_so_many("too_many", "has too many values", f"at most {most} values")
        decoded = None if csv else self._decoder.batch(body)
        if decoded is not None:
            _check_count(len(decoded))
            every = range(len(decoded))
            return Answered(*self._predict_parts(self._parts(decoded), every, [], started), decoded)
        rows: Sequence[object]
        if csv:
            # One more than there may be is enough to know.
            rows = list(islice(table.csv_rows(body, self.schema), MAX_ROWS + 1))
        else:
            rows = table.json_rows(body)
        _check_count(len(rows))
        checked = [self._checked(row) for row in rows]
        errors = [RowErrors(n, row) for n, row in enumerate(checked) if isinstance(row, tuple)]
        numbers = [n for n, row in enumerate(checked) if not isinstance(row, tuple)]
        valid = [row for row in checked if not isinstance(row, tuple)]
        parts = (self._decoder.matrix(valid),)
        return Answered(*self._predict_parts(parts, numbers, errors, started), checked)

    def keep(self, answered: Answered) -> None:
        """Keeps the records of a batch."""
        self._records.put(answered.records)

    def _predict_parts(
        self,
        parts: Iterable[Matrix],
        numbers: Sequence[int],
        errors: list[RowErrors],
        started: float,
    ) -> tuple[Batch, Records]:
        """Answers the valid rows of a batch, of which the others have errors."""
        batch_id, *ids = new_ids(1 + len(numbers))
        answers: list[RowPrediction] = []
        probabilities: list[float] = []
        inputs: list[bytes] = []
        for assessed in self._assessor.assess_parts(parts):
            start, stop = len(answers), len(answers) + len(assessed.matrix)
            answers += self._row_predictions(numbers[start:stop], ids[start:stop], assessed)
            probabilities += assessed.probabilities
            inputs.append(assessed.matrix.tobytes() if self._record_inputs else b"")
        results: list[RowPrediction | RowErrors] = [*answers, *errors]
        if errors:
            results.sort(key=attrgetter("row"))
        logger.info(
            "Lot de prédictions effectué (lignes: %d, refusées: %d, lot: %s)",
            len(results),
            len(errors),
            batch_id,
        )
        records = Records(
            self._clock(),
            ids,
            probabilities,
            [self._timer() - started],
            [request_id.get()],
            b"".join(inputs),
            batch_id,
        )
        return Batch(batch_id, len(results), len(errors), results), records

    def _row_predictions(
        self, numbers: Sequence[int], ids: Sequence[str], assessed: Assessed
    ) -> Iterable[RowPrediction]:
        warnings: Iterable[tuple[InputWarning, ...]] = repeat(())
        if not all(assessed.usual):
            warnings = (
                () if usual else self._warnings(assessed.matrix, i)
                for i, usual in enumerate(assessed.usual)
            )
        return map(
            RowPrediction,
            numbers,
            assessed.predictions,
            assessed.probabilities,
            map(self._form.bands.__getitem__, assessed.bands),
            ids,
            warnings,
        )

    def _parts(self, records: Sequence[Inputs]) -> Iterator[Matrix]:
        for start in range(0, len(records), PART):
            yield self._decoder.columns(records[start : start + PART])

    def _checked(self, row: object) -> Row | tuple[FieldError, ...]:
        if isinstance(row, msgspec.Raw):
            inputs = self._decoder.record(row)
            if inputs is not None:
                return self._decoder.row(inputs)
            row = table.decoded(row)
        record = self.schema.check(row, MAX_ROW_ERRORS)
        return record if isinstance(record, tuple) else self._decoder.row_of(record)

    def _warnings(self, matrix: Matrix, i: int) -> tuple[InputWarning, ...]:
        return self.schema.warnings(self._form.record(matrix[i].tolist()))


def form_of(manifest: Manifest) -> RecordForm:
    """How this model's records are put into words."""
    return RecordForm(
        manifest.name,
        manifest.version,
        manifest.threshold,
        [band.name for band in manifest.bands],
        [band.upper for band in manifest.bands[:-1]],
        [feature.name for feature in manifest.features],
        [_values(feature) for feature in manifest.features],
    )


def _values(feature: Feature) -> list[Value] | None:
    if feature.type == "boolean":
        return [False, True]
    return list(feature.values) or None


def _check_count(rows: int) -> None:
    if not rows:
        raise _not_so_many("too_few", "has no row", _ROWS)
    if rows > MAX_ROWS:
        raise _not_so_many("too_many", "has too many rows", _ROWS)


def _occurrences(body: bytes, byte: int) -> int:
    # Five times as fast as bytes.count.
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == byte))


def _not_so_many(code: str, message: str, accepted: str) -> BadInput:
    return bad_input([FieldError("records", code, message, accepted)])
