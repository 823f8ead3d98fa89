"""What a lowering says: problems, types, what vanished, names and sources."""

from __future__ import annotations

import numpy as np
import pytest

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.network.ir import Network
from surgeon_gui.network.layers import Constant
from surgeon_gui.network.lower import Lowering, network_from_graph
from surgeon_gui.network.lower.registry import CONVERTERS

CONVOLUTION = """
k = Const() {value=f32[3, 3, 3, 8]{0.1}}
c = Conv2D(x, k) {strides=[1, 1, 1, 1], padding="SAME"}
r = Relu(c)
"""


def lower(text: str) -> Lowering:
    return network_from_graph(parse_text(text))


def network_of(lowering: Lowering) -> Network:
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    return lowering.network


def test_unknown_batch_becomes_one() -> None:
    lowering = lower("x = Placeholder() {shape=[?, 8, 8, 3]}" + CONVOLUTION)
    network = network_of(lowering)
    assert network.inputs[0].shape == (1, 8, 8, 3)
    assert lowering.types[TensorRef("r")] == TensorType(DType.FLOAT32, Shape.of(1, 8, 8, 8))


def test_given_shape_overrides_the_placeholder() -> None:
    graph = parse_text("x = Placeholder() {shape=[?, ?, ?, 3]}" + CONVOLUTION)
    network = network_of(network_from_graph(graph, shapes={"x": Shape.of(2, 5, 6, 3)}))
    assert network.output_tensors[0].shape == (2, 5, 6, 8)


def test_unknown_spatial_dimensions_ask_for_a_shape() -> None:
    lowering = lower("x = Placeholder() {shape=[?, ?, ?, 3]}" + CONVOLUTION)
    (problem,) = lowering.problems
    assert problem.node == "x"
    assert problem.remedy is not None
    assert "--shape x=1x224x224x3" in problem.remedy
    assert lowering.network is None


@pytest.mark.parametrize(
    "node",
    [
        'AvgPool(x) {ksize=[1, 13, 13, 1], strides=[1, 1, 1, 1], padding="VALID"}',
        'Conv2D(x, k) {strides=[1, 1, 1, 1], dilations=[1, 4, 4, 1], padding="VALID"}',
    ],
)
def test_a_picture_smaller_than_the_window_is_too_small(node: str) -> None:
    lowering = lower(
        f"""
        x = Placeholder() {{shape=[1, 3, 3, 3], dtype=f32}}
        k = Const() {{value=f32[3, 3, 3, 8]{{0.1}}}}
        c = {node}
        flat = Const() {{value=i32[2]{{-1, 8}}}}
        y = Reshape(c, flat)
        """
    )
    problem = lowering.problems[0]
    assert problem.node == "c"
    assert "its input has 3 there" in problem.reason
    assert problem.remedy is not None
    assert "--shape" in problem.remedy


def test_nodes_behind_unknown_dimensions_are_judged_by_their_ops() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[?, ?, ?, 3]}
        r = Relu(x)
        d = Digamma(r)
        s = Const() {value=i32[2]{1, 77}}
        f = Reshape(r, s)
        outputs(d, f)
        """
    )
    assert [problem.node for problem in lowering.problems] == ["x", "d"]
    assert lowering.unjudged == {"f"}
    assert lowering.types[TensorRef("r")].shape == Shape.of(-1, -1, -1, 3)


def test_given_shape_of_another_rank_is_refused() -> None:
    graph = parse_text("x = Placeholder() {shape=[?, ?, ?, 3]}" + CONVOLUTION)
    problems = network_from_graph(graph, shapes={"x": Shape.of(5, 6, 3)}).problems
    assert [problem.node for problem in problems] == ["x"]
    assert "3 dimensions" in problems[0].reason


def test_arithmetic_that_wraps_around_is_refused() -> None:
    (problem,) = lower("x = Placeholder() {shape=[4], dtype=u8}\ny = Add(x, x)").problems
    assert "wraps" in problem.reason


def test_unknown_rank_asks_for_a_shape() -> None:
    (problem,) = lower("x = Placeholder() {shape=?}" + CONVOLUTION).problems
    assert problem.node == "x"
    assert "--shape x=" in (problem.remedy or "")


def test_every_problem_is_collected_once_and_judging_goes_on_behind_it() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[1, 4]}
        a = Mystery(x) {T=f32}
        b = RandomStandardNormal(s) {dtype=f32}
        s = Const() {value=i32[2]{1, 4}}
        c = Add(x, b)
        d = Digamma(c)
        e = Relu(d)
        outputs(a, e)
        """
    )
    assert [problem.node for problem in lowering.problems] == ["a", "b", "d"]
    assert all(problem.remedy for problem in lowering.problems)
    assert lowering.unjudged == frozenset()


