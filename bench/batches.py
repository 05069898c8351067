"""A batch of 10 000 records in JSON: its parts alone, its inside, the whole call, and what others
notice of it."""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from bench import load, model
from bench.contenders import API
from bench.kept import KeptConnection
from bench.ratios import percentile
from bench.redis_server import RECORDS, RedisServer
from bench.rounds import Plan, say, serving
from bench.server import Server
from riskspace import logs, settings
from riskspace.api.__main__ import settle
from riskspace.api.encoder import Encoder
from riskspace.backend import assemble
from riskspace.model.decoder import Decoder
from riskspace.model.encoding import Matrix
from riskspace.model.package import load as load_package
from riskspace.service import PART
from riskspace.web.allocator import keep_freed_memory

ROWS = 10_000
REPEATS = 15
# Seconds from one call to the next, at least.
_PAUSE = 0.05

Call = Callable[[], object]


def batches(plan: Plan) -> dict[str, Any]:
    """Of each round the parts and the whole call, in turns (seconds, the best of several: what
    disturbs only adds), and how long a small request waited beside such calls (ms)."""
    body = _body()
    parts = _parts(body)
    contender = replace(API, name="batch", path="/predict/batch", body=body, probability=None)
    rounds = []
    for number in range(1, plan.rounds + 1):
        with serving(contender) as (server, redis):
            assert redis is not None
            with KeptConnection(server.port, contender.path, body) as connection:
                best = _in_turns({**parts, "call": connection.ask}, redis)
            quiet = _waits(server, plan.seconds / 2)
            with ThreadPoolExecutor(1) as pool:
                # Batch after batch over one connection, in the background.
                driving = pool.submit(
                    load.wrk, server.port, contender.path, server.body, plan.seconds, 1
                )
                beside = _waits(server, plan.seconds)
                driving.result()
        rounds.append({**best, "livez": beside, "livez_without": quiet})
        say(f"round {number} call {best['call']:.3f} s, longest wait {beside['longest']:.1f} ms")
    return {"rows": ROWS, "rounds": rounds}


def _in_turns(calls: Mapping[str, Call], redis: RedisServer) -> dict[str, float]:
    """The best time of each (s). A batch waits until there is room for its records, and a machine
    that waited is slow at first: so each is called after such a wait."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(REPEATS):
        for name, call in calls.items():
            began = time.perf_counter()
            redis.settled(RECORDS)
            time.sleep(max(0.0, _PAUSE + began - time.perf_counter()))
            started = time.perf_counter()
            call()
            found[name].append(time.perf_counter() - started)
    return {name: min(times) for name, times in found.items()}


def _parts(body: bytes) -> dict[str, Call]:
    """What a batch is made of, and all of that, in this process."""
    manifest = model.manifest()
    chosen = settings.load({"MODEL_PATH": str(model.FOLDER)})
    backend = assemble(chosen, logs.configure(chosen, io.StringIO()), lambda _: None)
    service, engine = backend.service, load_package(model.FOLDER).engine
    service.engine = engine
    keep_freed_memory()
    settle()
    encoder = Encoder(manifest.name, manifest.version, manifest.threshold)
    decoder = Decoder(manifest)
    parts = _decode(decoder, body)
    assert sum(map(len, parts)) == ROWS
    batch = service.predict_rows(body, csv=False).batch
    assert not batch.failed
    return {
        "decoding": lambda: _decode(decoder, body),
        "engine": lambda: [engine.probabilities(part) for part in parts],
        "encoding": lambda: encoder.batch(batch),
        "inside": lambda: encoder.batch(service.predict_rows(body, csv=False).batch),
    }


def _decode(decoder: Decoder, body: bytes) -> list[Matrix]:
    """A batch as the matrices that the engine is given."""
    records = decoder.batch(body)
    assert records is not None
    return [decoder.columns(records[i : i + PART]) for i in range(0, len(records), PART)]


def _body() -> bytes:
    """The example, its numbers moved a little, so that no two rows are alike."""
    random = np.random.default_rng(1)
    example = model.example()
    integers = {f.name for f in model.manifest().features if f.type == "integer"}

    def moved(name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        other = value * random.uniform(0.95, 1.05)
        return round(other) if name in integers else round(other, 1)

    rows = [{name: moved(name, value) for name, value in example.items()} for _ in range(ROWS)]
    return msgspec.json.encode({"records": rows})


def _waits(server: Server, seconds: float) -> dict[str, float]:
    """How long GET /livez took (ms), one after the other."""
    connection = http.client.HTTPConnection(load.HOST, server.port, timeout=30)
    waits = []
    until = time.perf_counter() + seconds
    while (started := time.perf_counter()) < until:
        connection.request("GET", "/livez")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        waits.append((time.perf_counter() - started) * 1000)
        time.sleep(0.001)
    connection.close()
    waits.sort()
    return {"p99": percentile(waits, 99), "longest": waits[-1]}
