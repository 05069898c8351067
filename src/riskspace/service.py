"""The joint: where a record meets the model, and the answer meets the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from riskspace.errors import FieldError, NotReady, bad_input
from riskspace.ids import new_id, new_ids
from riskspace.logs import request_id
from riskspace.microbatch import MicroBatch
from riskspace.model import table
from riskspace.model.decoder import Decoder, Inputs, Row
from riskspace.model.encoding import Matrix
from riskspace.model.engine import CompiledEngine, Engine
from riskspace.model.manifest import Manifest, Record
from riskspace.model.range import TrainedRange
from riskspace.model.schema import MAX_ROW_ERRORS, InputWarning, Schema
from riskspace.predictions import Batch, Prediction, RowErrors, RowPrediction
from riskspace.store.entries import PredictionLine, PredictionRecord
from riskspace.store.protocol import Stream
from riskspace.store.writer import Writer

logger = logging.getLogger("api")

# Records of one batch.
MAX_ROWS = 10_000


class Service:
    """Predicts with one package, records and logs what it predicted. Without an engine (the package
    is still being verified and loaded) every prediction raises NotReady.

    `tell` takes the log's line of a prediction; `clock` gives seconds since the epoch, `timer`
    seconds that never go back.
    """

    def __init__(
        self,
        manifest: Manifest,
        writer: Writer,
        records: Stream,
        *,
        record_inputs: bool = True,
        tell: Callable[[PredictionLine], None],
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.manifest = manifest
        self.schema = Schema(manifest)
        self.engine: Engine | None = None
        self._decoder = Decoder(manifest)
        self._range = TrainedRange(manifest)
        self._uppers = np.array([band.upper for band in manifest.bands[:-1]])
        self._bands = [band.name for band in manifest.bands]
        self._together: MicroBatch[Row, tuple[float, int, bool]] = MicroBatch(self._assess)
        self._writer = writer
        self._records = records
        self._record_inputs = record_inputs
        self._tell = tell
        self._clock = clock
        self._timer = timer

    @property
    def ready(self) -> bool:
        return self.engine is not None

    @property
    def quick(self) -> bool:
        """Whether a prediction takes microseconds, so that the event loop may wait for it."""
        return isinstance(self.engine, CompiledEngine)

    # --- One record ---------------------------------------------------------------------------

    def decode(self, body: bytes) -> Inputs | None:
        """A valid record, or None where `predict_json` has to look at it: it may be valid, too."""
        return self._decoder.record(body)

    async def predict_together(self, inputs: Inputs, request: str) -> Prediction:
        """Answers one decoded record of a request, together with those of the same moment."""
        started = self._timer()
        probability, band, usual = await self._together.ask(self._decoder.row(inputs))
        warnings = () if usual else self.schema.warnings(self._decoder.as_record(inputs))
        return self._answered(inputs, probability, band, warnings, started, request)

    def predict_json(self, body: bytes) -> Prediction:
        """Answers one record as it was sent.

        Raises MalformedBody where it isn't JSON, BadInput naming each wrong field where it is.
        """
        return self.predict(self.schema.parse(body))

    def predict(self, record: Record) -> Prediction:
        """Answers one valid record, keeps the prediction's record and logs one line."""
        started = self._timer()
        ((probability, band, _),) = self._assess([self._decoder.row_of(record)])
        warnings = self.schema.warnings(record)
        return self._answered(record, probability, band, warnings, started, request_id.get())

    def _answered(
        self,
        inputs: Any,
        probability: float,
        band: int,
        warnings: tuple[InputWarning, ...],
        started: float,
        request: str | None,
    ) -> Prediction:
        prediction = int(probability >= self.manifest.threshold)
        id_, now = new_id(), self._clock()
        self._writer.put(
            self._records,
            PredictionRecord(
                id_,
                now,
                self.manifest.name,
                self.manifest.version,
                prediction,
                probability,
                self._bands[band],
                self._timer() - started,
                inputs if self._record_inputs else None,
                None,
                request,
            ),
        )
        self._tell(PredictionLine(now, prediction, probability, request, id_))
        return Prediction(prediction, probability, self._bands[band], id_, warnings)

    # --- Many records -------------------------------------------------------------------------

    def predict_rows(self, body: bytes, *, csv: bool) -> Batch:
        """Answers up to MAX_ROWS records as they were sent, in CSV or else in JSON: a wrong row
        fails alone. Each valid row is recorded, and the batch is one line of the log.

        Raises MalformedBody where it is neither, BadInput where the rows are too few or too many.
        """
        rows: Sequence[object]
        if csv:
            # One more than there may be is enough to know.
            rows = list(islice(table.csv_rows(body, self.schema), MAX_ROWS + 1))
        else:
            rows = table.json_rows(body)
        if not 1 <= len(rows) <= MAX_ROWS:
            code, message = ("too_many", "has too many rows") if rows else ("too_few", "has no row")
            wrong = FieldError("records", code, message, f"from 1 to {MAX_ROWS} rows")
            raise bad_input([wrong])
        return self.predict_batch(rows)

    async def room(self) -> None:
        """Waits until the largest batch can be recorded without pushing other records out."""
        await self._writer.room(self._records, MAX_ROWS)

    def predict_batch(self, rows: Sequence[object]) -> Batch:
        """Answers many records at once; a row is decoded already, or the JSON of it."""
        started = self._timer()
        checked = [self._checked(row) for row in rows]
        valid = [
            (number, inputs)
            for number, inputs in enumerate(checked)
            if not isinstance(inputs, tuple)
        ]
        matrix = self._matrix([inputs for _, inputs in valid])
        probabilities, bands, usual = self._assessed(matrix)
        columns = (
            (probabilities >= self.manifest.threshold).astype(int).tolist(),
            probabilities.tolist(),
            [self._bands[band] for band in bands.tolist()],
            usual.tolist(),
        )
        batch_id, *ids = new_ids(1 + len(valid))
        self._keep_batch(valid, ids, columns, started, batch_id)
        answers = [
            RowPrediction(
                number,
                prediction,
                probability,
                risk,
                id_,
                () if is_usual else self.schema.warnings(self._as_record(inputs)),
            )
            for (number, inputs), id_, prediction, probability, risk, is_usual in zip(
                valid, ids, *columns, strict=True
            )
        ]
        errors = [
            RowErrors(number, wrong)
            for number, wrong in enumerate(checked)
            if isinstance(wrong, tuple)
        ]
        logger.info(
            "Lot de prédictions effectué (lignes: %d, refusées: %d, lot: %s)",
            len(rows),
            len(errors),
            batch_id,
        )
        results: list[RowPrediction | RowErrors] = [*answers, *errors]
        if errors:
            results.sort(key=_number)
        return Batch(batch_id, len(rows), len(errors), results)

    def _keep_batch(
        self,
        valid: Sequence[tuple[int, Inputs | Record]],
        ids: Sequence[str],
        columns: tuple[list[int], list[float], list[str], list[bool]],
        started: float,
        batch_id: str,
    ) -> None:
        now, latency, request = self._clock(), self._timer() - started, request_id.get()
        name, version, keep = self.manifest.name, self.manifest.version, self._record_inputs
        records = [
            PredictionRecord(
                id_,
                now,
                name,
                version,
                prediction,
                probability,
                risk,
                latency,
                inputs if keep else None,
                batch_id,
                request,
            )
            for (_, inputs), id_, prediction, probability, risk, _ in zip(
                valid, ids, *columns, strict=True
            )
        ]
        self._writer.put_all(self._records, records)

    def _checked(self, row: object) -> Inputs | Record | tuple[FieldError, ...]:
        if isinstance(row, msgspec.Raw):
            inputs = self._decoder.record(row)
            if inputs is not None:
                return inputs
            row = table.decoded(row)
        return self.schema.check(row, MAX_ROW_ERRORS)

    def _matrix(self, valid: Sequence[Inputs | Record]) -> Matrix:
        row, row_of = self._decoder.row, self._decoder.row_of
        return self._decoder.matrix(
            [row(inputs) if isinstance(inputs, Inputs) else row_of(inputs) for inputs in valid]
        )

    def _as_record(self, inputs: Inputs | Record) -> Record:
        return self._decoder.as_record(inputs) if isinstance(inputs, Inputs) else inputs

    # --- The model ----------------------------------------------------------------------------

    def _assess(self, rows: Sequence[Row]) -> list[tuple[float, int, bool]]:
        probabilities, bands, usual = self._assessed(self._decoder.matrix(rows))
        return list(zip(probabilities.tolist(), bands.tolist(), usual.tolist(), strict=True))

    def _assessed(self, matrix: Matrix) -> tuple[Any, Any, Any]:
        """Of each row its probability, the place of its band, and whether it needs no warning."""
        if self.engine is None:
            raise NotReady("The model is still being loaded.", headers={"Retry-After": "1"})
        probabilities = self.engine.probabilities(matrix)
        bands = self._uppers.searchsorted(probabilities, side="right")
        return probabilities, bands, self._range.usual(matrix)


def _number(answer: RowPrediction | RowErrors) -> int:
    return answer.row
