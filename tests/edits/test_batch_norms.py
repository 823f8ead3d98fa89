"""Batch normalisations folded into weights, held against our own evaluation and TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.document import Document
from surgeon_gui.edits.batch_norms import FoldBatchNorms
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array, DType, TensorValue
from tests.helpers.shared import data_path
from tests.helpers.tensorflow_process import run_tensorflow

CONV = 'strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC", dilations=[1, 1, 1, 1]'
GLOBAL = "variance_epsilon=0.01, scale_after_normalization=true"
FUSED = 'epsilon=0.01, data_format="NHWC", is_training=false'

CASES = {
    "fused": f"""
x = Placeholder() {{shape=[2, 5, 5, 3]}}
w = Const() {{value=f32[3, 3, 3, 4]{{0}}}}
c = Conv2D(x, w) {{{CONV}}}
s = Const() {{value=f32[4]{{0}}}}
o = Const() {{value=f32[4]{{0}}}}
m = Const() {{value=f32[4]{{0}}}}
v = Const() {{value=f32[4]{{0}}}}
b = FusedBatchNormV3(c, s, o, m, v) {{U=f32, {FUSED}, exponential_avg_factor=1.0}}
y = Relu(b)
""",
    "biased, behind an identity": f"""
x = Placeholder() {{shape=[2, 5, 5, 3]}}
w = Const() {{value=f32[3, 3, 3, 4]{{0}}}}
r = Identity(w)
c = Conv2D(x, r) {{{CONV}}}
k = Const() {{value=f32[4]{{0}}}}
a = BiasAdd(c, k) {{data_format="NHWC"}}
i = Identity(a)
s = Const() {{value=f32[4]{{0}}}}
o = Const() {{value=f32[4]{{0}}}}
m = Const() {{value=f32[4]{{0}}}}
v = Const() {{value=f32[4]{{0}}}}
b = FusedBatchNorm(i, s, o, m, v) {{{FUSED}}}
""",
    "depthwise, loose": f"""
x = Placeholder() {{shape=[2, 5, 5, 3]}}
w = Const() {{value=f32[3, 3, 3, 2]{{0}}}}
c = DepthwiseConv2dNative(x, w) {{{CONV}}}
v = Const() {{value=f32[6]{{0}}}}
e = Const() {{value=f32{{0.01}}}}
ve = Add(v, e)
rs = Rsqrt(ve)
g = Const() {{value=f32[6]{{0}}}}
s = Mul(rs, g)
p = Mul(c, s)
m = Const() {{value=f32[6]{{0}}}}
ms = Mul(m, s)
o = Const() {{value=f32[6]{{0}}}}
d = Sub(o, ms)
b = AddV2(p, d)
y = Relu6(b)
""",
    "matrix, centred and divided": """
x = Placeholder() {shape=[2, 5]}
w = Const() {value=f32[7, 5]{0}}
c = MatMul(x, w) {transpose_a=false, transpose_b=true}
m = Const() {value=f32[7]{0}}
n = Sub(c, m)
v = Const() {value=f32[1, 7]{0}}
d = RealDiv(n, v)
o = Const() {value=f32{0}}
b = Sub(o, d)
""",
    "transposed": f"""
