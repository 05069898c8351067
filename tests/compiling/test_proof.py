"""The proof itself: that it fails for a graph that is wrong, however little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from compiling.compiled import BANDS, FEATURES, HOLES, NUMBERS, THRESHOLD, fitted, proven, table
from onnx import ModelProto, numpy_helper
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, SplineTransformer
from sklearn.tree import DecisionTreeClassifier

from riskspace.model.transformers import Clip, Difference, Ratio
from riskspace.packaging.compiler import compile, landmarks
from riskspace.packaging.errors import ProofFailed
from riskspace.packaging.generated import Generator
from riskspace.packaging.proof import prove

SMOOTH = make_pipeline(
    Clip({"a": (-3, 3), "gap": (1, 250)}),
    Ratio("ratio", "gap", "b", scale=100),
    make_column_transformer(
        (make_pipeline(SimpleImputer(), SplineTransformer()), ["a", "gap", "ratio"]),
        (OneHotEncoder(handle_unknown="ignore"), ["kind", "shade"]),
    ),
    LogisticRegression(),
)
TREE = make_pipeline(
    Difference("d", "a", "hole"),
    make_column_transformer((MinMaxScaler(), [*NUMBERS, *HOLES, "d"])),
    DecisionTreeClassifier(min_samples_leaf=10, random_state=0),
)


def checked(estimator: Any, model: bytes, **changes: Any) -> Any:
    said: dict[str, Any] = {"bands": BANDS, "threshold": THRESHOLD, "rows": table()}
    return prove(estimator, model, features=FEATURES, generated=3_000, **said | changes)


def changed(model: bytes, change: Callable[[ModelProto], None]) -> bytes:
    graph = onnx.load_from_string(model)
    change(graph)
    return graph.SerializeToString()


def constants_of(model: ModelProto, op: str, place: int) -> Any:
    """The constant that the last operator of this kind takes."""
    node = [node for node in model.graph.node if node.op_type == op][-1]
    return next(item for item in model.graph.initializer if item.name == node.input[place])


def shifted(op: str, place: int, by: float, which: int = -1) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        constant = constants_of(model, op, place)
        array = numpy_helper.to_array(constant).copy()
        array.flat[which] += by
        constant.CopyFrom(numpy_helper.from_array(array, constant.name))

    return change


def splits(
    change: Callable[[Any], Any], name: str = "nodes_splits"
) -> Callable[[ModelProto], None]:
    def apply(model: ModelProto) -> None:
        [node] = [node for node in model.graph.node if node.op_type == "TreeEnsemble"]
        attribute = next(item for item in node.attribute if item.name == name)
        array = numpy_helper.to_array(attribute.t)
        attribute.t.CopyFrom(numpy_helper.from_array(change(array)))

    return apply


def missing_the_other_way(model: ModelProto) -> None:
    [node] = [node for node in model.graph.node if node.op_type == "TreeEnsemble"]
    [attribute] = [a for a in node.attribute if a.name == "nodes_missing_value_tracks_true"]
    attribute.ints[:] = [1 - value for value in attribute.ints]


WRONG = {
    "a weight by 1e-9": (SMOOTH, shifted("Gemm", 1, 1e-9), "probability"),
    "the intercept by 1e-11": (SMOOTH, shifted("Gemm", 2, 1e-11), "probability"),
    "a clip's bound by 1e-9": (SMOOTH, shifted("Min", 1, -1e-9, 0), "probability"),
    "a category": (SMOOTH, shifted("Equal", 1, 1.0, 0), "probability"),
    "splits in float32": (
        TREE,
        splits(lambda values: values.astype(np.float32).astype(np.float64)),
        "probability",
    ),
    "one split by one bit": (
        TREE,
        splits(
            lambda values: np.where(np.arange(len(values)) == 1, np.nextafter(values, 9), values)
        ),
        "probability",
    ),
    "leaves in float32": (
        TREE,
        splits(lambda values: values.astype(np.float32).astype(np.float64), "leaf_weights"),
        "probability",
    ),
    "NaN the other way": (TREE, missing_the_other_way, "probability"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_graph_fails(name: str) -> None:
    estimator, change, figure = WRONG[name]
    model = compile(fitted(estimator), FEATURES)
    checked(estimator, model)  # nothing else is wrong with it
    with pytest.raises(ProofFailed) as failure:
        checked(estimator, changed(model, change))
    assert failure.value.figure == figure


def test_a_failure_says_where_and_how_much_and_no_value() -> None:
    model = changed(compile(fitted(SMOOTH), FEATURES), shifted("Gemm", 2, 0.5))
    with pytest.raises(
        ProofFailed, match=r"^probability, over training rows: 0\.1\d* at most, abo"
    ):
        checked(SMOOTH, model)


def test_a_row_as_close_to_an_edge_as_this_fails_where_its_class_is_another() -> None:
    estimator = fitted(SMOOTH)
    model = compile(estimator, FEATURES)
    probabilities = estimator.predict_proba(table())[:, 1]
    nudged = changed(model, shifted("Gemm", 2, 1e-13))
    worst = float(np.max(probabilities))
    with pytest.raises(ProofFailed) as failure:
        checked(estimator, nudged, threshold=np.nextafter(worst, 1))
    assert (failure.value.figure, failure.value.rows) == ("class", "training rows")
    bands = [
        band.model_copy(update={"upper": u})
        for band, u in zip(BANDS, (0.1, float(np.nextafter(worst, 1)), 1.0), strict=True)
    ]
    with pytest.raises(ProofFailed) as failure:
        checked(estimator, nudged, bands=bands)
    assert (failure.value.figure, failure.value.rows) == ("band", "training rows")


def test_an_estimator_that_refuses_what_may_be_left_out_fails() -> None:
    estimator = make_pipeline(make_column_transformer(("passthrough", ["a", "gap"])))
    estimator.steps.append(("classify", LogisticRegression()))
    rows = table().fillna({"gap": 20.0})
    fitted_on_all = estimator.fit(rows, rows["a"] > 0)
    model = compile(fitted_on_all, FEATURES)
    with pytest.raises(ProofFailed, match="answer, over training rows without gap: the estimator"):
        checked(fitted_on_all, model, rows=rows)


def test_a_wrong_answer_for_one_row_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix of one row takes other ways through the runtime, and is what a server asks."""
    import onnxruntime

    class Odd(onnxruntime.InferenceSession):  # type: ignore[misc]
        def run(self, names: Any, given: Any, options: Any = None) -> Any:
            [answer] = super().run(names, given, options)
            return [answer + (1e-9 if len(answer) == 1 else 0)]

    estimator = fitted(SMOOTH)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Odd)
    with pytest.raises(ProofFailed, match="over training rows, one by one"):
        checked(estimator, compile(estimator, FEATURES))


