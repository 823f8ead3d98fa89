"""Plugin nodes compute what the TensorFlow subgraph they replace computes."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array, AttrValue
from surgeon_gui.network.ir import Network
from surgeon_gui.network.layers import Plugin
from surgeon_gui.network.lower import network_from_graph
from tests.network.lower.harness import Build, make, numbers, run_network

pytestmark = pytest.mark.tensorflow

op = tf.raw_ops
IMAGE = numbers(2, 4, 6, 8)


def replaced(build: Build, plugin: str, /, *arrays: Array, **attrs: AttrValue) -> Network:
    """Build a subgraph, put a plugin node in its place, compare what both compute."""
    made = make(build, arrays)
    (root,) = made.refs
    inputs = [TensorRef(f"in{place}") for place in range(len(arrays))]
    node = Node(root.node, plugin, inputs, attrs)
    nodes = tuple(node if old.name == root.node else old for old in made.graph.nodes)
    graph = type(made.graph)(nodes, outputs=(TensorRef(root.node),))
    networks = [network_from_graph(graph, simplify=flag) for flag in (False, True)]
    for lowering in networks:
        assert not lowering.problems, [str(problem) for problem in lowering.problems]
        assert lowering.network is not None
        assert not any(isinstance(layer.kind, Plugin) for layer in lowering.network.layers)
        (got,) = run_network(lowering.network, made.feeds)
        (want,) = made.expected
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want, 1e-4, 1e-5)
    network = networks[-1].network
    assert network is not None
    return network


def test_both_spellings_of_a_field_are_read() -> None:
    for name in ("negSlope", "negSlope_u_float"):
        field: dict[str, AttrValue] = {name: 0.3}
        network = replaced(
            lambda x: op.LeakyRelu(features=x, alpha=0.3), "LReLU_TRT", IMAGE, **field
        )
        assert [layer.kind.type_name for layer in network.layers] == ["Activation"]


def test_clip() -> None:
    replaced(
        lambda x: op.Relu6(features=x), "Clip_TRT", 9 * IMAGE, clipMin_u_float=0.0, clipMax=6.0
    )


def l2(x: Any, axes: list[int], weights: Any) -> Any:
    return x / tf.sqrt(tf.reduce_sum(x * x, axes, keepdims=True) + 0.01) * weights


WEIGHTS = numbers(8, seed=3)
SHARED: dict[str, AttrValue] = {"channelShared_u_int": 1, "nbWeights_u_int": 1, "eps_u_float": 0.01}


def test_normalize_goes_over_the_channels() -> None:
    replaced(
        lambda x: l2(x, [3], 2.0),
        *("Normalize_TRT", IMAGE),
        **{**SHARED, "weights_u_flist": (2.0,), "acrossSpatial_u_int": 0},
    )


def test_normalize_has_a_weight_per_channel() -> None:
    replaced(
        lambda x: l2(x, [3], tf.constant(WEIGHTS)),
        *("Normalize_TRT", IMAGE),
        weights=tuple(map(float, WEIGHTS)),
        acrossSpatial=0,
        channelShared=0,
        eps=0.01,
    )


def test_normalize_across_the_image() -> None:
    replaced(
        lambda x: l2(x, [1, 2, 3], 2.0),
        *("Normalize_TRT", IMAGE),
        **{**SHARED, "weights_u_float": 2.0, "acrossSpatial_u_int": 1},
    )


@pytest.mark.parametrize("relu", [0, 1])
def test_instance_normalization(relu: int) -> None:
    scales, bias = numbers(8, seed=1), numbers(8, seed=2)

    def build(x: Any) -> Any:
        mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
        result = tf.nn.batch_normalization(x, mean, variance, bias, scales, 0.001)
        return tf.nn.leaky_relu(result, 0.1) if relu else result

    replaced(
        *(build, "InstanceNormalization_TRT", IMAGE),
        epsilon_u_float=0.001,
        scales_u_flist=tuple(map(float, scales)),
        bias_u_flist=tuple(map(float, bias)),
        relu_u_int=relu,
        alpha_u_float=0.1,
    )


@pytest.mark.parametrize("scale", [2, 3])
def test_resize_nearest_by_a_whole_factor(scale: int) -> None:
    network = replaced(
        lambda x: op.ResizeNearestNeighbor(images=x, size=[4 * scale, 6 * scale]),
        *("ResizeNearest_TRT", IMAGE),
        scale_u_float=float(scale),
    )
    assert "Resize" in [layer.kind.type_name for layer in network.layers]


def test_resize_nearest_by_a_broken_factor_takes_the_plugins_elements() -> None:
    image = numbers(1, 5, 7, 2)
    places = [[int(i / 1.5) for i in range(int(size * 1.5))] for size in (5, 7)]
    replaced(
        lambda x: tf.gather(tf.gather(x, places[0], axis=1), places[1], axis=2),
        *("ResizeNearest_TRT", image),
        scale=1.5,
    )


def test_batch_tile_and_special_slice() -> None:
    one = numbers(1, 3, 4, 5, seed=1)
    replaced(
        lambda x, y: op.Tile(input=y, multiples=[2, 1, 1, 1]) + 0 * x[0, 0, 0, 0],
        *("BatchTilePlugin_TRT", IMAGE, one),
    )
    replaced(lambda x: x[:, :, :4], "SpecialSlice_TRT", numbers(2, 7, 6))


def darknet(x: Array, stride: int) -> Array:
    """Reorg as darknet's loops have it, on NCHW."""
    batch, channels, height, width = x.shape
    fewer = channels // stride**2
    flat, result = x.reshape(batch, -1), np.zeros_like(x).reshape(batch, -1)
    for k, j, i in itertools.product(range(channels), range(height), range(width)):
        offset = k // fewer
        row, column = j * stride + offset // stride, i * stride + offset % stride
        source = column + width * stride * (row + height * stride * (k % fewer))
        result[:, i + width * (j + height * k)] = flat[:, source]
    return result.reshape(batch, channels * stride**2, height // stride, width // stride)


def text_network(text: str) -> Network:
    lowering = network_from_graph(parse_text(text))
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    return lowering.network


def run_text(text: str, **feeds: Array) -> Array:
    return run_network(text_network(text), feeds)[0]


@pytest.mark.parametrize("stride", [1, 2])
def test_reorg_has_darknets_order(stride: int) -> None:
    got = run_text(
        f"""
        x = Placeholder() {{shape=[2, 4, 6, 8], dtype=f32}}
        y = Reorg_TRT(x) {{stride_u_int={stride}}}
        """,
        x=IMAGE,
    )
    want = darknet(IMAGE.transpose(0, 3, 1, 2), stride)
    np.testing.assert_array_equal(got, want.transpose(0, 2, 3, 1))


def test_the_layout_is_that_of_the_layers_before() -> None:
    image = numbers(2, 8, 4, 6)
    text = """
        x = Placeholder() {shape=[2, 8, 4, 6], dtype=f32}
        b = Const() {value=f32[8]{0, 0, 0, 0, 0, 0, 0, 0}}
        c = BiasAdd(x, b) {data_format="NCHW"}
        r = Relu(c)
        y = %s
        """
    positive = np.maximum(image, 0)
    got = run_text(text % "Reorg_TRT(r) {stride=2}", x=image)
    np.testing.assert_array_equal(got, darknet(positive, 2))
    got = run_text(
        text % "Normalize_TRT(r) {weights=[2.0], acrossSpatial=0, channelShared=1, eps=0.01}",
        x=image,
    )
    want = positive / np.sqrt((positive**2).sum(1, keepdims=True) + 0.01) * 2
    np.testing.assert_allclose(got, want, 1e-4, 1e-5)
    got = run_text(text % "ResizeNearest_TRT(r) {scale=2.0}", x=image)
    np.testing.assert_array_equal(got, positive.repeat(2, 2).repeat(2, 3))


def test_a_transpose_turns_the_layout() -> None:
    got = run_text(
        """
        x = Placeholder() {shape=[2, 4, 6, 8], dtype=f32}
        p = Const() {value=i32[4]{0, 3, 1, 2}}
        t = Transpose(x, p)
        y = Reorg_TRT(t) {stride=2}
        """,
        x=IMAGE,
    )
    np.testing.assert_array_equal(got, darknet(IMAGE.transpose(0, 3, 1, 2), 2))


def test_flatten_concat_flattens_images_by_channel_and_the_rest_as_it_lies() -> None:
    got = run_text(
        """
        x = Placeholder() {shape=[2, 4, 6, 8], dtype=f32}
        b = Const() {value=f32[8]{0, 0, 0, 0, 0, 0, 0, 0}}
        c = BiasAdd(x, b) {data_format="NHWC"}
        s = Const() {value=i32[4]{2, 48, 1, 4}}
        r = Reshape(x, s)
        y = FlattenConcat_TRT(c, r) {axis_u_int=1, ignoreBatch_u_int=0}
        """,
        x=IMAGE,
    )
    parts = [IMAGE.transpose(0, 3, 1, 2).reshape(2, -1), IMAGE.reshape(2, -1)]
    np.testing.assert_array_equal(got, np.concatenate(parts, 1).reshape(2, -1, 1, 1))


def test_region_activates_each_box_by_itself() -> None:
    image = numbers(1, 2, 3, 16)
    got = run_text(
        """
        x = Placeholder() {shape=[1, 2, 3, 16], dtype=f32}
        y = Region_TRT(x) {num=2, coords=4, classes=3}
        """,
        x=image,
    )
    raw = image.reshape(1, 2, 3, 2, 8)
    sigmoid = 1 / (1 + np.exp(-raw))
    powers = np.exp(raw[..., 5:])
    classes = powers / powers.sum(-1, keepdims=True)
    want = np.concatenate([sigmoid[..., :2], raw[..., 2:4], sigmoid[..., 4:5], classes], -1)
    np.testing.assert_allclose(got, want.reshape(image.shape), 1e-4, 1e-5)


def test_group_normalization_and_gelu() -> None:
    scale, bias = numbers(8, seed=1), numbers(8, seed=2)
    got = run_text(
        f"""
        x = Placeholder() {{shape=[2, 4, 6, 8], dtype=f32}}
        s = Const() {{value=f32[8]{{{", ".join(map(str, scale))}}}}}
        b = Const() {{value=f32[8]{{{", ".join(map(str, bias))}}}}}
        g = GroupNormalizationPlugin(x, s, b) {{num_groups=4, eps=0.001}}
        y = CustomGeluPluginDynamic(g) {{type_id=0}}
        """,
        x=IMAGE,
    )
    groups = IMAGE.reshape(2, 4, 6, 4, 2)
    mean, variance = groups.mean((1, 2, 4), keepdims=True), groups.var((1, 2, 4), keepdims=True)
    unit = ((groups - mean) / np.sqrt(variance + 0.001)).reshape(IMAGE.shape) * scale + bias
    want = 0.5 * unit * (1 + np.tanh(math.sqrt(2 / math.pi) * (unit + 0.044715 * unit**3)))
    np.testing.assert_allclose(got, want, 1e-4, 1e-4)


def test_coordinate_channels_run_from_minus_one_to_one() -> None:
    image = numbers(2, 3, 3, 2)
    got = run_text(
        """
        x = Placeholder() {shape=[2, 3, 3, 2], dtype=f32}
        y = CoordConvAC(x)
        """,
        x=image,
    )
    rows, columns = np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij")
    np.testing.assert_array_equal(got[..., :2], image)
    np.testing.assert_array_equal(got[1, ..., 2], rows)
    np.testing.assert_array_equal(got[1, ..., 3], columns)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ("LReLU_TRT(x)", "field negSlope is missing"),
        ("Normalize_TRT(x) {weights=[1.0], acrossSpatial=0, channelShared=0, eps=0.1}", "weights"),
        (
            "Normalize_TRT(x) {weights=[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], acrossSpatial=1,"
            " channelShared=0, eps=0.1}",
            "divides",
        ),
        ("FlattenConcat_TRT(x) {axis=0}", "axis 1, 2 or 3"),
        ("FlattenConcat_TRT(x) {axis=1, ignoreBatch=1}", "first image"),
        ("ResizeNearest_TRT(x) {scale=0.0}", "not above 0"),
        ("Reorg_TRT(x) {stride=3}", "cannot be rearranged"),
        ("BatchTilePlugin_TRT(x, x)", "repeats a tensor"),
        ("GridAnchor_TRT() {aspectRatios=[1.0], numLayers=2, featureMapShapes=[2, 1]}", "three"),
        ("GridAnchor_TRT() {aspectRatios=[1.0], numLayers=3, featureMapShapes=[2, 1]}", "fit"),
        ("Region_TRT(x) {num=2, classes=3}", "do not hold"),
        ("CoordConvAC(x)", "4 x 6"),
    ],
)
def test_what_a_plugin_cannot_do_is_told_at_the_node(node: str, told: str) -> None:
    lowering = network_from_graph(
        parse_text(f"x = Placeholder() {{shape=[2, 4, 6, 8], dtype=f32}}\ny = {node}")
    )
    (problem,) = lowering.problems
    assert isinstance(problem, Unsupported)
    assert problem.node == "y"
    assert told in problem.reason