x = Placeholder() {{shape=[2, 5, 5, 3]}}
shape = Const() {{value=i32[4]{{2, 5, 5, 4}}}}
w = Const() {{value=f32[3, 3, 4, 3]{{0}}}}
c = Conv2DBackpropInput(shape, w, x) {{{CONV}}}
m = Const() {{value=f32[4]{{0}}}}
v = Const() {{value=f32[4]{{0}}}}
o = Const() {{value=f32[4]{{0}}}}
s = Const() {{value=f32[4]{{0}}}}
b = BatchNormWithGlobalNormalization(c, m, v, o, s) {{{GLOBAL}}}
""",
}


def _filled(text: str) -> Graph:
    """The graph with random numbers for every constant of zeros; variances stay positive."""
    random = np.random.default_rng(3)

    def filled(node: Node) -> Node:
        value = node.attrs.get("value")
        if not isinstance(value, TensorValue) or value.array.any():
            return node
        numbers = random.uniform(0.5, 1.5, value.array.shape).astype(np.float32)
        return node.replace(attrs={**node.attrs, "value": TensorValue.from_array(numbers)})

    graph = parse_text(text)
    return Graph(tuple(filled(node) for node in graph))


@pytest.mark.parametrize("name", CASES)
def test_nothing_but_a_bias_is_left(name: str) -> None:
    before = _filled(CASES[name])
    document = Document(before)
    changed = document.preview(FoldBatchNorms())
    assert document.graph is before
    assert document.apply(FoldBatchNorms()) == changed
    after = document.graph
    ops = [node.op for node in after if node.op not in ("Const", "Placeholder", "Relu", "Relu6")]
    assert ops == [before["c"].op, "BiasAdd"]
    assert after["b"].op == "BiasAdd"
    assert deduce_outputs(after) == deduce_outputs(before)
    document.undo()
    assert document.graph is before
    document.redo()
    assert document.graph is after
    assert FoldBatchNorms().apply(after) is after or FoldBatchNorms().apply(after) == after


@pytest.mark.parametrize(
    "change",
    [
        ("is_training=false", "is_training=true"),
        ("y = Relu(b)", "y = Relu(b)\nz = Elu(c)"),
        ("y = Relu(b)", "y = Relu(b:1)"),
        ("w = Const() {value=f32[3, 3, 3, 4]{0}}", "w = Placeholder() {shape=[3, 3, 3, 4]}"),
        ("m = Const() {value=f32[4]{0}}", "m = Placeholder() {shape=[4]}"),
        ('data_format="NHWC", is_training', 'data_format="NCHW", is_training'),
    ],
)
def test_what_would_change_the_numbers_stays(change: tuple[str, str]) -> None:
    text = CASES["fused"]
    assert change[0] in text
    graph = _filled(text.replace(*change))
    assert FoldBatchNorms().apply(graph) == graph


@pytest.mark.tensorflow
def test_tensorflow_computes_the_same(tmp_path: Path) -> None:
    nodes: list[Node] = []
    feeds: dict[str, Array] = {}
    wanted: list[tuple[str, str]] = []
    cases = {name: _filled(text) for name, text in CASES.items()}
    real = graph_from_graphdef(data_path("mobilenet_v1_0.25_128_frozen.pb").read_bytes())
    cases["mobilenet"] = real
    random = np.random.default_rng(5)
    for index, before in enumerate(cases.values()):
        sides = {"before": before, "after": FoldBatchNorms().apply(before)}
        assert sides["after"] is not before
        source = next(node for node in before if node.op == "Placeholder")
        dims = getattr(source.attrs["shape"], "dims", ())
        value = random.random(dims, np.float32)
        for side, graph in sides.items():
            prefix = f"g{index}/{side}/"
            for node in graph:
                nodes.append(
                    Node(
                        prefix + node.name,
                        node.op,
                        [TensorRef(prefix + ref.node, ref.port) for ref in node.inputs],
                        {key: value for key, value in node.attrs.items() if key != "_class"},
                        controls=[prefix + other for other in node.controls],
                    )
                )
            feeds[prefix + source.name] = value
        for ref in deduce_outputs(before):
            wanted.append((f"g{index}/before/{ref}", f"g{index}/after/{ref}"))
    names = [f"{text}:0" for pair in wanted for text in pair]
    found = run_tensorflow(Graph(tuple(nodes)), tmp_path, names, feeds)
    assert not found.errors
    for old, new in wanted:
        np.testing.assert_allclose(
            found.arrays[f"{new}:0"], found.arrays[f"{old}:0"], rtol=2e-4, atol=2e-5
        )


def test_half_precision_stays_half() -> None:
    graph = _filled(CASES["fused"])
    half = {
        "T": DType.FLOAT16,
        "dtype": DType.FLOAT16,
    }
    weights = np.full((3, 3, 3, 4), 0.5, np.float16)
    nodes = []
    for node in graph:
        attrs = {**node.attrs, **{key: value for key, value in half.items() if key in node.attrs}}
        if node.name == "w":
            attrs["value"] = TensorValue.from_array(weights)
        elif node.op == "Const":
            attrs["dtype"] = DType.FLOAT32
        nodes.append(node.replace(attrs=attrs))
    after = FoldBatchNorms().apply(Graph(tuple(nodes)))
    assert after["b"].attrs["T"] is DType.FLOAT16
    folded = after[after["c"].inputs[1].node].attrs["value"]
    assert isinstance(folded, TensorValue)
    assert folded.dtype is DType.FLOAT16
