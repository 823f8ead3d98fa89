"""Dimensions left open: the network equals TensorFlow at every size, and TensorRT builds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.flat import flattened
from surgeon_gui.engine.log import collected
from surgeon_gui.engine.readback import read_network, unreadable_as_zeros
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Dims, Network
from surgeon_gui.network.layers import Convolution, PaddingMode, Resize, Shuffle
from surgeon_gui.network.lower import Lowering, network_from_graph
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.engine.rtx import new_builder, rtx
from tests.helpers.shared import data_path, shared_path
from tests.network.lower.harness import numbers, op, run_network

pytestmark = [pytest.mark.tensorflow, pytest.mark.tensorrt]

OPEN = None
Build = Callable[..., Any]
Shapes = Mapping[str, Dims]


def opened(build: Build, *declared: Sequence[int | None]) -> tuple[bytes, Lowering]:
    """Lower what `build` makes of float placeholders x0, x1 … with dimensions of None open."""
    with tf.Graph().as_default() as graph:
        inputs = [
            tf.compat.v1.placeholder(tf.float32, dims, name=f"x{place}")
            for place, dims in enumerate(declared)
        ]
        result = build(*inputs)
        message = graph.as_graph_def().SerializeToString()
    lowering = network_from_graph(
        graph_from_graphdef(message),
        outputs=[TensorRef.parse(result.name)],
        shapes={
            f"x{place}": Shape(tuple(-1 if dim is None else dim for dim in dims))
            for place, dims in enumerate(declared)
        },
    )
    return message, lowering


def run_tensorflow(message: bytes, outputs: Sequence[str], feeds: Mapping[str, Array]) -> Any:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(message), name="")
        with tf.compat.v1.Session(graph=graph) as session:
            return session.run(list(outputs), {f"{name}:0": array for name, array in feeds.items()})


def compare(network: Network, message: bytes, every: Sequence[Shapes]) -> None:
    """Compare with TensorFlow at several sizes, through ONNX Runtime."""
    model = onnx_from_network(network)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    refs = [network.sources[name].ref for name in network.outputs]
    for shapes in every:
        feeds: dict[str, Any] = {
            # The one scalar among the models' inputs says how much an image grows.
            name: numbers(*dims, seed=len(name), low=-1, high=1) if dims else np.float32(4)
            for name, dims in shapes.items()
        }
        mine = {tensor.name: feeds[tensor.name] for tensor in network.inputs}
        got = session.run(list(network.outputs), mine)
        want = run_tensorflow(message, [f"{ref.node}:{ref.port}" for ref in refs], feeds)
        for ours, theirs in zip(got, want, strict=True):
            assert ours.shape == theirs.shape, shapes
            scale = max(1.0, float(np.abs(theirs).max(initial=0)))
            np.testing.assert_allclose(ours, theirs, 1e-3, 1e-4 * scale)


def build_problem(network: Network, corners: Mapping[str, Sequence[Dims]]) -> str | None:
    """Return what TensorRT says against a network with these shapes, least, best and most."""
    flavour = rtx()
    builder = new_builder(flavour)
    with collected() as said:
        definition = create_network(builder, flavour)
        emission = emit(network, flavour, definition)
        expected = unreadable_as_zeros(flattened(network))
        differences = same_network(expected, read_network(definition, flavour))
        config = builder.create_builder_config()
        config.num_compute_capabilities = 1
        config.set_compute_capability(flavour.module.ComputeCapability.SM80, 0)
        profile = builder.create_optimization_profile()
        for name, shapes in corners.items():
            profile.set_shape(name, *shapes)
        config.add_optimization_profile(profile)
        plan = builder.build_serialized_network(definition, config)
    assert emission.tensors
    if differences:
        return differences[0]
    return None if plan is not None else "; ".join(said.errors)


def at(shape: Sequence[int | None], *sizes: int) -> Dims:
    """Return a shape with its open dimensions filled in, one size after the other."""
    given = iter(sizes)
    return tuple(next(given) if dim is None else dim for dim in shape)


def up_and_down(x: Any) -> Any:
    """A U of convolutions that brings every size back to the skip's."""
    low = tf.nn.relu(tf.nn.conv2d(x, numbers(3, 3, 3, 4), 2, "SAME"))
    lower = tf.nn.max_pool2d(low, 3, 2, "SAME")
    size = tf.shape(low)[1:3]
    up = op.ResizeBilinear(images=lower, size=size, half_pixel_centers=True)
    return tf.concat([low, up], -1)


