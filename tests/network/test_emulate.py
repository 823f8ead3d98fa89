"""Networks in bfloat16, computed in float32 and rounded, give what TensorFlow gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.values import DType
from surgeon_gui.network.emulate import without_bfloat16
from surgeon_gui.network.layers import Cast
from surgeon_gui.network.precision import with_precision
from tests.network.lower.harness import lowered, make, numbers, run_network

pytestmark = pytest.mark.tensorflow

X = numbers(2, 6, 7, 3)
KERNEL = numbers(3, 3, 3, 4, seed=1)


def convolved(x: Any) -> Any:
    y = tf.nn.conv2d(tf.cast(x, tf.bfloat16), tf.cast(KERNEL, tf.bfloat16), 1, "SAME")
    y = tf.nn.relu(y) + tf.constant(0.1, tf.bfloat16)
    return tf.cast(y, tf.float32)


def repeated(x: Any) -> Any:
    """A loop in bfloat16, as often as the data says."""
    return tf.cast(
        tf.while_loop(
            lambda y: tf.reduce_max(y) < 9.0,
            lambda y: (y * 1.7 + 0.3,),
            (tf.cast(x, tf.bfloat16),),
        )[0],
        tf.float32,
    )


@pytest.mark.parametrize("build", [convolved, repeated])
def test_bfloat16_is_rounded_as_tensorflow_rounds_it(build: Any) -> None:
    made = make(build, [X])
    network = without_bfloat16(lowered(made))
    (result,) = run_network(network, made.feeds)
    # One unit in the last of eight bits: sums are rounded in another order.
    np.testing.assert_allclose(result, made.expected[0], rtol=2**-7, atol=2**-8)
    assert np.array_equal(result, result.astype(DType.BFLOAT16.numpy).astype(np.float32))


def test_a_network_without_bfloat16_is_left_alone() -> None:
    network = lowered(make(lambda x: tf.nn.relu(x), [X]))
    assert without_bfloat16(network) is network


def test_only_casts_hold_bfloat16_afterwards() -> None:
    network = lowered(make(lambda x: tf.nn.softmax(x * 2.0), [X]))
    half = without_bfloat16(with_precision(network, DType.BFLOAT16))
    narrow = [layer for layer in half.layers if layer.outputs[0].dtype is DType.BFLOAT16]
    assert narrow
    assert all(isinstance(layer.kind, Cast) for layer in narrow)
    assert half.outputs == network.outputs
