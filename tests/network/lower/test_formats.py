"""Channels-first graphs equal channels-last ones, whatever sizes, strides and paddings.

TensorFlow runs channels-first convolutions and pools on GPUs only: the same op channels last, with
transposes around it, says what they compute.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array
from surgeon_gui.network.lower import network_from_graph
from tests.network.lower.harness import (
    Build,
    case,
    check,
    make,
    numbers,
    op,
    run_network,
    transposes,
)

pytestmark = pytest.mark.tensorflow

FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]
X = numbers(2, 4, 6, 7)
KERNEL = numbers(3, 2, 4, 5)
VECTOR = numbers(4, low=0.5)


def first(values: list[int]) -> list[int]:
    return [values[place] for place in FIRST]


def convolution(name: str, kernel: Any, strides: list[int], **attrs: Any) -> tuple[Build, Build]:
    """Return the op channels first and channels last."""

    def build(x: Any, layout: str) -> Any:
        order = first if layout == "NCHW" else list
        return getattr(op, name)(
            input=x, filter=kernel, strides=order(strides), data_format=layout, **attrs
        )

    return lambda x: build(x, "NCHW"), lambda x: build(x, "NHWC")


def pool(name: str, padding: str) -> tuple[Build, Build]:
    argument = "value" if name == "AvgPool" else "input"

    def build(x: Any, layout: str) -> Any:
        order = first if layout == "NCHW" else list
        return getattr(op, name)(
            **{argument: x},
            ksize=order([1, 3, 2, 1]),
            strides=order([1, 2, 1, 1]),
            padding=padding,
            data_format=layout,
        )

    return lambda x: build(x, "NCHW"), lambda x: build(x, "NHWC")


def norm(x: Any, layout: str) -> Any:
    return op.FusedBatchNormV3(
        x=x,
        scale=VECTOR,
        offset=VECTOR,
        mean=VECTOR,
        variance=VECTOR,
        is_training=False,
        data_format=layout,
    )[0]


def transposed(x: Any, layout: str) -> Any:
    order = first if layout == "NCHW" else list
    return op.Conv2DBackpropInput(
        input_sizes=order([2, 11, 14, 3]),
        filter=numbers(3, 3, 3, 4),
        out_backprop=x,
        strides=order([1, 2, 2, 1]),
        padding="SAME",
        data_format=layout,
    )


def blocks(name: str) -> tuple[Build, Build]:
    raw = getattr(op, name)
    return (
        lambda x: raw(input=x, block_size=2, data_format="NCHW"),
        lambda x: raw(input=x, block_size=2, data_format="NHWC"),
    )


PAIRS: dict[str, tuple[tuple[Build, Build], Array]] = {
    "Conv2D": (convolution("Conv2D", KERNEL, [1, 1, 2, 1], padding="SAME"), X),
    "Conv2D dilated": (
        (
            lambda x: op.Conv2D(
                input=x,
                filter=KERNEL,
                strides=[1, 1, 1, 1],
                padding="VALID",
                dilations=[1, 1, 2, 1],
                data_format="NCHW",
            ),
            lambda x: op.Conv2D(
                input=x,
                filter=KERNEL,
                strides=[1, 1, 1, 1],
                padding="VALID",
                dilations=[1, 2, 1, 1],
            ),
        ),
        X,
    ),
    "Conv2D explicit": (
        (
            lambda x: op.Conv2D(
                input=x,
                filter=KERNEL,
                strides=[1, 1, 1, 1],
                padding="EXPLICIT",
                explicit_paddings=[0, 0, 0, 0, 1, 2, 3, 0],
                data_format="NCHW",
            ),
            lambda x: op.Conv2D(
                input=x,
                filter=KERNEL,
                strides=[1, 1, 1, 1],
                padding="EXPLICIT",
                explicit_paddings=[0, 0, 1, 2, 3, 0, 0, 0],
            ),
        ),
        X,
    ),
    "depthwise": (
        convolution("DepthwiseConv2dNative", numbers(3, 3, 4, 2), [1, 2, 2, 1], padding="SAME"),
        X,
    ),
    "transposed": (
        (lambda x: transposed(x, "NCHW"), lambda x: transposed(x, "NHWC")),
        numbers(2, 4, 6, 7),
    ),
    "MaxPool": (pool("MaxPool", "SAME"), X),
    "AvgPool": (pool("AvgPool", "SAME"), X),
    "AvgPool valid": (pool("AvgPool", "VALID"), X),
    "FusedBatchNormV3": ((lambda x: norm(x, "NCHW"), lambda x: norm(x, "NHWC")), X),
    "DepthToSpace": (blocks("DepthToSpace"), X),
    "SpaceToDepth": (blocks("SpaceToDepth"), numbers(2, 3, 4, 6)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_channels_first_op_equals_the_channels_last_one(name: str) -> None:
    (build, other), data = PAIRS[name]
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, data.shape, name="x")
        result = build(x).name
        message = graph.as_graph_def().SerializeToString()
    lowering = network_from_graph(graph_from_graphdef(message), outputs=[TensorRef.parse(result)])
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    want = make(lambda x: tf.transpose(other(tf.transpose(x, LAST)), FIRST), [data]).expected[0]
    (got,) = run_network(lowering.network, {"x": data})
    np.testing.assert_allclose(got, want, 1e-4, 1e-4)
    if "Space" not in name:
        assert not transposes(lowering.network)


sizes = st.integers(1, 9)
steps = st.integers(1, 3)


@settings(max_examples=40)
@given(sizes, sizes, st.integers(1, 4), st.integers(1, 4), steps, steps, steps)
def test_same_padding_is_exact_for_any_size(
    height: int, width: int, rows: int, columns: int, down: int, across: int, dilation: int
) -> None:
    if dilation > 1:
        down = across = 1
    kernel = numbers(rows, columns, 2, 3)

    def build(x: Any) -> Any:
        y = op.Conv2D(
            input=x,
            filter=kernel,
            strides=[1, down, across, 1],
            dilations=[1, dilation, dilation, 1],
            padding="SAME",
        )
        window = {
            "ksize": [1, rows, columns, 1],
            "strides": [1, across, down, 1],
            "padding": "SAME",
        }
        return y, op.MaxPool(input=x, **window), op.AvgPool(value=x, **window)

    check(case(build, numbers(1, height, width, 2), rtol=1e-3, atol=1e-4))


@settings(max_examples=25)
@given(sizes, sizes, st.integers(1, 12), st.integers(1, 12), st.integers(0, 2))
def test_resizing_is_exact_for_any_size(
    height: int, width: int, rows: int, columns: int, grid: int
) -> None:
    attrs = {"align_corners": grid == 1, "half_pixel_centers": grid == 2}

    def build(x: Any) -> Any:
        return (
            op.ResizeBilinear(images=x, size=[rows, columns], **attrs),
            op.ResizeNearestNeighbor(images=x, size=[rows, columns], **attrs),
        )

    check(case(build, numbers(1, height, width, 2), rtol=1e-3, atol=1e-4))


def test_data_in_both_layouts_meets_with_one_more_transpose() -> None:
    def build(x: Any) -> Any:
        y = op.Conv2D(input=x, filter=numbers(1, 1, 3, 3), strides=[1, 1, 1, 1], padding="SAME")
        return tf.nn.relu(y + x) * x

    assert len(transposes(check(case(build, numbers(1, 4, 5, 3), rtol=1e-3, atol=1e-4)))) <= 2


def test_half_precision_graph_stays_half() -> None:
    kernel = numbers(3, 3, 2, 3).astype(np.float16)

    def build(x: Any) -> Any:
        y = op.Conv2D(input=x, filter=kernel, strides=[1, 1, 1, 1], padding="SAME")
        return tf.nn.relu(op.BiasAdd(value=y, bias=numbers(3).astype(np.float16)))

    data = numbers(1, 4, 5, 2).astype(np.float16)
    network = check(case(build, data, rtol=2e-2, atol=2e-2))
    assert {tensor.dtype.text for tensor in network.tensors.values()} == {"float16"}
