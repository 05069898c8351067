"""The graph that is being built: nodes and constants, and what is known of each tensor.

Every tensor has a row a record and a fixed number of columns, in float64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from riskspace.packaging.columns import Atom, Column, Numbers, Origin
from riskspace.packaging.errors import NotCompilable

INPUT, OUTPUT = "x", "probability"
TREES = "ai.onnx.ml"
OPSETS = {"": 21, TREES: 5}
IR_VERSION = 10


@dataclass(frozen=True, slots=True)
class Landmark:
    """Values of a column at which the estimator's answer has an edge or a bend."""

    origin: Origin
    values: Numbers


class Graph:
    """`exact` says that a column must be computed operation by operation as scikit-learn does,
    to the last bit, because trees compare it with thresholds; otherwise scaling is folded into
    what follows."""

    def __init__(self, width: int, *, exact: bool) -> None:
        self.exact = exact
        self.landmarks: list[Landmark] = []
        self._nodes: dict[str, NodeProto] = {}
        self._constants: dict[str, npt.NDArray[Any]] = {}
        self._known: dict[Any, str] = {}
        self._widths = {INPUT: width}
        self._complete: set[Atom] = set()
        self._path: list[str] = []

    @contextmanager
    def inside(self, step: str) -> Iterator[None]:
        self._path.append(step)
        yield
        self._path.pop()

    def refusal(self, reason: str) -> NotCompilable:
        return NotCompilable("/".join(self._path) or "the estimator", reason)

    def width(self, tensor: str) -> int:
        return self._widths[tensor]

    def is_complete(self, atoms: Iterable[Atom]) -> bool:
        """Whether columns are never NaN, but where the estimator refuses the whole row."""
        return self._complete.issuperset(atoms)

    def complete(self, tensor: str, positions: Iterable[int] | None = None) -> None:
        """Notes columns of a tensor as complete: all of them, where none are named."""
        known = range(self._widths[tensor]) if positions is None else positions
        self._complete.update((tensor, position) for position in known)

    def landmark(self, column: Column, values: npt.ArrayLike) -> None:
        known = np.unique(np.asarray(values, dtype=np.float64))
        if column.origin is not None:
            self.landmarks.append(Landmark(column.origin, known[np.isfinite(known)]))

    def constant(self, value: npt.ArrayLike, dtype: type = np.float64) -> str:
        array: npt.NDArray[Any] = np.ascontiguousarray(value, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = f"c{len(self._constants)}"
            self._constants[self._known[key]] = array
        return self._known[key]

    def node(self, op: str, *inputs: str, width: int, domain: str = "", **attributes: Any) -> str:
        """The tensor that an operator gives: the same one where the same was asked before."""
        made = helper.make_node(op, inputs, [""], domain=domain, **attributes)
        key = made.SerializeToString(deterministic=True)
        if key not in self._known:
            name = f"t{len(self._nodes)}"
            made.output[0] = name
            self._nodes[name] = made
            self._widths[name] = width
            self._known[key] = name
        return self._known[key]

    def each(self, op: str, tensor: str, *others: str, **attributes: Any) -> str:
        """An operator on each element, which gives NaN for NaN only."""
        result = self.node(op, tensor, *others, width=self._widths[tensor], **attributes)
        self.complete(
            result, [p for p in range(self.width(tensor)) if (tensor, p) in self._complete]
        )
        return result

    def gather(self, tensor: str, positions: Sequence[int]) -> str:
        """Some columns of a tensor."""
        if list(positions) == list(range(self._widths[tensor])):
            return tensor
        order = self.constant(positions, np.int64)
        result = self.node("Gather", tensor, order, width=len(positions), axis=1)
        self.complete(result, [i for i, p in enumerate(positions) if (tensor, p) in self._complete])
        return result

    def concat(self, tensors: Sequence[str]) -> str:
        """Tensors side by side."""
        if len(tensors) == 1:
            return tensors[0]
        atoms = [(tensor, p) for tensor in tensors for p in range(self._widths[tensor])]
        result = self.node("Concat", *tensors, width=len(atoms), axis=1)
        self.complete(result, [i for i, atom in enumerate(atoms) if atom in self._complete])
        return result

    def missing(self, tensor: str) -> str:
        """True where an element is NaN."""
        return self.node("IsNaN", tensor, width=self._widths[tensor])

    def where(self, condition: str, value: str, other: str) -> str:
        return self.node("Where", condition, value, other, width=self._widths[condition])

    def indicators(self, booleans: str) -> str:
        """True and false as 1 and 0."""
        result = self.node(
            "Cast", booleans, width=self._widths[booleans], to=int(TensorProto.DOUBLE)
        )
        self.complete(result)
        return result

    def columns(self, tensor: str) -> list[Column]:
        return [Column({(tensor, position): 1.0}) for position in range(self._widths[tensor])]

    def model(self, probability: str) -> ModelProto:
        """The whole, answering with a tensor of one column. Nothing in it depends on when or
        where it was built."""
        flat = self.constant([-1], np.int64)
        nodes = self._needed(probability)
        nodes.append(helper.make_node("Reshape", [probability, flat], [OUTPUT]))
        used = {name for node in nodes for name in node.input}
        graph = helper.make_graph(
            nodes,
            "riskspace",
            [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, ["n", self._widths[INPUT]])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, ["n"])],
            [
                numpy_helper.from_array(a, name)
                for name, a in self._constants.items()
                if name in used
            ],
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(
            graph, producer_name="riskspace", opset_imports=opsets, ir_version=IR_VERSION
        )
        checker.check_model(model)
        return model

    def _needed(self, tensor: str) -> list[NodeProto]:
        needed = {tensor}
        for name, node in reversed(self._nodes.items()):
            if name in needed:
                needed.update(node.input)
        return [node for name, node in self._nodes.items() if name in needed]
