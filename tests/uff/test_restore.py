from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from surgeon_gui.errors import NotConvertible, Unsupported
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape, TensorValue
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.convert import InputSpec
from surgeon_gui.uff.graph import graph_from_uff
from surgeon_gui.uff.reader import uff_from_bytes
from surgeon_gui.uff.restore import graph_from_uff_file, tensorflow_form
from surgeon_gui.uff.writer import uff_from_graph
from tests.helpers.shared import data_path, shared_path
from tests.uff.golden import PLAIN, Golden

# TensorFlow runs NCHW on GPUs only, and the fallthrough case reads a TensorArray of no graph.
RUNNABLE = [name for name in PLAIN if name not in ("conv_nchw", "bn_leaky", "custom_fallthrough")]


def run(graph: Graph, outputs: list[str], feeds: dict[str, Array]) -> list[Array]:
    """Run a graph in TensorFlow."""
    tf = pytest.importorskip("tensorflow")
    message = tf.compat.v1.GraphDef.FromString(graphdef_from_graph(graph))
    with tf.Graph().as_default() as native:
        tf.import_graph_def(message, name="")
        with tf.compat.v1.Session(graph=native) as session:
            found: list[Array] = session.run(
                [f"{name}:0" for name in outputs],
                {f"{name}:0": value for name, value in feeds.items()},
            )
            return found


def random_feeds(graph: Graph, unknown: int = 1) -> dict[str, Array]:
    random = np.random.default_rng(0)
    feeds: dict[str, Array] = {}
    for node in graph:
        if node.op == "Placeholder":
            shape = node.attrs["shape"]
            assert isinstance(shape, Shape)
            dims = [unknown if dim < 0 else dim for dim in shape.dims or ()]
            feeds[node.name] = random.uniform(0.1, 0.9, dims).astype(np.float32)
    return feeds


