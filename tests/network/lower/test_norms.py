"""Normalizations become one layer, however the graph writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.values import Array
from surgeon_gui.network.layers import Normalization
from tests.network.lower.harness import Case, case, check, numbers, op, parametrized

pytestmark = pytest.mark.tensorflow

X = numbers(2, 5, 8)
IMAGE = numbers(2, 4, 5, 6, seed=1)
G8, B8 = numbers(8, seed=2), numbers(8, seed=3)
G6, B6 = numbers(6, seed=4), numbers(6, seed=5)


def centred(x: Any) -> Any:
    """As BERT writes it: the difference over the root, then factor and offset."""
    mean = tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), -1, keepdims=True)
    return (x - mean) / tf.sqrt(variance + 1e-3) * G8 + B8


def backwards(x: Any) -> Any:
    """The mean less x, twice negative; a factor before the root."""
    mean = tf.reduce_mean(x, [-1], keepdims=True)
    distance = mean - x
    variance = tf.reduce_mean(distance * distance, [-1], keepdims=True)
    return B8 - (distance * G8) * tf.math.rsqrt(variance + 1e-3)


def without_weights(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-3)


def dropped_dims(x: Any) -> Any:
    """Moments without dimensions of 1, put back by a reshape."""
    mean, variance = tf.nn.moments(x, [2])
    mean, variance = (tf.expand_dims(item, 2) for item in (mean, variance))
    return tf.nn.batch_normalization(x, mean, variance, B8, G8, 1e-3)


def as_batch_norm(x: Any) -> Any:
    """As Keras 2 writes a layer norm: the batch norm of a reshaped tensor."""
    rows = int(np.prod(x.shape[:-1]))
    none = tf.constant([], tf.float32)
    even = op.FusedBatchNormV3(
        x=tf.reshape(x, [1, rows, x.shape[-1], 1]),
        scale=tf.ones([rows]),
        offset=tf.zeros([rows]),
        mean=none,
        variance=none,
        epsilon=1e-3,
        data_format="NCHW",
        is_training=True,
    )[0]
    return tf.reshape(even, x.shape) * G8 + B8


def instance(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, B6, G6, 1e-3)


def after_convolution(x: Any) -> Any:
    kernel = numbers(3, 3, 6, 6, seed=7, low=-0.3, high=0.3)
    return tf.nn.relu(instance(tf.nn.conv2d(x, kernel, 1, "SAME")))


def of_keras(layer: Any, shape: tuple[int, ...]) -> Any:
    """Return what builds a Keras layer with random weights into the graph."""
    layer.build(shape)
    layer.set_weights([numbers(*item.shape, seed=8, low=0.3) for item in layer.weights])
    graph, fed, fetched = convert(tf.function(layer), shape)

    def build(x: Any) -> Any:
        (result,) = tf.import_graph_def(graph, {fed: x}, [fetched])
        return result

    return build


def convert(function: Any, shape: tuple[int, ...]) -> tuple[Any, str, str]:
    """Return the frozen graph of a function, and the names of its input and output."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    concrete = function.get_concrete_function(tf.TensorSpec(shape, tf.float32))
    frozen = convert_variables_to_constants_v2(concrete)
    return frozen.graph.as_graph_def(), frozen.inputs[0].name, frozen.outputs[0].name


ONE = ("Normalization",)
CASES: dict[str, Case] = {
    "centred first": case(centred, X, layers=ONE),
    "backwards": case(backwards, X, layers=ONE),
    "without weights": case(without_weights, X, layers=ONE),
    "moments without their dimensions": case(dropped_dims, X, layers=ONE),
    "as batch norm": case(as_batch_norm, X, layers=ONE),
    "as batch norm of an image": case(
        lambda x: as_batch_norm(tf.reshape(x, [2, 3, 2, 8])), numbers(2, 3, 16), layers=None
    ),
    "instance norm": case(instance, IMAGE, layers=ONE),
    "instance norm after a convolution": case(
        after_convolution,
        IMAGE,
        layers=("Shuffle", "Convolution", "Normalization", "Activation", "Shuffle"),
    ),
    "an affine map after it": case(lambda x: (centred(x) - 1.5) * 2.0 + G8, X, layers=ONE),
    "constant rows": case(centred, np.full((2, 3, 8), 3.0, np.float32), layers=ONE),
    "a tiny variance": case(centred, X * 1e-4, layers=ONE),
}

SHUFFLED = ("Shuffle", "Normalization", "Shuffle")
KERAS: dict[str, tuple[Any, Array, tuple[str, ...]]] = {
    "layer": (tf.keras.layers.LayerNormalization(), X, ONE),
    "layer, two axes": (tf.keras.layers.LayerNormalization(axis=(1, 2)), X, ONE),
    "layer, no factor": (tf.keras.layers.LayerNormalization(scale=False), X, ONE),
    "layer, no offset": (tf.keras.layers.LayerNormalization(center=False), X, ONE),
    "layer of an image": (tf.keras.layers.LayerNormalization(epsilon=1e-6), IMAGE, ONE),
    "group": (tf.keras.layers.GroupNormalization(3), IMAGE, SHUFFLED),
    "group of one": (tf.keras.layers.GroupNormalization(1), IMAGE, ONE),
    "instance": (tf.keras.layers.GroupNormalization(-1), IMAGE, SHUFFLED),
}


@parametrized(CASES)
def test_norm_equals_tensorflow_in_one_layer(item: Case) -> None:
    network = check(item)
    kinds = [layer.kind for layer in network.layers]
    assert sum(isinstance(kind, Normalization) for kind in kinds) == 1


@pytest.mark.parametrize("name", KERAS)
def test_norm_of_keras_equals_tensorflow_in_one_layer(name: str) -> None:
    layer, x, kinds = KERAS[name]
    check(case(of_keras(layer, x.shape), x, layers=kinds))


NOT_NORMS: dict[str, Case] = {
    "means along other axes": case(
        lambda x: (
            (x - tf.reduce_mean(x, 1, keepdims=True))
            / tf.sqrt(
                tf.reduce_mean(tf.square(x - tf.reduce_mean(x, 1, keepdims=True)), 2, True) + 1.0
            )
        ),
        X,
    ),
    "another tensor is normalised": case(
        lambda x: (
            (tf.nn.relu(x) - tf.reduce_mean(x, 2, True))
            * tf.math.rsqrt(tf.math.reduce_variance(x, 2, True) + 1e-3)
        ),
        X,
    ),
    "factors that differ": case(
        lambda x: (
            x * G8 * tf.math.rsqrt(tf.math.reduce_variance(x, 2, True) + 1e-3)
            - tf.reduce_mean(x, 2, True)
            * B8
            * tf.math.rsqrt(tf.math.reduce_variance(x, 2, True) + 1e-3)
        ),
        X,
    ),
    "root squared": case(
        lambda x: centred(x) * tf.math.rsqrt(tf.math.reduce_variance(x, 2, True) + 1.0), X
    ),
}


@parametrized(NOT_NORMS)
def test_what_is_no_norm_stays_and_equals_tensorflow(item: Case) -> None:
    check(item)
