"""Questions about graphs: namespaces, order, reachability, inputs and outputs."""

from __future__ import annotations

import pytest

from surgeon_gui.errors import GraphCycle, GraphError, UnknownNode
from surgeon_gui.graph import query
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.text import parse_text
from tests.helpers.shared import data_path, shared_path

LOOP = """
    x = Placeholder()
    e = Enter(x) {frame_name="f"}
    m = Merge(e, back)
    c = LoopCond(m)
    s = Switch(m, c)
    body = Relu(s:1)
    back = NextIteration(body)
    out = Exit(s)
    unused = Exit(s)
    y = Tanh(out)
"""

OUTPUTS = {
    "models/bsrn_super_resolution.pb": (["sr_input", "sr_input_scale"], ["output"]),
    "models/charades_squeezenet.pb": (["input_image"], ["classifier/Reshape"]),
    "models/unet_semseg_person_08.pb": (["input"], ["output/BiasAdd"]),
    "models/lstm_mnist_dropout_leftovers.pb": (["X", "keep_prob"], ["output"]),
    "models/opencv_face_detector_uint8.pb": (["data"], ["mbox_loc", "mbox_conf_flatten"]),
    "models/tf_pose_mobilenet_v2_small.pb": (["image"], ["Openpose/concat_stage7"]),
    "models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb": (
        ["image_tensor"],
        ["detection_boxes", "detection_scores", "detection_classes", "num_detections"],
    ),
    "models/control_flow_small/cond__cond_false/frozen_model.pb": ([], ["cond/Merge"]),
    "models/control_flow_small/simplewhile_0_alt/frozen_model.pb": (
        ["input_0", "input_1"],
        ["output"],
    ),
    "models/single_ops/switch_identity_net.pb": (
        ["activation_8/Elu"],
        ["batch_normalization_1/cond/FusedBatchNorm"],
    ),
}


def outputs(text: str) -> list[str]:
    return [str(ref) for ref in query.deduce_outputs(parse_text(text))]


def assert_in_order(graph: Graph, order: tuple[str, ...]) -> None:
    place = {name: index for index, name in enumerate(order)}
    back = set(query.back_edges(graph))
    assert set(place) == {node.name for node in graph}
    for node in graph:
        for name in [*(ref.node for ref in node.inputs), *node.controls]:
            if (name, node.name) not in back:
                assert place[name] < place[node.name]


@pytest.mark.parametrize("relative", OUTPUTS)
def test_inputs_and_outputs_of_real_models_are_found(relative: str) -> None:
    graph = open_graph(shared_path(relative))
    inputs, found = OUTPUTS[relative]
    assert [node.name for node in query.deduce_inputs(graph)] == inputs
    assert [str(ref) for ref in query.deduce_outputs(graph)] == found
    assert_in_order(graph, query.topological_order(graph))


@pytest.mark.parametrize(
    ("name", "source", "result"),
    [
        ("cifar_small.pb", "Input", "Output"),
        ("mobilenet_v1_0.25_128_frozen.pb", "input", "MobilenetV1/Predictions/Reshape_1"),
    ],
)
def test_bundled_models(name: str, source: str, result: str) -> None:
    graph = open_graph(data_path(name))
    assert [node.name for node in query.deduce_inputs(graph)] == [source]
    assert query.deduce_outputs(graph) == (TensorRef(result),)


def test_leftovers_are_no_outputs() -> None:
    text = """
        x = Placeholder() {shape=[?, 4]}
        keep = Placeholder() {shape=?}
        w = Const() {value=f32[4]{1}}
        w/read = Identity(w)
        y = Mul(x, w/read)
        shape = Shape(y)
        noise = RandomUniform(shape) {dtype=f32}
        mask = Add(noise, keep)
        dropout/Floor = Floor(mask)
        rows = StridedSlice(shape, w, w, w)
        check = Assert(x)
        group = NoOp(^y, ^check)
        lone = Const() {value=f32{1}}
        lone/read = Identity(lone)
    """
    assert outputs(text) == ["y"]


def test_every_output_of_a_last_topk_counts_but_only_the_first_of_a_batch_norm() -> None:
    text = "x = Placeholder()\nk = Const() {value=i32{2}}\ntop = TopKV2(x, k)"
    assert outputs(text) == ["top", "top:1"]
    assert outputs("x = Placeholder()\nbn = FusedBatchNorm(x, x, x, x, x)") == ["bn"]


def test_chosen_outputs_win() -> None:
    assert outputs("x = Placeholder()\ny = Relu(x)\nz = Relu(y)\noutputs(y)") == ["y"]


