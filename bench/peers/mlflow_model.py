"""MLflow: `-m bench.peers.mlflow_model FOLDER` saves the model for `mlflow models serve`."""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import mlflow

from bench.peers import engine

if __name__ == "__main__":
    folder = sys.argv[1]
    if engine.ENGINE == "sklearn":
        mlflow.sklearn.save_model(
            joblib.load(engine.estimator_file()),
            folder,
            serialization_format="cloudpickle",
            pyfunc_predict_fn="predict_proba",
            pip_requirements=[],
        )
    else:
        code = str(Path(__file__).with_name("mlflow_compiled.py"))
        mlflow.pyfunc.save_model(folder, python_model=code, pip_requirements=[])