def test_the_same_seed_gives_the_same_proof() -> None:
    assert proven(fitted(TREE)) == proven(fitted(TREE))


def test_generated_rows_lie_at_every_split_and_beside_it() -> None:
    """Found from the tree itself: column i of the tree is the input i, and MinMaxScaler's own."""
    plain = make_pipeline(
        make_column_transformer(("passthrough", [*NUMBERS, *HOLES])),
        DecisionTreeClassifier(min_samples_leaf=10, random_state=0),
    )
    tree = fitted(plain)[-1].tree_
    generator = Generator(FEATURES, landmarks(plain, FEATURES), np.random.default_rng(0))
    rows = np.concatenate(list(generator.chunks(4_000)))
    assert generator.edges_met == generator.edges
    inner = (tree.children_left >= 0) & np.isfinite(tree.threshold)
    for feature, at in zip(tree.feature[inner], tree.threshold[inner], strict=True):
        wanted = {float(np.nextafter(at, -np.inf)), float(at), float(np.nextafter(at, np.inf))}
        assert wanted <= set(rows[:, feature])


def test_generated_rows_stay_within_bounds_and_categories() -> None:
    generator = Generator(FEATURES, landmarks(fitted(TREE), FEATURES), np.random.default_rng(0))
    rows = generator.rows(5_000)
    for feature, column in zip(FEATURES, rows.T, strict=True):
        low, high = feature.bounds or (0, max(1, len(feature.values) - 1))
        known = column[~np.isnan(column)]
        assert (np.nextafter(low, -np.inf) <= known).all()
        assert (known <= np.nextafter(high, np.inf)).all()
        assert (len(known) < len(column)) == (not feature.required)
