"""Networks in half precision, computed in float32 and rounded, give what TensorFlow gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.values import DType
from surgeon_gui.network.emulate import without_halves
from surgeon_gui.network.layers import Cast
from surgeon_gui.network.precision import with_precision
from tests.network.lower.harness import lowered, make, numbers, run_network

pytestmark = pytest.mark.tensorflow

X = numbers(2, 6, 7, 3)
KERNEL = numbers(3, 3, 3, 4, seed=1)


def convolved(x: Any, dtype: Any) -> Any:
    y = tf.nn.conv2d(tf.cast(x, dtype), tf.cast(KERNEL, dtype), 1, "SAME")
    y = tf.nn.relu(y) + tf.constant(0.1, dtype)
    return tf.cast(y, tf.float32)


def repeated(x: Any, dtype: Any) -> Any:
    """A loop in half precision, as often as the data says."""
    return tf.cast(
        tf.while_loop(
            lambda y: tf.reduce_max(y) < 9.0,
            lambda y: (y * 1.7 + 0.3,),
            (tf.cast(x, dtype),),
        )[0],
        tf.float32,
    )


@pytest.mark.parametrize(
    ("dtype", "unit"), [(DType.BFLOAT16, 2**-7), (DType.FLOAT16, 2**-10)], ids=["bf16", "fp16"]
)
@pytest.mark.parametrize("build", [convolved, repeated])
def test_a_half_is_rounded_as_tensorflow_rounds_it(build: Any, dtype: DType, unit: float) -> None:
    made = make(lambda x: build(x, tf.dtypes.as_dtype(dtype.numpy)), [X])
    network = without_halves(lowered(made))
    (result,) = run_network(network, made.feeds)
    # One unit in the last bit: sums are rounded in another order.
    np.testing.assert_allclose(result, made.expected[0], rtol=unit, atol=unit)
    assert np.array_equal(result, result.astype(dtype.numpy).astype(np.float32))


def test_what_float16_cannot_hold_overflows_inside() -> None:
    network = lowered(made := make(lambda x: tf.sqrt(tf.square(x * 300.0)), [X]))
    half = with_precision(network, DType.FLOAT16)
    (result,) = run_network(without_halves(half), made.feeds)
    beyond = np.abs(X) * 300 > 256.5
    assert beyond.any()
    assert np.isinf(result[beyond]).all()
    assert np.isfinite(result[np.abs(X) * 300 < 255.5]).all()


def test_a_network_without_halves_is_left_alone() -> None:
    network = lowered(make(lambda x: tf.nn.relu(x), [X]))
    assert without_halves(network) is network


@pytest.mark.parametrize("dtype", [DType.BFLOAT16, DType.FLOAT16])
def test_only_casts_hold_halves_afterwards(dtype: DType) -> None:
    network = lowered(make(lambda x: tf.nn.softmax(x * 2.0), [X]))
    half = without_halves(with_precision(network, dtype))
    narrow = [layer for layer in half.layers if layer.outputs[0].dtype is dtype]
    assert narrow
    assert all(isinstance(layer.kind, Cast) for layer in narrow)
    assert half.outputs == network.outputs
