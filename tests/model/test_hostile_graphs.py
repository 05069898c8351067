"""A compiled model reaches no file, and no code but onnxruntime's own operators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from model.spoiled import COMPILED, CompiledCopy
from onnx import ModelProto, NodeProto, TensorProto, helper

from riskspace.model.engine import INPUT, OUTPUT, CompiledEngine

SECRET = b"ADMIN_TOKEN=abcd"


def graph(*nodes: NodeProto, tensors: tuple[TensorProto, ...] = (), domain: str = "") -> bytes:
    """A model of six inputs, as the tiny package has them."""
    built = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, ["n", 6])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, ["n"])],
        tensors,
    )
    opsets = [helper.make_opsetid("", 21)]
    if domain:
        opsets.append(helper.make_opsetid(domain, 1))
    model: ModelProto = helper.make_model(built, opset_imports=opsets, ir_version=10)
    return bytes(model.SerializeToString())


def elsewhere(place: str) -> TensorProto:
    """The 16 bytes of a file as a tensor."""
    tensor = TensorProto(
        name="file", data_type=TensorProto.UINT8, dims=[16], data_location=TensorProto.EXTERNAL
    )
    for key, value in {"location": place, "offset": "0", "length": "16"}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def telling(place: str, *, attribute: bool = False) -> bytes:
    """A model that answers with the first byte of a file, for as many rows as it is asked."""
    tensor = elsewhere(place)
    rows = [
        helper.make_node("ReduceSum", [INPUT, "one"], ["sums"], keepdims=0),
        helper.make_node("Cast", ["sums"], ["indices"], to=TensorProto.INT64),
        helper.make_node("Gather", ["file", "indices"], ["bytes"]),
        helper.make_node("Cast", ["bytes"], [OUTPUT], to=TensorProto.DOUBLE),
    ]
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    if attribute:
        return graph(
            helper.make_node("Constant", [], ["file"], value=tensor), *rows, tensors=(one,)
        )
    return graph(*rows, tensors=(one, tensor))


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the process runs in, with its settings."""
    folder = tmp_path / "working"
    folder.mkdir()
    (folder / ".env").write_bytes(SECRET)
    (tmp_path / "outside").write_bytes(SECRET)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("place", [".env", "./.env", "../outside", "{working}/.env", "/dev/zero"])
@pytest.mark.parametrize("attribute", [False, True], ids=["initializer", "attribute"])
def test_a_model_that_names_a_file_for_its_tensors_is_refused(
    compiled: CompiledCopy, working: Path, place: str, attribute: bool
) -> None:
    compiled.put_compiled(telling(place.format(working=working), attribute=attribute))
    assert compiled.refusal().startswith(f"{compiled / COMPILED}: can't be read (")
    assert not compiled.mark.exists()


def test_a_model_does_not_find_a_file_beside_it(
    compiled: CompiledCopy, monkeypatch: pytest.MonkeyPatch
) -> None:
    (compiled / "weights").write_bytes(SECRET)
    monkeypatch.chdir(compiled.folder)
    compiled.put_compiled(telling("weights"))
    assert compiled.refusal().startswith(f"{compiled / COMPILED}: can't be read (")


@pytest.mark.usefixtures("working")
def test_onnxruntime_left_to_itself_reads_that_file() -> None:
    """The control: without the engine's options the model tells what is in it."""
    session = onnxruntime.InferenceSession(telling(".env"), providers=["CPUExecutionProvider"])
    [told] = session.run([OUTPUT], {INPUT: np.zeros((2, 6))})
    assert told.tolist() == [SECRET[0], SECRET[0]]


def own_operator(_: Path) -> bytes:
    node = helper.make_node("Open", [INPUT], [OUTPUT], domain="somebody.else")
    return graph(node, domain="somebody.else")


def operator_in_python(_: Path) -> bytes:
    """What onnxruntime's training packages and extensions run Python with."""
    node = helper.make_node("PythonOp", [INPUT], [OUTPUT], domain="com.microsoft", name="os.system")
    return graph(node, domain="com.microsoft")


def context_of_another_processor(_: Path) -> bytes:
    """What a provider of other hardware loads from a file."""
    settings = {"embed_mode": 0, "ep_cache_context": "../outside", "main_context": 1}
    node = helper.make_node("EPContext", [INPUT], [OUTPUT], domain="com.microsoft", **settings)
    return graph(node, domain="com.microsoft")


def form_of_onnxruntime(folder: Path) -> bytes:
    """Its own format, which is no graph of ONNX, and is checked less."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    node = helper.make_node("ReduceSum", [INPUT, "one"], [OUTPUT], keepdims=0)
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    model = graph(node, tensors=(one,))
    CompiledEngine(model)
    onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return (folder / "model.ort").read_bytes()


@pytest.mark.parametrize(
    "make",
    [own_operator, operator_in_python, context_of_another_processor, form_of_onnxruntime],
)
def test_a_model_of_something_else_than_operators_of_onnx_is_refused(
    compiled: CompiledCopy, tmp_path: Path, make: Callable[[Path], bytes]
) -> None:
    compiled.put_compiled(make(tmp_path))
    assert compiled.refusal().startswith(f"{compiled / COMPILED}: can't be read (")
    assert not compiled.mark.exists()
