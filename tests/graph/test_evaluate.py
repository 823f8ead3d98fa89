"""Every evaluator and every inference function against TensorFlow, on single-op cases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.errors import GraphError
from surgeon_gui.graph.evaluate import EVALUATORS, evaluate
from surgeon_gui.graph.inference.base import INFERENCES
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.ops import output_count
from surgeon_gui.graph.query import deduce_inputs, deduce_outputs, topological_order
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.graph.values import Array, TensorValue
from tests.graph.cases import CASES, Case
from tests.helpers.shared import data_path, shared_models
from tests.helpers.tensorflow_process import TensorflowRun, run_tensorflow

IDS = [f"{index}-{case.op}" for index, case in enumerate(CASES)]

# Registered for TensorRT's plugins or structure, not ops TensorFlow could run on constants.
NOT_IN_TENSORFLOW = {"LReLU_TRT"}
ALIKE = {
    "PreventGradient": "Identity",
    "GuaranteeConst": "Identity",
    "DeepCopy": "Identity",
    "PlaceholderWithDefault": "Identity",
    "Const": "Identity",
    "ConjugateTranspose": "Transpose",
    "ParallelConcat": "Pack",
    "BiasAddV1": "BiasAdd",
    "AccumulateNV2": "AddN",
    "ParallelDynamicStitch": "DynamicStitch",
    "Asinh": "Asin",
    "Acosh": "Acos",
    "TopK": "TopKV2",
    "Dequantize": "tested in test_dequantize",
}


def graph_of(cases: Sequence[Case]) -> Graph:
    """Return one graph with every case as constants and a node `case_N/op`."""
    nodes: list[Node] = []
    for index, case in enumerate(cases):
        names = [f"case_{index}/in_{port}" for port in range(len(case.inputs))]
        values = [TensorValue.from_array(value) for value in case.inputs]
        constants = [
            Node(name, "Const", attrs={"value": value, "dtype": value.dtype})
            for name, value in zip(names, values, strict=True)
        ]
        line = f"case_{index}/op = {case.op}({', '.join(names)}) {{{case.attrs}}}"
        nodes += parse_text(print_text(Graph(tuple(constants))) + line).nodes
    return Graph(tuple(nodes))


GRAPH = graph_of(CASES)


@pytest.fixture(scope="module")
def tensorflow_run(tmp_path_factory: pytest.TempPathFactory) -> TensorflowRun:
    tensors = [
        f"{node.name}:{port}"
        for node in GRAPH
        if node.name.endswith("/op")
        for port in range(output_count(node))
    ]
    return run_tensorflow(GRAPH, tmp_path_factory.mktemp("tensorflow"), tensors)


def assert_equal(mine: Array, theirs: Array, name: str) -> None:
    assert mine.dtype.itemsize == theirs.dtype.itemsize, name
    assert mine.shape == theirs.shape, name
    if mine.dtype.kind in "biu":
        np.testing.assert_array_equal(mine, theirs, err_msg=name)
    elif mine.dtype.itemsize == 2:
        np.testing.assert_array_equal(mine.view(np.uint16), theirs.view(np.uint16), err_msg=name)
    else:
        np.testing.assert_allclose(mine, theirs, rtol=3e-5, atol=3e-6, err_msg=name)


@pytest.mark.tensorflow
@pytest.mark.parametrize("index", range(len(CASES)), ids=IDS)
def test_the_value_is_tensorflows(index: int, tensorflow_run: TensorflowRun) -> None:
    case = CASES[index]
    node = GRAPH[f"case_{index}/op"]
    if case.op == "RandomUniform":
        assert evaluate(node, case.inputs) is None
        return
    outputs = evaluate(node, case.inputs)
    assert outputs is not None
    for port, mine in enumerate(outputs):
        name = f"{node.name}:{port}"
        if case.op.startswith("FusedBatchNorm") and port:
            # TensorFlow leaves the statistics' outputs undefined outside training.
            continue
        assert name not in tensorflow_run.errors, tensorflow_run.errors[name]
        assert_equal(mine, tensorflow_run.arrays[name], f"{node!r} port {port}")


@pytest.mark.tensorflow
def test_static_types_are_at_least_as_precise_as_tensorflows(tensorflow_run: TensorflowRun) -> None:
    types = infer_types(GRAPH)
    assert types.problems == {}
    for name, (dtype, shape) in tensorflow_run.types.items():
        found = types.type(TensorRef.parse(name))
        assert found.dtype.value == dtype, name
        if shape is not None:
            assert found.shape.dims is not None, name
            assert len(found.shape.dims) == len(shape), name
            pairs = zip(found.shape.dims, shape, strict=True)
            assert all(theirs in (-1, mine) for mine, theirs in pairs), name


def test_every_evaluator_has_a_case() -> None:
    tested = {case.op for case in CASES} | set(ALIKE) | NOT_IN_TENSORFLOW
    assert set(EVALUATORS) - tested == set()


def test_enough_ops_are_known() -> None:
    assert len(EVALUATORS) >= 80
    assert len(INFERENCES) >= 120


@pytest.mark.parametrize("index", range(len(CASES)), ids=IDS)
def test_computed_shapes_are_the_inferred_ones(index: int) -> None:
    node = GRAPH[f"case_{index}/op"]
    outputs = evaluate(node, CASES[index].inputs)
    found = infer_types(GRAPH_PARTS[index]).outputs(node.name)
    for mine, value in zip(found, outputs or (), strict=False):
        assert mine.dtype.numpy == value.dtype
        if mine.shape.dims is None:
            # The sixth output is cuDNN's reserve space.
            assert node.op == "FusedBatchNormV3"
            continue
        assert len(mine.shape.dims) == value.ndim
        pairs = zip(mine.shape.dims, value.shape, strict=True)
        assert all(static in (-1, real) for static, real in pairs)


GRAPH_PARTS = [
    Graph(tuple(node for node in GRAPH if node.name.startswith(f"case_{index}/")))
    for index in range(len(CASES))
]


def test_inputs_that_do_not_fit_are_an_error_with_the_nodes_name() -> None:
    graph = parse_text("a = Placeholder()\nb = Reshape(a, a)")
    with pytest.raises(GraphError, match="cannot be computed") as caught:
        evaluate(graph["b"], [np.zeros(6, np.float32), np.array([4, 2], np.int32)])
    assert caught.value.where == "b"


@pytest.mark.parametrize(
    "line",
    [
        "y = NoSuchOp(x)",
        "y = FusedBatchNormV3(x, x, x, x, x) {is_training=true}",
        "y = Cast(x) {DstT=string}",
        "y = GatherNd(x, x) {batch_dims=1}",
        'y = DepthToSpace(x) {data_format="NCHW_VECT_C"}',
        "y = Dequantize(x, x, x) {axis=1}",
    ],
)
def test_what_no_evaluator_knows_is_none(line: str) -> None:
    graph = parse_text("x = Placeholder()\n" + line)
    x = np.zeros((1, 1), np.float32)
    inputs = [
        x.reshape(()) if "Deq" in line and port else x for port in range(len(graph["y"].inputs))
    ]
    assert evaluate(graph["y"], inputs) is None


def test_dividing_an_integer_by_zero_is_an_error() -> None:
    graph = parse_text("a = Placeholder() {dtype=i32}\nb = FloorDiv(a, a)")
    with pytest.raises(GraphError, match="zero"):
        evaluate(graph["b"], [np.ones(1, np.int32), np.zeros(1, np.int32)])


@pytest.mark.tensorflow
def test_dequantize(tmp_path: Path) -> None:
    cases = []
    nodes: list[Node] = []
    for index, (mode, kind) in enumerate(
        (mode, kind)
        for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED")
        for kind in (np.uint8, np.int8)
    ):
        values = np.arange(-5, 20, 5).astype(kind)
        quantized = "quint8" if kind is np.uint8 else "qint8"
        low = -1.5 if kind is np.int8 or mode != "SCALED" else 0.0
        text = f"""
            n{index}/x = Const() {{value={quantized}[5]{{{", ".join(map(str, values))}}}}}
            n{index}/low = Const() {{value=f32{{{low}}}}}
            n{index}/high = Const() {{value=f32{{2.25}}}}
            n{index}/op = Dequantize(n{index}/x, n{index}/low, n{index}/high) {{mode="{mode}"}}
        """
        nodes += parse_text(text).nodes
        cases.append((f"n{index}/op", [values, np.float32(low), np.float32(2.25)]))
    graph = Graph(tuple(nodes))
    found = run_tensorflow(graph, tmp_path, [f"{name}:0" for name, _ in cases])
    for name, inputs in cases:
        outputs = evaluate(graph[name], [np.asarray(value) for value in inputs])
        assert outputs is not None
        assert_equal(outputs[0], found.arrays[f"{name}:0"], name)


def run(graph: Graph, feeds: dict[str, Array]) -> dict[TensorRef, Array]:
    """Compute every node by its evaluator, in order."""
    values: dict[TensorRef, Array] = {}
    for name in topological_order(graph):
        node = graph[name]
        inputs = [values[ref] for ref in node.inputs]
        outputs = (feeds[name],) if name in feeds else evaluate(node, inputs)
        assert outputs is not None, node
        values.update({TensorRef(name, port): value for port, value in enumerate(outputs)})
    return values


@pytest.mark.parametrize(
    "path", shared_models("single_ops/*_net.pb"), ids=lambda path: path.stem.removesuffix("_net")
)
def test_single_op_nets_give_the_outputs_recorded_with_them(path: Path) -> None:
    graph = open_graph(path)
    stem = str(path).removesuffix("_net.pb")
    (source,) = deduce_inputs(graph)
    (output,) = deduce_outputs(graph)
    data, expected = np.load(f"{stem}_in.npy"), np.load(f"{stem}_out.npy")
    # Recorded with channels first, the nets have them last.
    fed = np.moveaxis(data, 1, -1) if data.ndim == 4 else data
    found = run(graph, {source.name: fed})[output]
    found = np.moveaxis(found, -1, 1) if found.ndim == 4 else found
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["cifar_small.pb", "mobilenet_v1_0.25_128_frozen.pb"])
def test_whole_models_compute_what_tensorflow_computes(name: str, tmp_path: Path) -> None:
    graph = open_graph(data_path(name))
    (source,) = deduce_inputs(graph)
    (output,) = deduce_outputs(graph)
    size = 32 if name.startswith("cifar") else 128
    feed = np.random.default_rng(3).uniform(-1, 1, (1, size, size, 3)).astype(np.float32)
    theirs = run_tensorflow(graph, tmp_path, [f"{output.node}:0"], {source.name: feed})
    mine = run(graph, {source.name: feed})[output]
    np.testing.assert_allclose(mine, theirs.arrays[f"{output.node}:0"], rtol=1e-3, atol=1e-6)