@pytest.mark.tensorflow
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("name", RUNNABLE)
def test_what_nvidias_converter_wrote_computes_the_same(name: str, strict: bool) -> None:
    golden = Golden(name)
    graph = golden.graph
    file = (
        uff_from_bytes(golden.expected_bytes)
        if strict
        else uff_from_graph(graph, golden.outputs).file
    )
    restored = graph_from_uff_file(file)
    assert [ref.node for ref in restored.outputs or ()] == golden.outputs
    feeds = random_feeds(graph, unknown=2 if name == "shape_ops" else 1)
    expected = run(graph, golden.outputs, feeds)
    for one, other in zip(run(restored, golden.outputs, feeds), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def restored_node(*items: pb.Node, blobs: dict[str, bytes] | None = None) -> Graph:
    """Return what a file of these nodes stands for; the first node is the output."""
    meta = pb.MetaGraph(version=1)
    graph = meta.graphs.add(id="main")
    graph.nodes.extend(items)
    graph.nodes.add(id="MarkOutput_0", operation="MarkOutput", inputs=[items[0].id])
    for key, blob in (blobs or {}).items():
        meta.referenced_data[key].blob = blob
    return graph_from_uff_file(uff_from_bytes(meta.SerializeToString()))


def item(name: str, operation: str, *inputs: str, **fields: Any) -> pb.Node:
    node = pb.Node(id=name, operation=operation, inputs=inputs)
    for key, value in fields.items():
        for kind, content in value.items():
            if isinstance(content, list):
                getattr(node.fields[key], kind).val.extend(content)
                getattr(node.fields[key], kind).SetInParent()
            else:
                setattr(node.fields[key], kind, content)
    return node


def source(name: str, *dims: int) -> pb.Node:
    return item(name, "Input", dtype={"dtype": pb.DT_FLOAT32}, shape={"i_list": list(dims)})


def test_nchw_orders_become_data_formats() -> None:
    graph = graph_from_uff_file(uff_from_bytes(Golden("conv_nchw").expected_bytes))
    formats = {node.op: node.attrs["data_format"] for node in graph if "data_format" in node.attrs}
    assert formats == {"Conv2D": b"NCHW", "MaxPool": b"NCHW", "AvgPool": b"NCHW"}


def test_plugins_come_back_under_their_own_names() -> None:
    graph = graph_from_uff_file(uff_from_bytes(Golden("plugin_lrelu").expected_bytes))
    plugin = graph["lrelu2_plugin"]
    assert plugin.op == "LReLU_TRT"
    assert plugin.attrs["mode_u_str"] == b"fast"
    assert plugin.attrs["sizes_u_ilist"] == (1, 2, 3)


def test_depthwise_weights_make_a_depthwise_convolution() -> None:
    graph = graph_from_uff_file(uff_from_bytes(Golden("depthwise_bn_relu6").expected_bytes))
    assert "DepthwiseConv2dNative" in {node.op for node in graph}


def test_dtype_attributes_follow_the_data() -> None:
    graph = restored_node(
        item("y", "Identity", "i"),
        item("i", "ArgMax", "x", axis={"i": 1}),
        source("x", 1, 4),
    )
    assert graph["i"].attrs["T"] is DType.FLOAT32
    assert graph["y"].attrs["T"] is DType.INT64


@pytest.mark.parametrize(
    ("blob", "dims", "expected"),
    [
        (np.array([0.5, 2.0]).tobytes(), [2], [0.5, 2.0]),
        (b"\x00\x01\x01", [3], [False, True, True]),
        (b"text", [], b"text"),
        (np.float64(0.1).tobytes(), [], 0.1),
    ],
)
def test_constants_without_a_dtype_are_told_by_their_length(
    blob: bytes, dims: list[int], expected: Any
) -> None:
    node = item("c", "Const", dtype={"dtype": 7}, shape={"i_list": dims}, values={"ref": "w"})
    value = restored_node(node, blobs={"w": blob})["c"].attrs["value"]
    assert isinstance(value, TensorValue)
    assert value.array.tolist() == expected


def test_a_constant_nobody_can_tell_is_an_error() -> None:
    node = item("c", "Const", dtype={"dtype": 7}, shape={"i_list": [2]}, values={"ref": "w"})
    with pytest.raises(Unsupported, match="5 bytes"):
        restored_node(node, blobs={"w": b"12345"})


def test_every_faulty_node_is_named() -> None:
    with pytest.raises(NotConvertible) as caught:
        restored_node(
            item("y", "Binary", "x", func={"s": "add"}),
            item("x", "Unary", "z", func={"s": "cube"}),
            item("z", "Strange"),
        )
    assert [problem.node for problem in caught.value.problems] == ["y", "x", "z"]


@pytest.mark.tensorflow
@pytest.mark.parametrize("padding", [b"VALID", b"SAME", b"EXPLICIT"])
def test_every_padding_of_a_convolution_survives(padding: bytes) -> None:
    weights = np.random.default_rng(1).normal(size=(3, 3, 2, 4)).astype(np.float32)
    value = TensorValue.from_array(weights)
    attrs: dict[str, AttrValue] = {
        "T": DType.FLOAT32, "strides": (1, 2, 1, 1), "padding": padding, "data_format": b"NHWC",
        "dilations": (1, 1, 1, 1),
    }  # fmt: skip
    if padding == b"EXPLICIT":
        attrs["explicit_paddings"] = (0, 0, 2, 1, 0, 3, 0, 0)
    graph = Graph(
        (
            Node("x", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape.of(1, 7, 6, 2)}),
            Node("w", "Const", attrs={"dtype": DType.FLOAT32, "value": value}),
            Node("y", "Conv2D", [TensorRef("x"), TensorRef("w")], attrs),
        )
    )
    restored = graph_from_uff_file(uff_from_graph(graph, ["y"]).file)
    feeds = random_feeds(graph)
    (one,), (other,) = run(graph, ["y"], feeds), run(restored, ["y"], feeds)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
def test_a_small_model_computes_the_same() -> None:
    graph = graph_from_graphdef(data_path("cifar_small.pb").read_bytes())
    export = uff_from_graph(graph)
    feeds = random_feeds(graph)
    outputs = list(export.outputs)
    (one,) = run(graph, outputs, feeds)
    (other,) = run(graph_from_uff_file(export.file), outputs, feeds)
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["mobilenet_v1_0.25_128_frozen", "unet_semseg_person_08"])
def test_real_models_compute_the_same(name: str) -> None:
    graph = graph_from_graphdef(shared_path(f"models/{name}.pb").read_bytes())
    export = uff_from_graph(graph)
    feeds = random_feeds(graph)
    outputs = list(export.outputs)
    (one,) = run(graph, outputs, feeds)
    (other,) = run(graph_from_uff_file(export.file), outputs, feeds)
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_shown_file_is_restored_and_any_other_graph_is_left() -> None:
    golden = Golden("lenet")
    shown = graph_from_uff(uff_from_bytes(golden.expected_bytes))
    assert "Conv2D" in {node.op for node in tensorflow_form(shown)}
    assert tensorflow_form(golden.graph).nodes[0] == golden.graph.nodes[0]


