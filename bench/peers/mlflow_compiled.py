"""The compiled engine as a model that MLflow loads from code."""

from __future__ import annotations

from typing import Any

import mlflow
import pandas as pd

from bench.peers import engine


class Compiled(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    def load_context(self, context: Any) -> None:  # noqa: ARG002
        self.probabilities = engine.compiled()

    def predict(self, context: Any, model_input: pd.DataFrame) -> list[float]:  # noqa: ARG002
        return self.probabilities(model_input.to_dict("records"))


mlflow.models.set_model(Compiled())
