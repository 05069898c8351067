"""The joint: where a record meets the model, and the answer meets the store."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from riskspace.errors import FieldError, NotReady, bad_input
from riskspace.logs import request_id
from riskspace.model import table
from riskspace.model.engine import Engine
from riskspace.model.manifest import Manifest, Record, Value
from riskspace.model.schema import MAX_ROW_ERRORS, InputWarning, Schema
from riskspace.store.entries import PredictionRecord
from riskspace.store.protocol import Stream
from riskspace.store.writer import Writer

logger = logging.getLogger("api")

# Records of one batch.
MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one record. `risk` is the name of the band."""

    prediction: int
    probability: float
    risk: str
    prediction_id: str
    warnings: tuple[InputWarning, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers to many records, in their order: a prediction, or what is wrong with the row."""

    batch_id: str
    rows: tuple[Prediction | tuple[FieldError, ...], ...]

    @property
    def errors(self) -> int:
        return sum(not isinstance(row, Prediction) for row in self.rows)


class Service:
    """Predicts with one package and records what it predicted. Without an engine (the package is
    still being verified and loaded) every prediction raises NotReady.

    `clock` gives seconds since the epoch, `timer` seconds that never go back, `new_id` an id that
    was never given before.
    """

    def __init__(
        self,
        manifest: Manifest,
        writer: Writer,
        records: Stream,
        *,
        record_inputs: bool = True,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        self.manifest = manifest
        self.schema = Schema(manifest)
        self.engine: Engine | None = None
        self._writer = writer
        self._records = records
        self._record_inputs = record_inputs
        self._clock = clock
        self._timer = timer
        self._new_id = new_id

    @property
    def ready(self) -> bool:
        return self.engine is not None

    def predict_json(self, body: bytes) -> Prediction:
        """Answers one record as it was sent.

        Raises MalformedBody where it isn't JSON, BadInput naming each wrong field where it is.
        """
        return self.predict(self.schema.parse(body))

    def predict_rows(self, body: bytes, *, csv: bool) -> Batch:
        """Answers up to MAX_ROWS records as they were sent, in CSV or else in JSON.

        Raises MalformedBody where it is neither, BadInput where the rows are too few or too many.
        """
        if csv:
            # One more than there may be is enough to know.
            rows: list[object] = list(islice(table.csv_rows(body, self.schema), MAX_ROWS + 1))
        else:
            rows = table.json_rows(body)
        if not 1 <= len(rows) <= MAX_ROWS:
            code, message = ("too_many", "has too many rows") if rows else ("too_few", "has no row")
            wrong = FieldError("records", code, message, f"from 1 to {MAX_ROWS} rows")
            raise bad_input([wrong])
        return self.predict_batch(rows)

    def predict(self, record: Record) -> Prediction:
        """Answers one valid record, keeps the prediction's record and logs one line."""
        started = self._timer()
        (probability,) = self._probabilities([record])
        answer = self._answer(record, probability)
        self._keep(answer, record, started)
        logger.info(
            "Prédiction effectuée: %d (prob=%.2f)",
            answer.prediction,
            answer.probability,
            extra={"prediction_id": answer.prediction_id},
        )
        return answer

    def predict_batch(self, rows: Sequence[object]) -> Batch:
        """Answers many records at once: a wrong row fails alone. Each valid row is recorded, and
        the batch is one line of the log."""
        started = self._timer()
        checked = [self.schema.check(row, MAX_ROW_ERRORS) for row in rows]
        valid = [row for row in checked if isinstance(row, dict)]
        probabilities = iter(self._probabilities(valid))
        batch_id = self._new_id()
        answers: list[Prediction | tuple[FieldError, ...]] = []
        for row in checked:
            if isinstance(row, dict):
                answer = self._answer(row, next(probabilities))
                self._keep(answer, row, started, batch_id)
                answers.append(answer)
            else:
                answers.append(row)
        batch = Batch(batch_id, tuple(answers))
        logger.info(
            "Lot de prédictions effectué (lignes: %d, refusées: %d, lot: %s)",
            len(rows),
            batch.errors,
            batch_id,
        )
        return batch

    def _probabilities(self, records: Sequence[Record]) -> list[float]:
        if self.engine is None:
            raise NotReady("The model is still being loaded.", headers={"Retry-After": "1"})
        answer: list[float] = self.engine.probabilities(records).tolist()
        return answer

    def _answer(self, record: Mapping[str, Value], probability: float) -> Prediction:
        return Prediction(
            prediction=int(probability >= self.manifest.threshold),
            probability=probability,
            risk=self.manifest.band(probability).name,
            prediction_id=self._new_id(),
            warnings=self.schema.warnings(record),
        )

    def _keep(
        self, answer: Prediction, record: Record, started: float, batch_id: str | None = None
    ) -> None:
        self._writer.put(
            self._records,
            PredictionRecord(
                id=answer.prediction_id,
                time=self._clock(),
                model=self.manifest.name,
                version=self.manifest.version,
                prediction=answer.prediction,
                probability=answer.probability,
                band=answer.risk,
                latency=self._timer() - started,
                inputs=record if self._record_inputs else None,
                batch_id=batch_id,
                request_id=request_id.get(),
            ),
        )
