"""Encoded records to probabilities."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from riskspace.model.encoding import Matrix

Probabilities = npt.NDArray[np.float64]

# The names of a compiled model's input and output.
INPUT = "x"
OUTPUT = "probability"
_FILES_FOR_TENSORS = "session.model_external_initializers_file_folder_path"
_NOWHERE = "/dev/null"  # not a folder


class Engine(Protocol):
    """Answers for the fitted estimator of one package. May be called from any thread."""

    def probabilities(self, matrix: Matrix) -> Probabilities:
        """The probability of the positive class of each row, shape (n,)."""


class CompiledEngine:
    """A model that was compiled to an ONNX graph in float64, on one thread: rows of one request
    are too few to share, and requests have a process each."""

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        # A model may name files that hold its tensors, and onnxruntime would look for them where
        # the process runs: https://github.com/microsoft/onnxruntime/pull/27430
        options.add_session_config_entry(_FILES_FOR_TENSORS, _NOWHERE)
        options.add_session_config_entry("session.load_model_format", "ONNX")
        self._run = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        ).run

    def probabilities(self, matrix: Matrix) -> Probabilities:
        answer: Probabilities = self._run([OUTPUT], {INPUT: matrix})[0]
        return answer
