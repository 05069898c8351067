"""What else is promised of this API, each measured by a run of its own.

Each takes a plan and gives figures; what they must be is in `bars`.
"""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from bench import load, model
from bench.contenders import API
from bench.kept import KeptConnection
from bench.ratios import percentile
from bench.redis_server import RECORDS
from bench.rounds import Plan, all_of, as_json, say, serving
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

CROWDS = (16, 64, 256, 512)
ROWS = 10_000
PREDICTIONS = 1_000_000
REPEATS = 15


def workers(plan: Plan) -> dict[str, Any]:
    """One worker and two, in turns; what a request costs them is in `cpu`."""
    contenders = [
        replace(
            API,
            name=f"workers-{n}",
            environ={**API.environ, "WEB_CONCURRENCY": str(n)},
            processes=n,
        )
        for n in (1, 2)
    ]
    return {"runs": as_json(all_of(contenders, plan))}


def crowds(plan: Plan) -> dict[str, Any]:
    """Requests a second with more and more connections, on one server a round."""
    rounds = []
    for number in range(plan.rounds):
        rates = {}
        with serving(API) as (server, _):
            _drive(server, plan.warmup)
            turn = number % len(CROWDS)
            for connections in (*CROWDS[turn:], *CROWDS[:turn]):
                found = _drive(server, plan.seconds, connections)
                rates[connections] = round(found.rate, 1)
                say(f"round {number + 1} {connections} connections {found.rate:.0f}/s")
            server.check()
        rounds.append({str(connections): rates[connections] for connections in CROWDS})
    return {"rates": rounds}


def pace(plan: Plan) -> dict[str, Any]:
    """The 99th percentile (ms) at half of what the same server can do at most."""
    rounds = []
    for _ in range(plan.rounds):
        with serving(API) as (server, _redis):
            _drive(server, plan.warmup)
            most = _drive(server, plan.seconds).rate
            found = load.h2load(
                server.port, API.path, server.body, plan.seconds, most / 2, plan.warmup
            )
            server.check()
        rounds.append(
            {"capacity": round(most, 1), "rate": round(found.rate, 1), "p50": found.p50,
             "p99": found.p99, "longest": found.longest}
        )  # fmt: skip
        say(f"capacity {most:.0f}/s, at {found.rate:.0f}/s p99 {found.p99:.2f} ms")
    return {"rounds": rounds}


def endurance(plan: Plan) -> dict[str, Any]:
    """Memory (MB) of the API while it predicts a million times."""
    samples: list[tuple[int, float]] = []
    with serving(API) as (server, redis):
        done = _drive(server, plan.warmup).requests
        samples.append((done, round(server.memory, 1)))
        while done < PREDICTIONS:
            done += _drive(server, plan.seconds).requests
            samples.append((done, round(server.memory, 1)))
            say(f"{done} predictions, {samples[-1][1]:.1f} MB")
        server.check()
        assert redis is not None
        return {"samples": samples, "redis": round(redis.memory, 1)}


def batches(plan: Plan) -> dict[str, Any]:
    """A batch of 10 000 records in JSON: its parts alone, its inside, the whole call (seconds, the
    best of several: what disturbs only adds); and how long a small request waited beside (ms)."""
    body = _batch_body()
    found = _inside(body)
    contender = replace(API, name="batch", path="/predict/batch", body=body, probability=None)
    calls, waits, quiet = [], [], []
    for number in range(plan.rounds):
        with serving(contender) as (server, redis):
            assert redis is not None
            with KeptConnection(server.port, contender.path, body) as connection:
                for _ in range(REPEATS):
                    redis.settled(RECORDS)  # a batch waits until there is room for its records
                    calls.append(_timed(connection.ask))
            quiet.append(_waits(server, plan.seconds / 2, lambda: None))
            ended = _start_wrk(server, plan.seconds)
            waits.append(_waits(server, plan.seconds, ended))
            longest = waits[-1][-1]
            say(f"round {number + 1} call {min(calls):.3f} s, longest wait {longest:.1f} ms")
    found["call"] = min(calls)
    found["waits"] = [{"p99": percentile(w, 99), "longest": w[-1]} for w in waits]
    found["waits_without"] = [{"p99": percentile(w, 99), "longest": w[-1]} for w in quiet]
    return found


def _inside(body: bytes) -> dict[str, Any]:
    manifest = model.manifest()
    chosen = settings.load({"MODEL_PATH": str(model.FOLDER)})
    backend = assemble(chosen, logs.configure(chosen, io.StringIO()), lambda _: None)
    service, engine = backend.service, load_package(model.FOLDER).engine
    service.engine = engine
    keep_freed_memory()
    settle()
    encoder = Encoder(manifest.name, manifest.version, manifest.threshold)
    decoder = Decoder(manifest)

    def decoding() -> list[Matrix]:
        return decode(decoder, body)

    parts = decoding()
    assert sum(map(len, parts)) == ROWS
    batch = service.predict_rows(body, csv=False).batch
    assert not batch.failed
    return {
        "rows": ROWS,
        "decoding": _best(decoding),
        "engine": _best(lambda: [engine.probabilities(part) for part in parts]),
        "encoding": _best(lambda: encoder.batch(batch)),
        "inside": _best(lambda: encoder.batch(service.predict_rows(body, csv=False).batch)),
    }


def decode(decoder: Decoder, body: bytes) -> list[Matrix]:
    """A batch as the matrices that the engine is given."""
    records = decoder.batch(body)
    assert records is not None
    return [decoder.columns(records[i : i + PART]) for i in range(0, len(records), PART)]


def _batch_body() -> bytes:
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


def _start_wrk(server: Server, seconds: int) -> Callable[[], None]:
    """Batch after batch over one connection, in the background."""
    pool = ThreadPoolExecutor(1)
    running = pool.submit(_drive, server, seconds, 1)

    def ended() -> None:
        running.result()
        pool.shutdown()

    return ended


def _waits(server: Server, seconds: float, ended: Callable[[], None]) -> list[float]:
    """How long GET /livez took (ms), one after the other, shortest first."""
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
    ended()
    return sorted(waits)


def _drive(server: Server, seconds: int, connections: int = load.CONNECTIONS) -> load.Load:
    return load.wrk(server.port, server.contender.path, server.body, seconds, connections)


def _best(call: Callable[[], object]) -> float:
    return min(_timed(call) for _ in range(REPEATS))


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