def last_rows(x: Any) -> Any:
    return x[:, 1:-1, ::2, ::-1]


def attention(x: Any) -> Any:
    shape = tf.shape(x)
    heads = tf.reshape(x, tf.stack([shape[0], shape[1], 2, 4]))
    heads = tf.transpose(heads, [0, 2, 1, 3])
    scores = tf.nn.softmax(tf.matmul(heads, heads, transpose_b=True))
    mixed = tf.transpose(tf.matmul(scores, heads), [0, 2, 1, 3])
    return tf.reshape(mixed, tf.stack([shape[0], shape[1], 8]))


def halves(x: Any) -> Any:
    half = tf.shape(x)[1] // 2
    return x[:, :half] if x.shape[1] is None else x


IMAGE = (1, OPEN, OPEN, 3)
BATCH = (OPEN, OPEN, OPEN, 3)
WORDS = (OPEN, OPEN, 8)

TAKEN: dict[str, tuple[Build, Sequence[int | None], Sequence[Sequence[int]]]] = {
    "strided SAME": (
        lambda x: tf.nn.conv2d(x, numbers(3, 3, 3, 4), 2, "SAME"),
        IMAGE,
        ((8, 9), (7, 6), (32, 33)),
    ),
    "strided SAME after ReLU, twice": (
        lambda x: tf.nn.avg_pool2d(tf.nn.conv2d(x, numbers(5, 5, 3, 4), 2, "SAME"), 3, 2, "SAME"),
        BATCH,
        ((1, 17, 20), (2, 18, 19)),
    ),
    "VALID": (
        lambda x: tf.nn.conv2d(
            tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]]), numbers(3, 3, 3, 4), 2, "VALID"
        ),
        IMAGE,
        ((8, 9), (7, 6), (32, 33)),
    ),
    "padding before strided SAME": (
        lambda x: tf.nn.conv2d(
            tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), numbers(2, 2, 3, 4), 2, "SAME"
        ),
        BATCH,
        ((1, 8, 9), (2, 7, 6), (1, 32, 33)),
    ),
    "padding before SAME": (
        lambda x: tf.nn.conv2d(
            tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]), numbers(3, 3, 3, 4), 1, "SAME"
        ),
        IMAGE,
        ((8, 9), (7, 6)),
    ),
    "dilated": (
        lambda x: tf.nn.conv2d(x, numbers(3, 3, 3, 4), 1, "SAME", dilations=2),
        IMAGE,
        ((8, 9), (32, 33)),
    ),
    "U": (up_and_down, BATCH, ((1, 32, 48), (2, 33, 47), (1, 50, 31))),
    "twice the size": (
        lambda x: op.ResizeNearestNeighbor(images=x, size=tf.shape(x)[1:3] * 2),
        IMAGE,
        ((8, 9), (7, 6)),
    ),
    "transposed convolution": (
        lambda x: tf.nn.conv2d_transpose(
            x, numbers(2, 2, 4, 3), tf.stack([1, tf.shape(x)[1] * 2, tf.shape(x)[2] * 2, 4]), 2
        ),
        IMAGE,
        ((8, 9), (7, 6)),
    ),
    "slices": (last_rows, BATCH, ((1, 8, 9), (3, 7, 6))),
    "half": (halves, (1, OPEN, 4), ((8,), (9,))),
    "global mean": (lambda x: tf.reduce_mean(x, [1, 2]), BATCH, ((1, 8, 9), (3, 7, 6))),
    "flat pixels": (
        lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], -1, 3])),
        BATCH,
        ((1, 8, 9), (3, 7, 6)),
    ),
    "attention": (attention, WORDS, ((1, 5), (3, 9))),
    "mean by hand": (
        lambda x: tf.reduce_sum(x, [1, 2]) / tf.cast(tf.shape(x)[1] * tf.shape(x)[2], tf.float32),
        IMAGE,
        ((8, 9), (7, 6)),
    ),
    "zeros beside it": (
        lambda x: tf.concat([x, tf.zeros_like(x)[..., :2]], -1),
        IMAGE,
        ((8, 9), (7, 6)),
    ),
    "space to depth": (
        lambda x: tf.nn.space_to_depth(x, 2),
        BATCH,
        ((1, 8, 10), (2, 4, 6)),
    ),
    "transpose": (lambda x: tf.transpose(x, [0, 3, 2, 1]), BATCH, ((1, 8, 9), (2, 5, 6))),
    "pad": (
        lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [0, 0]], "REFLECT"),
        IMAGE,
        ((8, 9), (7, 6)),
    ),
    "a volume": (
        lambda x: tf.nn.max_pool3d(x, 2, 2, "SAME"),
        (1, OPEN, OPEN, OPEN, 2),
        ((4, 5, 6), (7, 8, 9)),
    ),
    "an image without a batch": (
        lambda x: tf.nn.conv2d(x[None], numbers(3, 3, 3, 4), 2, "SAME"),
        (OPEN, OPEN, 3),
        ((8, 9), (7, 6)),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_op_takes_any_size(name: str, tmp_path: Path) -> None:
    build, declared, sizes = TAKEN[name]
    message, lowering = opened(build, declared)
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    compare(lowering.network, message, [{"x0": at(declared, *item)} for item in sizes])
    corners = [tuple(size if dim is None else dim for dim in declared) for size in (8, 16, 32)]
    assert build_problem(lowering.network, {"x0": corners}) is None
    save_network(lowering.network, tmp_path / "x.network")
    assert same_network(lowering.network, load_network(tmp_path / "x.network")) == []


def test_an_image_of_bytes_may_have_any_size() -> None:
    def halved(x: Any) -> Any:
        return tf.image.resize(tf.cast(x, tf.float32) / 255.0, tf.shape(x)[1:3] // 2)

    with tf.Graph().as_default() as graph:
        result = halved(tf.compat.v1.placeholder(tf.uint8, BATCH, name="x0"))
        message = graph.as_graph_def().SerializeToString()
    lowering = network_from_graph(
        graph_from_graphdef(message),
        outputs=[TensorRef.parse(result.name)],
        shapes={"x0": Shape((-1, -1, -1, 3))},
    )
    assert lowering.network is not None, lowering.problems
    feeds = {"x0": np.arange(2 * 9 * 6 * 3, dtype=np.uint8).reshape(2, 9, 6, 3)}
    (want,) = run_tensorflow(message, [result.name], feeds)
    (got,) = run_network(lowering.network, feeds)
    np.testing.assert_allclose(got, want, atol=1e-5)
    corners = [(1, 8, 8, 3), (1, 16, 16, 3), (4, 32, 32, 3)]
    assert build_problem(lowering.network, {"x0": corners}) is None


def test_each_input_may_have_a_size_of_its_own() -> None:
    message, lowering = opened(lambda a, b: tf.concat([a, b], 1), (1, OPEN, 2), (1, OPEN, 2))
    assert lowering.network is not None
    compare(lowering.network, message, [{"x0": (1, 3, 2), "x1": (1, 5, 2)}])


def test_inputs_that_must_agree_have_one_size() -> None:
    message, lowering = opened(
        lambda a, b: tf.reshape(a + b, tf.stack([tf.shape(a)[1], 2])), (1, OPEN, 2), (1, OPEN, 2)
    )
    assert lowering.network is not None, lowering.problems
    compare(lowering.network, message, [{"x0": (1, 5, 2), "x1": (1, 5, 2)}])


@pytest.mark.parametrize(
    ("build", "declared", "node", "reason"),
    [
        (
            lambda x: tf.matmul(tf.reshape(x, [1, 30000]), numbers(30000, 2), name="dense"),
            IMAGE,
            None,
            "was tried",
        ),
        (
            lambda x: x + tf.cast(tf.range(tf.shape(x)[2]) & 1, tf.float32)[:, None],
            IMAGE,
            None,
            "numbers depend on the size",
        ),
        (lambda x: tf.nn.max_pool2d(x, 2, 3, "SAME", name="thin"), IMAGE, "thin", "depends on"),
    ],
)
def test_what_needs_one_size_is_refused_at_its_node(
    build: Build, declared: Sequence[int | None], node: str | None, reason: str
) -> None:
    _, lowering = opened(build, declared)
    assert lowering.network is None
    problem = lowering.problems[0]
    assert node is None or problem.node == node
    assert reason in problem.reason
    assert problem.remedy


def test_a_graph_that_halves_thrice_and_doubles_says_so() -> None:
    def net(x: Any) -> Any:
        low = tf.nn.max_pool2d(x, 8, 8, "SAME")
        size = tf.shape(low)[1:3] * 8
        return x + op.ResizeNearestNeighbor(images=low, size=size)

    message, lowering = opened(net, IMAGE)
    assert lowering.network is not None
    assert lowering.notes["x0"] == "Its open dimensions were only found to work at multiples of 32."
    compare(lowering.network, message, [{"x0": (1, 64, 32, 3)}, {"x0": (1, 8, 16, 3)}])


def test_a_graph_that_pads_to_multiples_says_where_the_network_is_right() -> None:
    def net(x: Any) -> Any:
        more = -tf.shape(x)[1] % 8
        return tf.nn.relu(tf.pad(x, [[0, 0], [0, more], [0, 0], [0, 0]]))

    message, lowering = opened(net, (1, None, 16, 3))
    assert lowering.network is not None
    assert "computes other numbers there" in lowering.notes["x0"]
    compare(lowering.network, message, [{"x0": (1, 64, 16, 3)}])


def test_same_padding_stays_same_and_written_padding_stays_written() -> None:
    def kinds(padding: str) -> list[PaddingMode]:
        def net(x: Any) -> Any:
            given = padding if padding == "SAME" else [[0, 0], [0, 1], [0, 1], [0, 0]]
            return tf.nn.conv2d(x, numbers(3, 3, 3, 4), 2, given)

        _, lowering = opened(net, IMAGE)
        assert lowering.network is not None
        return [
            layer.kind.padding_mode
            for layer in lowering.network.layers
            if isinstance(layer.kind, Convolution)
        ]

    assert kinds("SAME") == [PaddingMode.SAME_UPPER]
    assert kinds("EXPLICIT") == [PaddingMode.EXPLICIT_ROUND_DOWN]


def test_a_reshape_of_many_unknown_dimensions_copies_what_stays() -> None:
    _, lowering = opened(
        lambda x: tf.reshape(x, tf.stack([*tf.unstack(tf.shape(x)[:3]), 1, 3])), BATCH
    )
    assert lowering.network is not None
    (shuffle,) = [item.kind for item in lowering.network.layers if isinstance(item.kind, Shuffle)]
    assert shuffle.reshape_dims == (0, 0, 0, 1, 3)


def test_vectors_of_sizes_are_shared() -> None:
    def net(x: Any) -> Any:
        size = tf.shape(x)[1:3] * 2
        one = op.ResizeNearestNeighbor(images=x, size=size)
        return one + op.ResizeBilinear(images=x, size=size, half_pixel_centers=True)

    _, lowering = opened(net, BATCH)
    assert lowering.network is not None
    vectors = {
        layer.inputs[1] for layer in lowering.network.layers if isinstance(layer.kind, Resize)
    }
    assert len(vectors) == 1


@settings(max_examples=12)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["conv", "pool", "mean", "pad", "crop"]),
            st.integers(1, 4),
            st.integers(1, 3),
            st.sampled_from(["SAME", "VALID"]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.tuples(st.integers(60, 90), st.integers(60, 90)), min_size=2, max_size=3),
)
def test_chains_of_windows_take_any_size(
    steps: list[tuple[str, int, int, str]], sizes: list[tuple[int, int]]
) -> None:
    def net(x: Any) -> Any:
        for kind, window, stride, scheme in steps:
            # A window narrower than its stride has no SAME padding in ONNX.
            padding = scheme if window >= stride else "VALID"
            if kind == "conv":
                x = tf.nn.conv2d(x, numbers(window, window, 3, 3), stride, padding)
            elif kind == "pool":
                x = tf.nn.max_pool2d(x, window, stride, padding)
            elif kind == "mean":
                x = tf.nn.avg_pool2d(x, window, stride, padding)
            elif kind == "pad":
                x = tf.pad(x, [[0, 0], [window, stride], [stride, 0], [0, 0]])
            else:
                x = x[:, :-1, stride:-1]
        return tf.nn.relu(x)

    message, lowering = opened(net, IMAGE)
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    compare(lowering.network, message, [{"x0": (1, *item, 3)} for item in sizes])