def test_unknown_op_makes_its_readers_unjudged_not_wrong() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[1, 4]}
        a = Mystery(x)
        b = Relu(a)
        outputs(b)
        """
    )
    assert [problem.node for problem in lowering.problems] == ["a"]
    assert lowering.unjudged == {"b"}


def test_nodes_the_outputs_do_not_need_are_not_judged() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[1, 4]}
        bad = Mystery(x)
        y = Relu(x, ^bad)
        outputs(y)
        """
    )
    assert not lowering.problems


def test_dangling_input_is_a_problem_of_its_reader() -> None:
    (problem,) = lower("y = Relu(nowhere) {T=f32}\noutputs(y)").problems
    assert problem.node == "y"
    assert "nowhere" in problem.reason


def test_missing_output_is_a_problem() -> None:
    graph = parse_text("x = Placeholder() {shape=[1]}\ny = Relu(x)")
    (problem,) = network_from_graph(graph, outputs=[TensorRef("z")]).problems
    assert problem.node == "z"


def test_missing_port_is_a_problem() -> None:
    graph = parse_text("x = Placeholder() {shape=[1]}\ny = Relu(x)")
    assert network_from_graph(graph, outputs=[TensorRef("y", 3)]).problems


def test_missing_attribute_names_it() -> None:
    (problem,) = lower(
        """
        x = Placeholder() {shape=[1, 8, 8, 3]}
        p = MaxPool(x) {padding="SAME", strides=[1, 2, 2, 1]}
        """
    ).problems
    assert problem.node == "p"


def test_outputs_keep_their_names_and_layout() -> None:
    network = network_of(lower("x = Placeholder() {shape=[1, 8, 8, 3]}" + CONVOLUTION))
    assert network.outputs == ("r",)
    assert network.output_tensors[0].shape == (1, 8, 8, 8)
    assert network.sources["r"].axes == (0, 1, 2, 3)


def test_sources_tell_layout_of_tensors_inside() -> None:
    network = network_of(lower("x = Placeholder() {shape=[1, 4, 6, 3]}" + CONVOLUTION))
    inside = {source.ref.node: source for name, source in network.sources.items() if name != "r"}
    assert inside["c"].axes == (0, 2, 3, 1)


def test_output_behind_an_identity_has_the_identity_s_name() -> None:
    network = network_of(
        lower(
            """
            x = Placeholder() {shape=[1, 4]}
            a = Relu(x)
            out = Identity(a)
            """
        )
    )
    assert network.outputs == ("out",)
    assert len(network.layers) == 1


def test_input_as_output_gets_a_tensor_of_its_own() -> None:
    graph = parse_text("x = Placeholder() {shape=[1, 4]}\ny = Relu(x)")
    lowering = network_from_graph(graph, outputs=[TensorRef("x"), TensorRef("y")])
    network = network_of(lowering)
    assert network.outputs[0] != "x"
    assert network.sources[network.outputs[0]].ref == TensorRef("x")


def test_constant_output_is_a_constant_layer() -> None:
    graph = parse_text("a = Const() {value=f32[2]{1, 2}}\nb = Square(a)")
    network = network_of(network_from_graph(graph, outputs=[TensorRef("b")]))
    (layer,) = network.layers
    assert isinstance(layer.kind, Constant)
    np.testing.assert_array_equal(layer.kind.weights_, [1, 4])


