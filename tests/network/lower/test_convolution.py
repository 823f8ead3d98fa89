"""Convolutions equal TensorFlow's, whatever padding, stride, dilation, grouping or layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.network.lower.harness import (
    Build,
    Case,
    case,
    check,
    integers,
    lowered,
    make,
    numbers,
    op,
    parametrized,
    refused,
    transposes,
)

pytestmark = pytest.mark.tensorflow

KERNEL = numbers(3, 3, 4, 5, seed=1)
EVEN = numbers(4, 2, 4, 3, seed=1)
DEPTHWISE = numbers(3, 3, 4, 2, seed=2)


def conv(kernel: Any = KERNEL, **attrs: Any) -> Build:
    options = {"strides": [1, 1, 1, 1], "padding": "SAME", **attrs}
    return lambda x: op.Conv2D(input=x, filter=kernel, **options)


def depthwise(**attrs: Any) -> Build:
    options = {"strides": [1, 1, 1, 1], "padding": "SAME", **attrs}
    return lambda x: op.DepthwiseConv2dNative(input=x, filter=DEPTHWISE, **options)


def deconv(out: tuple[int, ...], kernel: Any, **attrs: Any) -> Build:
    options = {"strides": [1, 2, 2, 1], "padding": "SAME", **attrs}
    return lambda x: op.Conv2DBackpropInput(
        input_sizes=list(out), filter=kernel, out_backprop=x, **options
    )


def conv3d(**attrs: Any) -> Build:
    kernel = numbers(2, 3, 3, 2, 3, seed=3)
    options = {"strides": [1, 1, 2, 2, 1], "padding": "SAME", **attrs}
    return lambda x: op.Conv3D(input=x, filter=kernel, **options)


def dilated(x: Any) -> Any:
    return tf.nn.convolution(x, KERNEL, padding="SAME", dilations=[2, 3])


def spread(x: Any, pads: list[list[int]], crops: list[list[int]], kernel: Any = KERNEL) -> Any:
    y = op.SpaceToBatchND(input=x, block_shape=[2, 2], paddings=pads)
    y = op.Conv2D(input=y, filter=kernel, strides=[1, 1, 1, 1], padding="VALID")
    return op.BatchToSpaceND(input=y, block_shape=[2, 2], crops=crops)


X = numbers(2, 7, 6, 4)
CASES: dict[str, Case] = {
    "same": case(conv(), X),
    "valid": case(conv(padding="VALID"), X),
    "stride 2 same on odd and even sizes": case(conv(strides=[1, 2, 2, 1]), X),
    "stride 3": case(conv(strides=[1, 3, 2, 1]), X),
    "explicit padding": case(
        conv(padding="EXPLICIT", explicit_paddings=[0, 0, 2, 1, 0, 3, 0, 0]), X
    ),
    "even kernel same": case(conv(EVEN), X),
    "even kernel stride 2": case(conv(EVEN, strides=[1, 2, 2, 1]), X),
    "dilated attribute": case(conv(dilations=[1, 2, 3, 1]), numbers(1, 12, 13, 4)),
    "kernel larger than image": case(conv(numbers(5, 7, 4, 2)), numbers(1, 2, 3, 4)),
    "1x1": case(conv(numbers(1, 1, 4, 6), strides=[1, 2, 2, 1]), X),
    "grouped": case(conv(numbers(3, 3, 2, 6)), X),
    "float64 kernel": case(conv(KERNEL.astype(np.float64)), X.astype(np.float64)),
    "kernel from data": case(
        lambda x, k: op.Conv2D(input=x, filter=k, strides=[1, 1, 1, 1], padding="SAME"), X, KERNEL
    ),
    "depthwise kernel from data": case(
        lambda x, k: op.DepthwiseConv2dNative(
            input=x, filter=k, strides=[1, 1, 1, 1], padding="SAME"
        ),
        X,
        DEPTHWISE,
    ),
    "depthwise": case(depthwise(), X),
    "depthwise stride 2": case(depthwise(strides=[1, 2, 2, 1]), X),
    "depthwise valid dilated": case(depthwise(padding="VALID", dilations=[1, 2, 2, 1]), X),
    "dilated by space to batch": case(
        dilated, numbers(2, 9, 8, 4), layers=("Shuffle", "Convolution", "Shuffle")
    ),
    "space to batch and crops": case(
        lambda x: spread(x, [[1, 2], [2, 2]], [[0, 1], [0, 0]]), numbers(1, 7, 6, 4)
    ),
    "space to batch, crops at the start": case(
        lambda x: spread(x, [[2, 2], [2, 2]], [[1, 0], [0, 1]]), numbers(1, 8, 8, 4)
    ),
    "1-D": case(lambda x: tf.nn.conv1d(x, numbers(3, 4, 5), 2, "SAME"), numbers(2, 9, 4)),
    "1-D dilated": case(
        lambda x: tf.nn.convolution(x, numbers(3, 4, 5), padding="SAME", dilations=[2]),
        numbers(2, 9, 4),
    ),
    "1-D causal": case(
        lambda x: tf.nn.conv1d(tf.pad(x, [[0, 0], [2, 0], [0, 0]]), numbers(3, 4, 5), 1, "VALID"),
        numbers(2, 9, 4),
    ),
    "3-D": case(conv3d(), numbers(1, 4, 6, 5, 2)),
    "3-D valid": case(conv3d(padding="VALID", strides=[1, 1, 1, 1, 1]), numbers(1, 4, 6, 5, 2)),
    "transposed same": case(deconv((2, 8, 10, 3), numbers(3, 3, 3, 4)), numbers(2, 4, 5, 4)),
    "transposed same odd": case(deconv((2, 7, 9, 3), numbers(3, 3, 3, 4)), numbers(2, 4, 5, 4)),
    "transposed even kernel": case(deconv((1, 8, 10, 3), numbers(2, 4, 3, 4)), numbers(1, 4, 5, 4)),
    "transposed valid": case(
        deconv((1, 9, 11, 3), numbers(3, 3, 3, 4), padding="VALID"), numbers(1, 4, 5, 4)
    ),
    "transposed valid with spare rows": case(
        deconv((1, 10, 12, 3), numbers(3, 3, 3, 4), padding="VALID"), numbers(1, 4, 5, 4)
    ),
    "transposed explicit": case(
        deconv(
            (1, 8, 9, 3),
            numbers(3, 3, 3, 4),
            padding="EXPLICIT",
            explicit_paddings=[0, 0, 0, 1, 1, 1, 0, 0],
        ),
        numbers(1, 4, 5, 4),
    ),
    "transposed stride larger than kernel": case(
        deconv((1, 12, 15, 3), numbers(2, 2, 3, 4), strides=[1, 3, 3, 1]), numbers(1, 4, 5, 4)
    ),
    "transposed 3-D": case(
        lambda x: op.Conv3DBackpropInputV2(
            input_sizes=[1, 4, 8, 6, 3],
            filter=numbers(3, 3, 3, 3, 2),
            out_backprop=x,
            strides=[1, 2, 2, 2, 1],
            padding="SAME",
        ),
        numbers(1, 2, 4, 3, 2),
    ),
    "transposed depthwise": case(
        lambda x: op.DepthwiseConv2dNativeBackpropInput(
            input_sizes=[2, 8, 6, 4],
            filter=DEPTHWISE,
            out_backprop=x,
            strides=[1, 2, 2, 1],
            padding="SAME",
        ),
        numbers(2, 4, 3, 8),
    ),
    "two in a row": case(
        lambda x: conv(numbers(3, 3, 5, 4))(conv()(x)),
        X,
        layers=("Shuffle", "Convolution", "Convolution", "Shuffle"),
    ),
}


@parametrized(CASES)
def test_convolution_equals_tensorflow(item: Case) -> None:
    assert len(transposes(check(item))) <= 3


def test_output_shape_computed_from_the_input_is_folded() -> None:
    def build(x: Any) -> Any:
        shape = tf.shape(x)
        sizes = tf.stack([shape[0], shape[1] * 2, shape[2] * 2, 3])
        return op.Conv2DBackpropInput(
            input_sizes=sizes,
            filter=numbers(3, 3, 3, 4),
            out_backprop=x,
            strides=[1, 2, 2, 1],
            padding="SAME",
        )

    check(case(build, numbers(2, 4, 5, 4), layers=("Shuffle", "Deconvolution", "Shuffle")))


def test_shared_kernel_is_transposed_once() -> None:
    made = make(lambda x: conv(numbers(3, 3, 4, 4))(x), [X])
    with_two = make(
        lambda x: (lambda k: conv(k)(conv(k)(x)))(tf.constant(numbers(3, 3, 4, 4))), [X]
    )
    assert lowered(with_two).weight_bytes == lowered(made).weight_bytes


def test_integer_convolution_is_refused_with_a_remedy() -> None:
    lowering = refused(
        lambda x: op.Conv2D(
            input=x, filter=integers(3, 3, 4, 5), strides=[1, 1, 1, 1], padding="SAME"
        ),
        integers(1, 5, 5, 4),
    )
    (problem,) = lowering.problems
    assert "int32" in problem.reason
    assert problem.remedy is not None