MODELS: dict[str, tuple[str, Callable[[str], Path], dict[str, Dims], list[Shapes]]] = {
    "open pose": (
        "models/tf_pose_mobilenet_v2_small.pb",
        shared_path,
        {"image": (-1, -1, -1, 3)},
        [{"image": (1, 64, 96, 3)}, {"image": (2, 79, 65, 3)}],
    ),
    "super resolution": (
        "models/bsrn_super_resolution.pb",
        shared_path,
        {"sr_input": (1, -1, -1, 3), "sr_input_scale": ()},
        [
            {"sr_input": (1, 12, 9, 3), "sr_input_scale": ()},
            {"sr_input": (1, 7, 16, 3), "sr_input_scale": ()},
        ],
    ),
    "u-net": (
        "models/unet_semseg_person_08.pb",
        shared_path,
        {"input": (-1, -1, -1, 3)},
        [{"input": (1, 64, 96, 3)}, {"input": (2, 32, 160, 3)}],
    ),
}


def with_open_placeholders(message: bytes) -> bytes:
    """Return a GraphDef whose image inputs leave their first three dimensions open."""
    definition = tf.compat.v1.GraphDef.FromString(message)
    for node in definition.node:
        dims = node.attr["shape"].shape.dim if node.op == "Placeholder" else ()
        for dim in list(dims)[:3]:
            dim.size = -1
    result: bytes = definition.SerializeToString()
    return result


@pytest.mark.parametrize("name", MODELS)
def test_model_takes_any_size(name: str) -> None:
    file, find, shapes, every = MODELS[name]
    message = with_open_placeholders(find(file).read_bytes())
    lowering = network_from_graph(
        graph_from_graphdef(message), shapes={key: Shape(dims) for key, dims in shapes.items()}
    )
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    compare(lowering.network, message, every)
    corners = {
        name: [tuple(size if dim < 0 else dim for dim in dims) for size in (32, 64, 128)]
        for name, dims in shapes.items()
        if dims
    }
    assert build_problem(lowering.network, corners) is None


def test_a_dense_layer_after_the_pixels_is_named() -> None:
    graph = graph_from_graphdef(data_path("cifar_small.pb").read_bytes())
    (name,) = (node.name for node in graph if node.op == "Placeholder")
    lowering = network_from_graph(graph, shapes={name: Shape((1, -1, -1, 3))})
    assert lowering.network is None
    assert "was tried" in lowering.problems[0].reason