def test_absorbed_nodes_are_origins_and_folded_ones_vanish() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[1, 8, 8, 3]}
        k = Const() {value=f32[3, 3, 3, 8]{0.1}}
        k/read = Identity(k)
        b = Const() {value=f32[8]{1}}
        c = Conv2D(x, k/read) {strides=[1, 1, 1, 1], padding="SAME"}
        y = BiasAdd(c, b)
        """
    )
    assert {"k", "k/read", "b"} <= lowering.vanished
    assert lowering.layers_of["y"] == lowering.layers_of["c"][-1:] or lowering.layers_of["y"]
    assert "c" in lowering.layers_of
    assert not {"c", "y"} & lowering.vanished


def test_branch_never_taken_is_not_lowered() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[4]}
        p = Const() {value=bool{true}}
        s = Switch(x, p)
        dead = Mystery(s)
        live = Relu(s:1)
        m = Merge(dead, live) {T=f32, N=2}
        outputs(m)
        """
    )
    assert [layer.kind.type_name for layer in network_of(lowering).layers] == ["Activation"]


def test_default_of_a_placeholder_is_taken() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[4]}
        d = Const() {value=f32{3}}
        p = PlaceholderWithDefault(d) {shape=[], dtype=f32}
        y = Mul(x, p)
        """
    )
    assert [tensor.name for tensor in network_of(lowering).inputs] == ["x"]


def test_double_precision_is_noted() -> None:
    lowering = lower("x = Placeholder() {shape=[4], dtype=f64}\ny = Relu(x)")
    assert "float64" in lowering.notes["x"]
    assert network_of(lowering).inputs[0].dtype is DType.FLOAT32


def test_string_input_is_refused_with_a_remedy() -> None:
    (problem,) = lower("x = Placeholder() {shape=[4], dtype=string}\ny = Identity(x)").problems
    assert "string" in problem.reason
    assert problem.remedy


def test_dropout_left_over_names_the_rule_that_removes_it() -> None:
    (problem,) = lower(
        """
        x = Placeholder() {shape=[4]}
        s = Const() {value=i32[1]{4}}
        n = RandomUniform(s) {dtype=f32}
        y = Mul(x, n)
        """
    ).problems
    assert problem.rule == "remove-dropout"


def test_loop_is_one_layer() -> None:
    lowering = lower(
        """
        x = Placeholder() {shape=[]}
        e = Enter(x) {frame_name="f", T=f32}
        m = Merge(e, n) {T=f32, N=2}
        limit = Const() {value=f32{9}}
        l = Less(m, limit)
        c = LoopCond(l)
        s = Switch(m, c)
        b = Square(s:1)
        n = NextIteration(b)
        y = Exit(s)
        outputs(y)
        """
    )
    (layer,) = network_of(lowering).layers
    assert (layer.name, layer.origin) == ("c", ("c", "l", "b"))


def test_variable_says_that_the_graph_is_not_frozen() -> None:
    (problem,) = lower("v = VariableV2() {shape=[4], dtype=f32}\nr = Relu(v)\noutputs(r)").problems
    assert "frozen" in problem.reason


def test_unknown_names_of_layers_do_not_clash_with_nodes() -> None:
    network = network_of(
        lower(
            """
            x = Placeholder() {shape=[1, 4, 6, 3]}
            c/transpose = Relu(x)
            k = Const() {value=f32[1, 1, 3, 2]{1}}
            c = Conv2D(c/transpose, k) {strides=[1, 1, 1, 1], padding="SAME"}
            outputs(c, c/transpose)
            """
        )
    )
    assert network.outputs == ("c", "c/transpose")
    names = [layer.name for layer in network.layers]
    assert len(set(names)) == len(names)


def test_empty_graph_lowers_to_an_empty_network() -> None:
    assert network_of(network_from_graph(Graph())).layers == ()


@pytest.mark.parametrize("op", ["Conv2D", "FusedBatchNormV3", "StridedSlice", "LoopCond"])
def test_converters_are_found_by_op(op: str) -> None:
    assert op in CONVERTERS
