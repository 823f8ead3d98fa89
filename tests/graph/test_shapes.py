"""Static inference over whole graphs: models, partly known values, loops, dead ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import infer_node, infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import DType, Shape, TensorType
from tests.helpers.shared import data_path, shared_models, shared_path
from tests.helpers.tensorflow_process import run_tensorflow

MODELS = [
    *sorted(data_path("").glob("*.pb")),
    *(path for path in shared_models("**/*.pb") if path.name not in ("cifar_small.pb",)),
]


def shape_of(text: str, name: str, **shapes: Shape) -> str:
    return str(infer_types(parse_text(text), shapes).shape(TensorRef.parse(name)))


@pytest.fixture(scope="module")
def all_models() -> tuple[Graph, dict[str, Graph]]:
    """Return one graph that holds every model under a prefix, and the models."""
    graphs = {f"m{index}": open_graph(path) for index, path in enumerate(MODELS)}
    merged: list[Node] = []
    for prefix, graph in graphs.items():
        for node in graph:
            attrs = {key: value for key, value in node.attrs.items() if key != "_class"}
            merged.append(
                node.replace(
                    name=f"{prefix}/{node.name}",
                    inputs=tuple(TensorRef(f"{prefix}/{r.node}", r.port) for r in node.inputs),
                    controls=tuple(f"{prefix}/{name}" for name in node.controls),
                    attrs=attrs,
                )
            )
    return Graph(tuple(merged)), graphs


@pytest.mark.tensorflow
@pytest.mark.slow
def test_models_are_typed_at_least_as_precisely_as_by_tensorflow(
    all_models: tuple[Graph, dict[str, Graph]], tmp_path: Path
) -> None:
    merged, graphs = all_models
    run = run_tensorflow(merged, tmp_path)
    seen = 0
    for prefix, graph in graphs.items():
        # As in TensorFlow's import above, where the merged graph has no version.
        types = infer_types(Graph(graph.nodes))
        assert types.problems == {}, prefix
        for node in graph:
            for port, found in enumerate(types.outputs(node.name)):
                dtype, shape = run.types[f"{prefix}/{node.name}:{port}"]
                where = f"{prefix}/{node!r}:{port}: {found}, TensorFlow {shape}"
                assert found.dtype.value == dtype, where
                seen += 1
                if shape is None:
                    continue
                assert found.shape.dims is not None, where
                assert len(found.shape.dims) == len(shape), where
                pairs = zip(found.shape.dims, shape, strict=True)
                assert all(theirs in (-1, mine) for mine, theirs in pairs), where
    assert seen == len(run.types)


@pytest.mark.parametrize(
    ("relative", "shapes", "expected"),
    [
        ("tf_pose_mobilenet_v2_small.pb", {"image": (1, 432, 368, 3)}, ["[1,54,46,57]"]),
        ("charades_squeezenet.pb", {"input_image": (1, 224, 224, 3)}, ["[1,157]"]),
        ("unet_semseg_person_08.pb", {"input": (1, 256, 256, 3)}, ["[1,256,256,3]"]),
        (
            "bsrn_super_resolution.pb",
            {"sr_input": (1, 16, 16, 3), "sr_input_scale": ()},
            ["[16,64,64,3]"],
        ),
        ("lstm_mnist_dropout_leftovers.pb", {"X": (1, 784), "keep_prob": ()}, ["[1,10]"]),
        ("opencv_face_detector_uint8.pb", {"data": (1, 300, 300, 3)}, ["[1,35568]", "[1,17784]"]),
        (
            "ssd_mobilenet_v1_0.125_256_person_cat_dog.pb",
            {},
            ["[1,100,4]", "[1,100]", "[1,100]", "[1]"],
        ),
    ],
)
def test_with_fixed_inputs_the_outputs_of_real_models_are_static(
    relative: str, shapes: dict[str, tuple[int, ...]], expected: list[str]
) -> None:
    graph = open_graph(shared_path(f"models/{relative}"))
    types = infer_types(graph, {name: Shape(dims) for name, dims in shapes.items()})
    assert [str(types.shape(ref)) for ref in deduce_outputs(graph)] == expected
    assert types.problems == {}


def test_a_size_far_below_zero_is_an_unknown_size() -> None:
    wrong = Node(
        "x", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape((-(1 << 35), 2))}
    )
    known = infer_types(Graph((wrong, Node("s", "Shape", (TensorRef("x"),))))).partial(
        TensorRef("s")
    )
    assert known is not None
    assert known.tolist() == [None, 2]


def test_shape_arithmetic_keeps_what_is_known_beside_an_unknown_batch() -> None:
    text = """
        x = Placeholder() {shape=[?, 7, 7, 64]}
        shape = Shape(x)
        b0 = Const() {value=i32[1]{0}}
        b1 = Const() {value=i32[1]{1}}
        b4 = Const() {value=i32[1]{4}}
        batch = StridedSlice(shape, b0, b1, b1) {shrink_axis_mask=1}
        rest = StridedSlice(shape, b1, b4, b1)
        axis = Const() {value=i32{0}}
        size = Prod(rest, b0)
        flat = Pack(batch, size)
        y = Reshape(x, flat)
        rows = Pack(size, batch)
        z = Reshape(x, rows)
    """
    types = infer_types(parse_text(text))
    assert str(types.shape(TensorRef("y"))) == "[?,3136]"
    assert str(types.shape(TensorRef("z"))) == "[3136,?]"
    assert types.value(TensorRef("size")) == 3136
    assert types.value(TensorRef("flat")) is None
    known = types.partial(TensorRef("flat"))
    assert isinstance(known, np.ma.MaskedArray)
    assert known.tolist() == [None, 3136]
    fixed = infer_types(parse_text(text), {"x": Shape((2, 7, 7, 64))})
    assert str(fixed.shape(TensorRef("z"))) == "[3136,2]"
    flat = fixed.value(TensorRef("flat"))
    assert flat is not None
    assert flat.tolist() == [2, 3136]


def test_upsampling_by_computed_size_is_followed_through_floats() -> None:
    text = """
        x = Placeholder() {shape=[1, 10, 12, 3]}
        s = Shape(x)
        one = Const() {value=i32[1]{1}}
        three = Const() {value=i32[1]{3}}
        hw = StridedSlice(s, one, three, one)
        f = Cast(hw) {DstT=f32}
        two = Const() {value=f32{2.0}}
        g = Mul(f, two)
        h = Cast(g) {DstT=i32}
        y = ResizeBilinear(x, h)
    """
    assert shape_of(text, "y") == "[1,20,24,3]"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("y = Reshape(x, t)\nt = Const() {value=i32[2]{-1, 5}}", "?"),
        ("t = Const() {value=i32[2]{-1, 6}}\ny = Reshape(x, t)", "[4,6]"),
        ("t = Placeholder() {shape=[3], dtype=i32}\ny = Reshape(x, t)", "[?,?,?]"),
        ("y = NoSuchOp(x)", "?"),
        ("y = NoSuchOp(x) {_output_shapes=[shape[4, 2]], T=f32}", "[4,2]"),
        ("y = Add(x, missing)", "?"),
        ("y = Transpose(x)", "?"),
        ("y = Identity(x:3)", "?"),
    ],
)
def test_what_cannot_be_known_is_unknown_and_stops_nothing(line: str, expected: str) -> None:
    text = "versions(producer=27)\nx = Placeholder() {shape=[2, 3, 4]}\n" + line + "\nz = Relu(y)"
    assert shape_of(text, "z") == expected


def test_inputs_that_do_not_fit_are_reported_by_node() -> None:
    graph = parse_text(
        "a = Placeholder() {shape=[2, 3]}\nb = Placeholder() {shape=[2, 4]}\nc = Add(a, b)"
    )
    types = infer_types(graph)
    assert types.problems == {"c": "Add: [2,3] and [2,4] do not broadcast."}
    assert types.type(TensorRef("c")) == TensorType(DType.FLOAT32, Shape(None))


LOOP = """
    versions(producer=27)
    x = Placeholder() {shape=[2, 3]}
    n = Const() {value=i32{0}}
    e = Enter(x) {frame_name="f"}
    i = Enter(n) {frame_name="f"}
    m = Merge(e, back)
    mi = Merge(i, backi)
    limit = Const(^m) {value=i32{5}}
    less = Less(mi, limit)
    cond = LoopCond(less)
    s = Switch(m, cond)
    si = Switch(mi, cond)
    body = Identity(s:1)
    axis = Const(^body) {value=i32{0}}
    one = Const(^body) {value=i32{1}}
    next = ConcatV2(body, body, axis)
    nexti = Add(si:1, one)
    back = NextIteration(next)
    backi = NextIteration(nexti)
    out = Exit(s)
    outi = Exit(si)
