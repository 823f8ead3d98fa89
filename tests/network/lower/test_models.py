"""Real graphs: every tensor equals TensorFlow's, and the network is as short as it should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.to_onnx import onnx_from_network
from tests.helpers.shared import data_path, shared_path
from tests.network.lower.harness import transposes

pytestmark = pytest.mark.tensorflow


def lower(path: Path, shapes: dict[str, tuple[int, ...]]) -> Network:
    graph = graph_from_graphdef(path.read_bytes())
    lowering = network_from_graph(
        graph, shapes={name: Shape(dims) for name, dims in shapes.items()}
    )
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    return lowering.network


def feeds_for(network: Network, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        tensor.name: rng.uniform(-1, 1, tensor.shape).astype(tensor.dtype.numpy)
        for tensor in network.inputs
    }


def run_tensorflow(path: Path, feeds: dict[str, Array], names: list[str]) -> list[Array]:
    message = tf.compat.v1.GraphDef.FromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(message, name="")
        # Grappler would fuse nodes away whose outputs are asked for here.
        config = tf.compat.v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        with tf.compat.v1.Session(graph=graph, config=config) as session:
            results: list[Array] = session.run(
                names, {f"{name}:0": array for name, array in feeds.items()}
            )
    return results


def compare_all(
    path: Path, network: Network, feeds: dict[str, Array], extra: dict[str, Array] | None = None
) -> float:
    """Compare every tensor that has a source; return the largest error relative to its range."""
    inputs = {tensor.name for tensor in network.inputs}
    names = [name for name in network.sources if name not in inputs]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    model = onnx_from_network(network, outputs=names).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    results = session.run(names, feeds)
    sources = [network.sources[name] for name in names]
    expected = run_tensorflow(
        path,
        {**feeds, **(extra or {})},
        [f"{source.ref.node}:{source.ref.port}" for source in sources],
    )
    worst = 0.0
    for source, got, want in zip(sources, results, expected, strict=True):
        turned = got.transpose(source.axes) if got.ndim else got
        assert turned.shape == want.shape, source.ref
        scale = float(np.max(np.abs(want.astype(np.float64)), initial=1e-6))
        difference = np.abs(turned.astype(np.float64) - want.astype(np.float64))
        worst = max(worst, float(np.max(difference, initial=0.0)) / scale)
    return worst


def kinds(network: Network) -> dict[str, int]:
    counted: dict[str, int] = {}
    for layer in network.layers:
        counted[layer.kind.type_name] = counted.get(layer.kind.type_name, 0) + 1
    return counted


@pytest.mark.parametrize("seed", range(3))
def test_mobilenet_equals_tensorflow_in_every_tensor(seed: int) -> None:
    path = data_path("mobilenet_v1_0.25_128_frozen.pb")
    network = lower(path, {})
    assert compare_all(path, network, feeds_for(network, seed)) < 1e-4


def test_mobilenet_is_as_short_as_an_expert_would_write_it() -> None:
    network = lower(data_path("mobilenet_v1_0.25_128_frozen.pb"), {})
    assert kinds(network) == {
        "Shuffle": 2,
        "Convolution": 28,
        "Activation": 27,
        "Pooling": 1,
        "Softmax": 1,
    }
    assert len(transposes(network)) == 1


def test_unet_folds_all_but_the_scales_behind_its_activations() -> None:
    network = lower(shared_path("models/unet_semseg_person_08.pb"), {})
    assert kinds(network) == {
        "Shuffle": 2,
        "Convolution": 19,
        "Activation": 22,
        "Scale": 8,
        "Pooling": 4,
        "Deconvolution": 4,
        "Concatenation": 4,
    }


def test_cifar_needs_no_transpose_before_its_matrix_product() -> None:
    path = data_path("cifar_small.pb")
    network = lower(path, {})
    assert len(transposes(network)) == 1
    assert compare_all(path, network, feeds_for(network, 0)) < 1e-5


SHARED: dict[str, tuple[dict[str, tuple[int, ...]], dict[str, Any], int]] = {
    # name: (shapes, what TensorFlow needs besides, most transposes)
    "charades_squeezenet.pb": ({"input_image": (1, 224, 224, 3)}, {}, 1),
    "unet_semseg_person_08.pb": ({}, {}, 2),
    "tf_pose_mobilenet_v2_small.pb": ({"image": (1, 96, 128, 3)}, {}, 2),
    "bsrn_super_resolution.pb": (
        {"sr_input": (1, 16, 16, 3)},
        {"sr_input_scale": np.float32(4)},
        99,
    ),
    "control_flow_small/ae/frozen_model.pb": ({}, {}, 0),
    "control_flow_small/batchnorm__rank4_nchw_batch2_sz5_fused/frozen_model.pb": ({}, {}, 0),
    "control_flow_small/conv_4/frozen_model.pb": ({"image": (3, 4, 4, 5)}, {}, 99),
    "control_flow_small/simpleif_0_alt/frozen_model.pb": ({}, {}, 0),
    "control_flow_small/cond__cond_false/frozen_model.pb": ({}, {}, 0),
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_model_equals_tensorflow_in_every_tensor(name: str) -> None:
    path = shared_path(f"models/{name}")
    shapes, extra, most = SHARED[name]
    network = lower(path, shapes)
    assert compare_all(path, network, feeds_for(network, 0), extra) < 2e-4
    assert len(transposes(network)) <= most


SINGLE = [
    "atrous_conv2d_valid", "ave_pool_same", "batch_norm", "bias_add_1", "concat_axis_1",
    "deconvolution", "depthwise_conv2d", "eltwise_add_mul", "flatten", "fused_batch_norm",
    "keras_relu6", "l2_normalize", "leaky_relu", "leaky_relu_order1", "matmul", "max_pool_even",
    "max_pool_odd_same", "pad_and_concat", "padding_valid", "reshape_layer",
    "resize_nearest_neighbor", "single_conv", "slim_softmax", "strided_slice", "switch_identity",
]  # fmt: skip


@pytest.mark.parametrize("name", SINGLE)
def test_single_op_net_equals_its_stored_arrays(name: str) -> None:
    """The arrays are stored channels first, the graphs are channels last."""
    path = shared_path(f"models/single_ops/{name}_net.pb")
    data = np.load(path.with_name(f"{name}_in.npy")).astype(np.float32)
    want = np.load(path.with_name(f"{name}_out.npy"))
    if data.ndim == 4:
        data = np.ascontiguousarray(data.transpose(0, 2, 3, 1))
    graph = graph_from_graphdef(path.read_bytes())
    (placeholder,) = (node.name for node in graph if node.op == "Placeholder")
    network = lower(path, {placeholder: data.shape})
    session = onnxruntime.InferenceSession(
        onnx_from_network(network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (got,) = session.run(list(network.outputs), {placeholder: data})
    if got.ndim == 4:
        got = got.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(got.reshape(-1), want.reshape(-1), 1e-4, 1e-4)


SSD = "models/ssd_mobilenet_v1_0.125_256_person_cat_dog.pb"


def test_ssd_before_its_suppression_equals_tensorflow() -> None:
    """With its preprocessing loop, anchors and box decoding."""
    path = shared_path(SSD)
    names = ["Postprocessor/convert_scores", "Postprocessor/ExpandDims_1"]
    graph = graph_from_graphdef(path.read_bytes())
    network = network_from_graph(graph, outputs=[TensorRef(name) for name in names]).network
    assert network is not None
    image = np.random.default_rng(0).integers(0, 255, (1, 256, 256, 3)).astype(np.uint8)
    session = onnxruntime.InferenceSession(
        onnx_from_network(network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    got = session.run(list(network.outputs), {"image_tensor": image})
    want = run_tensorflow(path, {"image_tensor": image}, [f"{name}:0" for name in names])
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-3, 1e-5)


def test_ssd_as_a_whole_is_refused_for_what_its_suppression_finds_only() -> None:
    graph = graph_from_graphdef(shared_path(SSD).read_bytes())
    problems = network_from_graph(graph).problems
    assert problems
    assert all("depends on data" in problem.reason for problem in problems)
    assert all(problem.node.startswith("Postprocessor/") for problem in problems)
