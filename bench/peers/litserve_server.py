"""LitServe, with one worker and one HTTP server.

`-m bench.peers.litserve_server PORT BATCH [fast]`: BATCH is the size of its largest batch, and
`fast` asks for its queue over ZeroMQ. `decode_request` stays its own: it gives what came as JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import litserve

from bench.peers import engine

Record = Mapping[str, Any]


class Single(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:  # noqa: ARG002
        self.probabilities = engine.load()

    def predict(self, record: Any) -> Any:
        return self.probabilities([record])[0]

    def encode_response(self, output: float) -> dict[str, float]:
        return {"probability": output}


class Batched(Single):
    def batch(self, inputs: Sequence[Record]) -> Sequence[Record]:
        return inputs

    def predict(self, records: Any) -> Any:
        return self.probabilities(records)

    def unbatch(self, output: Sequence[float]) -> Sequence[float]:
        return output


if __name__ == "__main__":
    port, size, *fast = sys.argv[1:]
    most = int(size)
    api = Batched(max_batch_size=most, batch_timeout=0.005) if most > 1 else Single()
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=bool(fast))
    server.run(
        host="127.0.0.1",
        port=int(port),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
