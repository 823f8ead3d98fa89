"""A batch left open: the network equals TensorFlow at every batch, and TensorRT builds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from surgeon_gui.engine.emit import create_network, emit
from surgeon_gui.engine.log import collected
from surgeon_gui.engine.readback import read_network
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange
from surgeon_gui.network.check import same_network
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import Lowering, network_from_graph
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.pipeline import prepare_build
from tests.engine.rtx import new_builder, rtx
from tests.helpers.shared import data_path, shared_path
from tests.network.lower.harness import Build, numbers, op

pytestmark = [pytest.mark.tensorflow, pytest.mark.tensorrt]


def opened(build: Build, *dims: int) -> tuple[bytes, Lowering]:
    """Lower what `build` makes of one float placeholder [batch, *dims] with its batch open."""
    with tf.Graph().as_default() as graph:
        result = build(tf.compat.v1.placeholder(tf.float32, (None, *dims), name="x"))
        message = graph.as_graph_def().SerializeToString()
    lowering = network_from_graph(
        graph_from_graphdef(message),
        outputs=[TensorRef.parse(result.name)],
        shapes={"x": Shape((-1, *dims))},
    )
    return message, lowering


def run_tensorflow(message: bytes, output: str, feeds: dict[str, Array]) -> Array:
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(tf.compat.v1.GraphDef.FromString(message), name="")
        with tf.compat.v1.Session(graph=graph) as session:
            result: Array = session.run(
                output, {f"{name}:0": array for name, array in feeds.items()}
            )
    return result


def compare(network: Network, message: bytes, batches: tuple[int, ...] = (1, 3)) -> None:
    """Compare with TensorFlow at some batches, through ONNX Runtime."""
    session = onnxruntime.InferenceSession(
        onnx_from_network(network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (declared,) = network.inputs
    assert declared.shape[0] == -1
    for batch in batches:
        feeds = {declared.name: numbers(batch, *declared.shape[1:], seed=batch, low=-1, high=1)}
        (got,) = session.run(list(network.outputs), feeds)
        source = network.sources[network.outputs[0]]
        want = run_tensorflow(message, str(source.ref.node) + f":{source.ref.port}", feeds)
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, 1e-3, 1e-4 * max(1, float(np.abs(want).max())))


def build_problem(network: Network) -> str | None:
    """Return what TensorRT says against a network with a batch of 1 to 8."""
    flavour = rtx()
    builder = new_builder(flavour)
    with collected() as said:
        definition = create_network(builder, flavour)
        emission = emit(network, flavour, definition)
        differences = same_network(network, read_network(definition, flavour))
        config = builder.create_builder_config()
        config.num_compute_capabilities = 1
        config.set_compute_capability(flavour.module.ComputeCapability.SM80, 0)
        profile = builder.create_optimization_profile()
        for tensor in network.inputs:
            corners = ((batch, *tensor.shape[1:]) for batch in (1, 4, 8))
            profile.set_shape(tensor.name, *corners)
        config.add_optimization_profile(profile)
        plan = builder.build_serialized_network(definition, config)
    assert emission.tensors
    if differences:
        return differences[0]
    return None if plan is not None else "; ".join(said.errors)


def dynamic_rows(x: Any) -> Any:
    return tf.reshape(x, tf.stack([tf.shape(x)[0], 6, 2]))


TAKEN: dict[str, tuple[Build, tuple[int, ...]]] = {
    "dense": (lambda x: tf.nn.relu(tf.matmul(x, numbers(12, 5)) + numbers(5)), (12,)),
    "convolution": (
        lambda x: tf.nn.conv2d(x, numbers(3, 3, 3, 4), 2, "SAME") + numbers(4),
        (8, 9, 3),
    ),
    "pool and mean": (
        lambda x: tf.reduce_mean(tf.nn.max_pool2d(x, 2, 2, "SAME"), [1, 2]),
        (7, 8, 3),
    ),
    "flatten": (lambda x: tf.nn.softmax(tf.reshape(x, [-1, 24])), (2, 3, 4)),
    "shape, slice, pack, reshape": (dynamic_rows, (3, 4)),
    "slices": (lambda x: x[:, 1:3] * x[:, ::2, ::-1], (4, 3)),
    "halves": (lambda x: tf.add_n(tf.unstack(tf.reshape(x, [2, -1]))), (4,)),
    "concat": (lambda x: tf.concat([x, -x, x * x], -1), (4, 3)),
    "resize": (
        lambda x: op.ResizeBilinear(images=x, size=[8, 6], half_pixel_centers=True),
        (4, 3, 2),
    ),
    "pad": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=3.0), (4, 3)),
    "mirror pad": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1]], "REFLECT"), (4, 3)),
    "rows of the batch": (lambda x: x[1:] - x[:-1] if x.shape[0] else x[0:], (4,)),
    "zeros as many as rows": (lambda x: x + tf.zeros_like(x)[:, :1], (4,)),
    "transpose": (lambda x: tf.transpose(x, [0, 2, 1]), (4, 3)),
    "transposed product": (lambda x: tf.matmul(x, x, transpose_b=True), (4, 3)),
    "depth to space": (lambda x: tf.nn.depth_to_space(x, 2), (3, 2, 8)),
    "mean of the batch": (lambda x: x - tf.reduce_mean(x, 0, keepdims=True), (4,)),
    "arg max": (lambda x: tf.cast(tf.argmax(x, -1), tf.float32), (4, 3)),
    "gather": (lambda x: tf.gather(x, [2, 0], axis=1), (4, 3)),
    "times the batch": (lambda x: x * tf.cast(tf.shape(x)[0], tf.float32), (4,)),
    "rows of a fill": (
        lambda x: tf.matmul(tf.fill([tf.shape(x)[0], 4], 0.5), x, True),
        (4,),
    ),
    "dilated": (
        lambda x: tf.nn.convolution(x, numbers(3, 3, 2, 2), padding="SAME", dilations=[2, 2]),
        (8, 8, 2),
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_op_takes_any_batch(name: str, tmp_path: Path) -> None:
    build, dims = TAKEN[name]
    message, lowering = opened(build, *dims)
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    batches = (2, 3) if name == "rows of the batch" else (1, 3)
    compare(lowering.network, message, batches)
    assert build_problem(lowering.network) is None
    save_network(lowering.network, tmp_path / "x.network")
    assert same_network(lowering.network, load_network(tmp_path / "x.network")) == []


@pytest.mark.parametrize(
    ("build", "dims", "node"),
    [
        (lambda x: tf.reshape(x, [1, 12], name="fixed"), (12,), "fixed"),
        (lambda x: tf.add(x, tf.reshape(tf.range(5.0), [5, 1])[: tf.shape(x)[0]]), (4,), None),
        (lambda x: tf.squeeze(x, name="thin"), (4, 1), "thin"),
        (
            lambda x: x + tf.cast(tf.range(tf.shape(x)[0]) & 1, tf.float32)[:, None],
            (4,),
            None,
        ),
    ],
)
def test_what_needs_one_batch_is_refused_at_its_node(
    build: Build, dims: tuple[int, ...], node: str | None
) -> None:
    _, lowering = opened(build, *dims)
    assert lowering.network is None
    (problem,) = lowering.problems
    assert node is None or problem.node == node
    assert problem.remedy


def with_open_placeholders(message: bytes) -> bytes:
    """Return a GraphDef whose inputs leave their first dimension open."""
    definition = tf.compat.v1.GraphDef.FromString(message)
    for node in definition.node:
        if node.op == "Placeholder" and node.attr["shape"].shape.dim:
            node.attr["shape"].shape.dim[0].size = -1
    result: bytes = definition.SerializeToString()
    return result


MODELS = {
    # file, where it lies, output
    "mobilenet": (
        "mobilenet_v1_0.25_128_frozen.pb",
        data_path,
        "MobilenetV1/Logits/SpatialSqueeze",
    ),
    "cifar": ("cifar_small.pb", data_path, None),
    "unet": ("models/unet_semseg_person_08.pb", shared_path, None),
}


@pytest.mark.parametrize("name", MODELS)
def test_model_takes_any_batch(name: str) -> None:
    file, find, output = MODELS[name]
    message = with_open_placeholders(find(file).read_bytes())
    graph = graph_from_graphdef(message)
    outputs = None if output is None else [TensorRef(output)]
    static = network_from_graph(graph, outputs=outputs).network
    assert static is not None
    (source,) = static.inputs
    shapes = {source.name: Shape((-1, *source.shape[1:]))}
    lowering = network_from_graph(graph, outputs=outputs, shapes=shapes)
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    assert len(lowering.network.layers) == len(static.layers)
    compare(lowering.network, message)
    assert build_problem(lowering.network) is None


def test_a_batch_written_into_the_graph_is_named() -> None:
    """Its last reshape is to [1, 1001]."""
    graph = graph_from_graphdef(data_path("mobilenet_v1_0.25_128_frozen.pb").read_bytes())
    (problem,) = network_from_graph(graph, shapes={"input": Shape((-1, 128, 128, 3))}).problems
    assert problem.node == "MobilenetV1/Predictions/Reshape_1"
    assert "[1, 1001]" in problem.reason


def test_a_profile_opens_the_batch_of_a_build(tmp_path: Path) -> None:
    graph = graph_from_graphdef(data_path("cifar_small.pb").read_bytes())
    (name,) = (node.name for node in graph if node.op == "Placeholder")
    corners = tuple((batch, 32, 32, 3) for batch in (1, 4, 8))
    spec = BuildSpec(Path(), tmp_path / "x.engine", profiles=((ShapeRange(name, *corners),),))
    prepared = prepare_build(graph, tmp_path, spec)
    assert load_network(prepared.network).inputs[0].shape == (-1, 32, 32, 3)
    fixed = replace(spec, profiles=((ShapeRange(name, *corners[1:2] * 3),),))
    prepared = prepare_build(graph, tmp_path, fixed)
    assert load_network(prepared.network).inputs[0].shape == (4, 32, 32, 3)