"""


def test_a_loop_variable_that_grows_is_widened_and_its_value_unknown() -> None:
    types = infer_types(parse_text(LOOP))
    assert str(types.shape(TensorRef("out"))) == "[?,3]"
    assert str(types.shape(TensorRef("next"))) == "[?,3]"
    assert types.value(TensorRef("outi")) is None
    assert str(types.shape(TensorRef("outi"))) == "[]"
    assert types.value(TensorRef("limit")) == 5


def test_a_tensor_arrays_size_and_elements_are_known_across_its_loop() -> None:
    text = """
        versions(producer=27)
        n = Const() {value=i32{4}}
        array = TensorArrayV3(n) {dtype=f32, element_shape=[2, 3]}
        grow = TensorArrayV3(n) {dtype=f32, element_shape=?, dynamic_size=true}
        h = Enter(array) {frame_name="f", T=dtype:20}
        item = TensorArrayReadV3(h, n, array:1)
        size = TensorArraySizeV3(array, array:1)
        zero = Const() {value=i32{0}}
        one = Const() {value=i32{1}}
        range = Range(zero, size, one)
        all = TensorArrayGatherV3(array, range, array:1) {element_shape=?}
        open = TensorArraySizeV3(grow, grow:1)
    """
    types = infer_types(parse_text(text))
    assert str(types.type(TensorRef("item"))) == "float32 [2,3]"
    assert str(types.type(TensorRef("all"))) == "float32 [4,2,3]"
    assert types.value(TensorRef("open")) is None
    assert types.value(TensorRef("array")) is None


def test_a_constant_predicate_kills_the_other_branch() -> None:
    text = """
        versions(producer=27)
        x = Placeholder() {shape=[2, 3]}
        p = Const() {value=bool{false}}
        pred = Identity(p)
        s = Switch(x, pred)
        axis = Const() {value=i32{0}}
        yes = Sum(s:1, axis)
        no = Relu(s)
        out = Merge(yes, no)
        tail = Tanh(out)
        after = Const(^yes) {value=i32{1}}
    """
    types = infer_types(parse_text(text))
    assert types.is_dead("yes")
    assert types.is_dead("after")
    assert not types.is_dead("no")
    assert not types.is_dead("tail")
    assert str(types.shape(TensorRef("tail"))) == "[2,3]"
    assert TensorRef("s", 1) in types.dead


def test_a_default_is_a_value_only_where_it_is_not_the_input() -> None:
    default = (
        "d = Const() {value=i32{3}}\np = PlaceholderWithDefault(d) {shape=[]}\nq = Add(p, p)\n"
    )
    alone = infer_types(parse_text(default))
    assert alone.value(TensorRef("q")) is None
    beside = parse_text("x = Placeholder() {dtype=i32}\n" + default + "y = Add(x, q)")
    assert infer_types(beside).value(TensorRef("q")) == 6
    assert infer_types(beside, {"p": Shape(())}).value(TensorRef("q")) is None


def test_unknown_predicates_join_both_branches() -> None:
    text = """
        versions(producer=27)
        x = Placeholder() {shape=[2, 3]}
        p = Placeholder() {dtype=bool, shape=[]}
        s = Switch(x, p)
        perm = Const() {value=i32[2]{1, 0}}
        turned = Transpose(s:1, perm)
        out = Merge(s, turned)
    """
    assert shape_of(text, "out") == "[?,?]"


def test_scalars_of_old_placeholders_mean_an_unknown_shape() -> None:
    text = "x = Placeholder() {shape=[]}"
    assert shape_of(text, "x") == "?"
    assert shape_of(text + "\nversions(producer=26)", "x") == "[]"


def test_constants_of_any_size_are_values_also_through_identity() -> None:
    graph = parse_text("w = Const() {value=f32[1000]{0.5}}\nr = Identity(w)\ny = Relu(r)")
    types = infer_types(graph)
    value = types.value(TensorRef("r"))
    assert value is not None
    assert value.shape == (1000,)
    assert types.value(TensorRef("y")) is None


def test_a_single_node_can_be_inferred() -> None:
    node = parse_text('c = Conv2D(x, w) {strides=[1, 2, 2, 1], padding="SAME"}')["c"]
    image = TensorType(DType.FLOAT32, Shape((-1, 11, 12, 3)))
    kernel = TensorType(DType.FLOAT32, Shape((3, 3, 3, 8)))
    (found,) = infer_node(node, [image, kernel], [None, None])
    assert str(found) == "float32 [?,6,6,8]"


def test_every_copy_in_ten_thousand_nodes_is_typed_alike() -> None:
    parts = open_graph(data_path("mobilenet_v1_0.25_128_frozen.pb"))
    nodes = [
        node.replace(
            name=f"copy{copy}/{node.name}",
            inputs=tuple(TensorRef(f"copy{copy}/{ref.node}", ref.port) for ref in node.inputs),
        )
        for copy in range(19)
        for node in parts
    ]
    graph = Graph(tuple(nodes))
    assert len(graph) > 10_000
    types, alone = infer_types(graph), infer_types(parts)
    for node in parts:
        assert types.outputs(f"copy18/{node.name}") == alone.outputs(node.name)
