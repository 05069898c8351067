"""How each peer is started: as its documentation advises for production, on this one machine, with
one worker, one OpenMP thread, and without an access log.

Where a peer groups requests, it is there with and without. A peer is asked in its own protocol, for
the same record.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import model
from bench.load import HOST
from bench.server import ROOT, Contender, ServerError

ENGINES = ("sklearn", "compiled")
PEERS = ("bentoml", "litserve", "mlserver", "mlflow")


def peers(engines: Sequence[str] = ENGINES, names: Sequence[str] = PEERS) -> list[Contender]:
    """Every setting of the named peers with each engine."""
    makers = {"bentoml": _bentoml, "litserve": _litserve, "mlserver": _mlserver, "mlflow": _mlflow}
    return [peer for engine in engines for name in names for peer in makers[name](engine)]


def _bentoml(engine: str) -> list[Contender]:
    def serve(service: str) -> Callable[[int, Path], Sequence[str]]:
        where = f"bench.peers.bentoml_service:{service}"
        return lambda port, _: [_bin("bentoml", "bentoml"), "serve", where, "--host", HOST,
                                "--port", str(port)]  # fmt: skip

    record = model.example()
    return [
        _peer("bentoml", "BentoML", engine, serve("Single"), {"record": record}, _field),
        _peer(
            "bentoml-batching",
            "BentoML, adaptive batching",
            engine,
            serve("Batched"),
            {"records": [record]},
            lambda answer: float(answer[0]),
        ),
    ]


def _litserve(engine: str) -> list[Contender]:
    def serve(*options: str) -> Callable[[int, Path], Sequence[str]]:
        program = [_bin("litserve", "python"), "-m", "bench.peers.litserve_server"]
        return lambda port, _: [*program, str(port), *options]

    settings = {
        "litserve": ("LitServe", ["1"]),
        "litserve-batching": ("LitServe, batches of 16", ["16"]),
        "litserve-fast": ("LitServe, batches of 16, fast queue", ["16", "fast"]),
    }
    return [
        _peer(name, title, engine, serve(*options), model.example(), _field)
        for name, (title, options) in settings.items()
    ]


def _mlserver(engine: str) -> list[Contender]:
    def serve(workers: int, batch: int) -> Callable[[int, Path], Sequence[str]]:
        def command(port: int, folder: Path) -> Sequence[str]:
            arguments = [str(folder), *map(str, (port, workers, batch))]
            _run("mlserver", engine, "bench.peers.mlserver_settings", *arguments)
            return [_bin("mlserver", "mlserver"), "start", str(folder)]

        return command

    asked = {
        "parameters": {"content_type": "pd"},
        "inputs": [_column(name, value) for name, value in model.example().items()],
        "outputs": [{"name": "predict_proba"}],
    }
    settings = {
        "mlserver": ("MLServer, in its process", 0, 0),
        "mlserver-worker": ("MLServer, one inference worker", 1, 0),
        "mlserver-batching": ("MLServer, in its process, adaptive batching", 0, 16),
        "mlserver-worker-batching": ("MLServer, one inference worker, adaptive batching", 1, 16),
    }
    return [
        _peer(name, title, engine, serve(workers, batch), asked, _last, "/v2/models/model/infer")
        for name, (title, workers, batch) in settings.items()
    ]


def _mlflow(engine: str) -> list[Contender]:
    def command(port: int, folder: Path) -> Sequence[str]:
        saved = str(folder / "model")
        _run("mlflow", engine, "bench.peers.mlflow_model", saved)
        options = ["--env-manager", "local", "--workers", "1", "--host", HOST, "--port", str(port)]
        return [_bin("mlflow", "mlflow"), "models", "serve", "--model-uri", saved, *options]

    record = model.example()
    asked = {"dataframe_split": {"columns": [*record], "data": [[*record.values()]]}}
    return [_peer("mlflow", "MLflow", engine, command, asked, _prediction, "/invocations")]


def _peer(
    name: str,
    title: str,
    engine: str,
    command: Callable[[int, Path], Sequence[str]],
    asked: Mapping[str, Any],
    probability: Callable[[Any], float],
    path: str = "/predict",
) -> Contender:
    inside = "" if engine == "sklearn" else ", the compiled engine inside"
    return Contender(
        name if engine == "sklearn" else f"{name}+compiled",
        title + inside,
        command,
        json.dumps(asked).encode(),
        path,
        _environ(name.partition("-")[0], engine),
        probability,
    )


def _environ(peer: str, engine: str) -> dict[str, str]:
    return {
        "PATH": f"{_bin(peer, '')}:{os.environ['PATH']}",
        "OMP_NUM_THREADS": "1",
        "BENCH_ENGINE": engine,
        "MODEL_PATH": str(model.FOLDER),
        "BENTOML_DO_NOT_TRACK": "True",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _run(peer: str, engine: str, module: str, *arguments: str) -> None:
    """What has to be there before a peer is started; it doesn't count as its start-up."""
    ran = subprocess.run(
        [_bin(peer, "python"), "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **_environ(peer, engine), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise ServerError(f"{module}: {ran.stderr[-1000:]}")


def _bin(peer: str, program: str) -> str:
    return str(ROOT / f"bench/.venv-{peer}/bin" / program)


def _column(name: str, value: Any) -> dict[str, Any]:
    """A tensor of one value in the Open Inference Protocol."""
    column: dict[str, Any] = {"name": name, "shape": [1], "data": [value]}
    if isinstance(value, str):
        return column | {"datatype": "BYTES", "parameters": {"content_type": "str"}}
    return column | {"datatype": "BOOL" if isinstance(value, bool) else "FP64"}


def _field(answer: Any) -> float:
    return float(answer["probability"])


def _last(answer: Any) -> float:
    """The class that is asked for comes last."""
    return float(answer["outputs"][0]["data"][-1])


def _prediction(answer: Any) -> float:
    (row,) = answer["predictions"]
    return float(row[-1] if isinstance(row, list) else row)
