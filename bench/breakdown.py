"""Where each microsecond of a request goes: the parts of the path, each timed alone in one process,
and what a whole request costs the API's process under load."""

from __future__ import annotations

import asyncio
import io
import time
import timeit
from collections.abc import Callable
from typing import Any

from bench import load, model
from bench.contenders import API, BARE, QUIET
from bench.ratios import spread
from bench.redis_server import RECORDS, RedisServer
from bench.results import runs
from bench.rounds import Plan, all_of, as_json, of
from bench.tables import table
from riskspace import logs, settings
from riskspace.api.__main__ import settle
from riskspace.api.encoder import Encoder
from riskspace.backend import Backend, assemble
from riskspace.ids import new_id, new_ids
from riskspace.model.decoder import Decoder
from riskspace.model.package import load as load_package
from riskspace.service import form_of
from riskspace.store.entries import Fields, PredictionLine
from riskspace.store.protocol import Mark, Stream
from riskspace.store.records import Records

TOGETHER = 16
_TIMES = 7


def measure(plan: Plan) -> dict[str, Any]:
    """Microseconds by part, and the runs of the HTTP server alone and of the API."""
    measured = all_of((BARE, QUIET, API), plan)
    with RedisServer() as redis:
        environ = {"REDIS_HOST": load.HOST, "REDIS_PORT": str(redis.port)}
        parts = _parts(environ)
    return {"parts": parts, "runs": as_json(measured)}


def as_table(figures: dict[str, Any]) -> str:
    found = runs(figures)
    server, quiet, api = (
        spread([run.cpu for run in of(found, one.name)]).median for one in (BARE, QUIET, API)
    )
    rows: list[tuple[str, float]] = [
        ("the HTTP server: one request in, one answer out (under load)", server),
        *figures["parts"].items(),
        ("**a whole request under load, log and records off**", quiet),
        ("**a whole request under load, as a user runs it**", api),
    ]
    return table(["part", "µs a request"], [[name, f"{value:.1f}"] for name, value in rows])


def _parts(environ: dict[str, str]) -> dict[str, float]:
    manifest = model.manifest()
    body = model.example_body()
    chosen = settings.load({"MODEL_PATH": str(model.FOLDER), "LOGGING_HANDLER": "redis", **environ})
    backend = assemble(chosen, logs.configure(chosen, io.StringIO()), lambda _: None)
    service, engine = backend.service, load_package(model.FOLDER).engine
    service.engine = engine
    settle()
    decoder = Decoder(manifest)
    encoder = Encoder(manifest.name, manifest.version, manifest.threshold)
    inputs = decoder.record(body)
    assert inputs is not None
    row = decoder.row(inputs)
    one, many = decoder.matrix([row]), decoder.matrix([row] * TOGETHER)
    answer = service.answer(*service.assess_json(body))
    line = PredictionLine(1.7e9, 1, answer.probability, new_id(), new_id())
    form = form_of(manifest)
    records = Records(
        1.7e9, new_ids(TOGETHER), [answer.probability] * TOGETHER, [1e-4] * TOGETHER,
        [*new_ids(TOGETHER)], many.tobytes(),
    )  # fmt: skip
    text = logs.TextFormatter().line
    record = form.entries(records, 0, 1)[0]
    to_redis = asyncio.run(_redis(backend, line.fields(), record))
    each = TOGETHER
    together = f"of {TOGETHER} together"
    return {
        "decoding and validating the body": _micro(lambda: decoder.record(body)),
        "the record as a row of numbers": _micro(lambda: decoder.row(inputs)),
        "the row as a matrix, alone": _micro(lambda: decoder.matrix([row])),
        f"the row as a matrix, {together}": _micro(lambda: decoder.matrix([row] * each)) / each,
        "the engine, one row": _micro(lambda: engine.probabilities(one)),
        f"the engine, a row {together}": _micro(lambda: engine.probabilities(many)) / each,
        f"all of the service's part, a request {together}: waiting for the others, row, engine, "
        "band, ids, queueing what is written": asyncio.run(_service(backend, inputs)),
        "the answer as JSON": _micro(lambda: encoder.prediction(answer)),
        "behind the request: the line on standard output": _micro(lambda: text(line)),
        "behind the request: the log's entry": _micro(line.fields),
        "behind the request: the record's entry": _micro(lambda: form.entries(records, 0, each))
        / each,
        "behind the request: both entries, packed and sent to Redis by the hundred": to_redis,
    }


async def _service(backend: Backend, inputs: Any) -> float:
    """Of so many requests at once, one's part."""

    async def turn() -> None:
        predict = backend.service.predict_together
        await asyncio.gather(*(predict(inputs, "0" * 32) for _ in range(TOGETHER)))

    return await _micro_async(turn, 200) / TOGETHER


async def _redis(backend: Backend, line: Fields, record: Fields) -> float:
    """Processor time of this process for one request's two entries."""
    hundred = 100
    lines, records = [line] * hundred, [record] * hundred
    records_stream = Stream(RECORDS, backend.settings.redis_records_max_size)
    streams = backend.logbook.stream, records_stream

    async def turn() -> None:
        await backend.store.append(streams[0], lines, Mark(new_id(), 0))
        await backend.store.append(streams[1], records, Mark(new_id(), 0))

    found = await _micro_async(turn, 50) / hundred
    await backend.store.close()
    return found


def _micro(call: Callable[[], object]) -> float:
    """The best of several: what disturbs only adds."""
    timer = timeit.Timer(call)
    number, _ = timer.autorange()
    return min(timer.repeat(_TIMES, max(number // 4, 1))) / max(number // 4, 1) * 1e6


async def _micro_async(call: Callable[[], Any], number: int) -> float:
    found = []
    for _ in range(_TIMES):
        started = time.process_time()
        for _ in range(number):
            await call()
        found.append((time.process_time() - started) / number * 1e6)
    return min(found)