def test_a_constant_graph_has_its_last_constant_as_output() -> None:
    assert outputs("c = Const() {value=f32{1}}\nr = Relu(c)") == ["r"]
    assert outputs("c = Const() {value=f32{1}}") == ["c"]


def test_unused_placeholders_and_defaults_are_no_inputs() -> None:
    text = "x = Placeholder()\nold = Placeholder()\nc = Const() {value=f32{1}}\n"
    text += "d = PlaceholderWithDefault(c)\ny = Add(x, d)"
    assert [node.name for node in query.deduce_inputs(parse_text(text))] == ["x"]
    rest = "c = Const() {value=f32{1}}\nd = PlaceholderWithDefault(c)\ny = Relu(d)"
    assert [node.name for node in query.deduce_inputs(parse_text(rest))] == ["d"]


def test_order_survives_loops_and_names_other_circles() -> None:
    graph = parse_text(LOOP)
    assert query.back_edges(graph) == (("back", "m"),)
    assert_in_order(graph, query.topological_order(graph))
    assert outputs(LOOP) == ["y"]
    with pytest.raises(GraphCycle, match="depends on itself"):
        query.topological_order(parse_text("a = Relu(b)\nb = Relu(a)"))
    with pytest.raises(GraphCycle):
        query.topological_order(parse_text("a = NoOp(^b)\nb = NoOp(^a)"))


def test_a_graph_in_order_keeps_its_order_and_deep_chains_are_no_problem() -> None:
    lines = ["n0 = Placeholder()", *(f"n{i} = Relu(n{i - 1})" for i in range(1, 3000))]
    graph = parse_text("\n".join(lines))
    names = tuple(node.name for node in graph)
    assert query.topological_order(graph) == names
    assert query.topological_order(Graph(graph.nodes[::-1])) == names


def test_namespaces_hold_their_direct_members_and_those_in_between() -> None:
    graph = parse_text("x = NoOp()\na/b/c = NoOp()\na/b/d = NoOp()\ne/f = NoOp()")
    assert query.namespaces(graph) == {
        "": ("x",),
        "a/b": ("a/b/c", "a/b/d"),
        "a": (),
        "e": ("e/f",),
    }
    assert query.namespace_of("a/b/c") == "a/b"
    assert query.namespace_of("c") == ""


def test_reach_follows_data_and_control_edges_both_ways() -> None:
    graph = parse_text("a = NoOp()\nb = Placeholder(^a)\nc = Relu(b)\nd = Relu(c)\ne = Relu(b)")
    assert query.reachable(graph, ["c"]) == {"a", "b", "c"}
    assert query.dependents(graph, ["c"]) == {"c", "d"}
    with pytest.raises(UnknownNode):
        query.reachable(graph, ["nope"])


def test_exclusive_dependencies_are_what_dies_with_a_node() -> None:
    text = """
        x = Placeholder()
        w = Const() {value=f32{1}}
        v = Const() {value=f32{1}}
        a = Mul(x, w)
        b = Mul(a, v)
        c = Relu(a)
    """
    graph = parse_text(text)
    assert query.exclusive_dependencies(graph, ["b"]) == {"v"}
    assert query.exclusive_dependencies(graph, ["b", "c"]) == {"v", "a", "w"}
    chosen = graph.with_outputs([TensorRef("a")])
    assert query.exclusive_dependencies(chosen, ["b", "c"]) == {"v"}
    loop = parse_text(LOOP)
    dead = query.exclusive_dependencies(loop, ["y", "unused"])
    assert dead == {"e", "m", "c", "s", "body", "back", "out"}


def test_find_by_op_and_glob() -> None:
    graph = open_graph(data_path("cifar_small.pb"))
    assert [node.op for node in query.find(graph, op="Conv2D")] == ["Conv2D"]
    assert all(node.name.endswith("/read") for node in query.find(graph, name_glob="*/read"))
    assert len(query.find(graph, name_glob="*/read")) == 3
    assert query.find(graph, op="Conv2D", name_glob="nothing*") == ()


def test_outputs_are_named_as_users_do() -> None:
    graph = parse_text("x = Placeholder()\nk = Const() {value=i32{2}}\ntop = TopKV2(x, k)")
    assert query.resolve_output(graph, "top:1") == TensorRef("top", 1)
    assert query.resolve_output(graph, " top ") == TensorRef("top")
    with pytest.raises(GraphError, match="2 outputs"):
        query.resolve_output(graph, "top:2")
    with pytest.raises(UnknownNode) as caught:
        query.resolve_output(graph, "tob")
    assert "top" in str(caught.value.hint)
