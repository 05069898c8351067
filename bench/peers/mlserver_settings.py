"""MLServer: its own runtime for scikit-learn, or one around the compiled engine.

`-m bench.peers.mlserver_settings FOLDER PORT WORKERS BATCH` writes the settings that
`mlserver start FOLDER` reads: how many inference workers there are (0: it infers in the process of
its HTTP server), and how many requests it groups (0: none).
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, PandasCodec
from mlserver.types import InferenceRequest, InferenceResponse

from bench.peers import engine


class Compiled(MLModel):
    async def load(self) -> bool:
        self._probabilities = engine.compiled()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        table = self.decode_request(payload, default_codec=PandasCodec)
        answer = np.array(self._probabilities(table.to_dict("records")))
        output = NumpyCodec.encode_output("predict_proba", answer)
        return InferenceResponse(model_name=self.name, outputs=[output])


def write(folder: Path, port: int, workers: int, batch: int) -> None:
    """Without gRPC's and the metrics' usual ports, which may be taken."""
    settings = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": _free_port(),
        "metrics_port": _free_port(),
        "metrics_dir": str(folder / "metrics"),
        "environments_dir": str(folder / "environments"),
        "parallel_workers": workers,
    }
    sklearn = engine.ENGINE == "sklearn"
    runtime = (
        "mlserver_sklearn.SKLearnModel" if sklearn else "bench.peers.mlserver_settings.Compiled"
    )
    model: dict[str, Any] = {
        "name": "model",
        "implementation": runtime,
        "parameters": {"uri": str(engine.estimator_file()), "version": "1"},
    }
    if batch:
        model |= {"max_batch_size": batch, "max_batch_time": 0.005}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    folder, *numbers = sys.argv[1:]
    write(Path(folder), *map(int, numbers))