SPLITS = """
    x = Placeholder() {shape=[?, 6, 4], dtype=f32}
    one = Const() {value=i32{1}}
    halves = Split(one, x) {num_split=3, T=f32}
    sizes = Const() {value=i32[3]{1, -1, 2}}
    last = Const() {value=i32{-1}}
    parts = SplitV(x, sizes, last) {num_split=3}
    rows = Unpack(x) {num=6, axis=1}
    a = Sub(halves:2, halves)
    b = Mul(halves:1, a)
    c = Add(parts:1, parts:1)
    d = Sub(rows:5, rows:1)
    outputs(b, c, d)
    """


@pytest.mark.tensorflow
def test_every_output_of_a_split_survives() -> None:
    graph = parse_text(SPLITS)
    export = uff_from_graph(graph)
    assert not export.custom
    assert [node.operation for node in export.file.nodes].count("StridedSlice") == 6
    assert {"halves", "halves_1", "halves_2", "parts_1", "rows_5"} <= {
        name for nodes in export.repaired.values() for name in nodes
    }
    feeds = random_feeds(graph, unknown=2)
    for got, want in zip(
        run(graph_from_uff_file(export.file), ["b", "c", "d"], feeds),
        run(graph, ["b", "c", "d"], feeds),
        strict=True,
    ):
        np.testing.assert_array_equal(got, want)


def test_a_split_of_nobody_knows_what_is_named() -> None:
    graph = parse_text(SPLITS.replace("shape=[?, 6, 4], ", ""))
    with pytest.raises(NotConvertible) as raised:
        uff_from_graph(graph)
    assert "halves" in {problem.node for problem in raised.value.problems}
    assert all("shape" in problem.reason for problem in raised.value.problems)


def test_what_static_shapes_decide_is_a_constant() -> None:
    graph = parse_text(
        """
        x = Placeholder() {shape=[1, 4], dtype=f32}
        s = Shape(x)
        zero = Const() {value=f32{0}}
        z = Fill(s, zero)
        y = Add(x, z)
        outputs(y)
        """
    )
    export = uff_from_graph(graph)
    assert {node.id: node.operation for node in export.file.nodes}["z"] == "Const"
    assert not export.custom


CHANNELS_LAST = """
    x = Placeholder() {shape=[1, 5, 6, 3], dtype=f32}
    half = Const() {value=f32{0.5}}
    w = Const() {value=f32[1, 1, 3, 2]{1, 2, 3, 4, 5, 6}}
    c = Sub(x, half)
    y = Conv2D(c, w) {strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC"}
    outputs(y)
    """


@pytest.mark.tensorflow
def test_an_input_declared_channels_first_is_turned() -> None:
    graph = parse_text(CHANNELS_LAST)
    turned = InputSpec(DType.FLOAT32, (1, 3, 5, 6))
    export = uff_from_graph(graph, ["y"], inputs={"x": turned})
    restored = graph_from_uff_file(export.file)
    assert restored["x"].attrs["shape"] == Shape((1, 3, 5, 6))
    image = np.random.default_rng(0).uniform(0, 1, (1, 5, 6, 3)).astype(np.float32)
    (want,) = run(graph, ["y"], {"x": image})
    (got,) = run(restored, ["y"], {"x": image.transpose(0, 3, 1, 2)})
    np.testing.assert_allclose(got, want, rtol=1e-5)
    network = network_from_graph(restored).network
    assert network is not None
    assert network.layers[0].kind.type_name == "Convolution"


def test_an_input_in_its_readers_order_is_left() -> None:
    restored = graph_from_uff_file(uff_from_graph(parse_text(CHANNELS_LAST), ["y"]).file)
    assert "Transpose" not in {node.op for node in restored}
