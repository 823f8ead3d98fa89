"""Keras's attention layers: equal TensorFlow, and TensorRT builds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.network.lower import network_from_graph
from tests.engine.rtx import new_builder, rtx
from tests.network.lower.harness import numbers, run_network
from tests.network.lower.test_builds import problem_of

pytestmark = [pytest.mark.tensorflow, pytest.mark.tensorrt]

Attention = Callable[[Any], Any]


def of_itself(layer: tf.keras.layers.Layer, **options: Any) -> Attention:
    return lambda x: layer(x, x, **options)


@pytest.mark.parametrize(
    "attention",
    [
        of_itself(tf.keras.layers.MultiHeadAttention(2, 4)),
        of_itself(tf.keras.layers.MultiHeadAttention(2, 4), use_causal_mask=True),
        of_itself(tf.keras.layers.GroupQueryAttention(4, 4, 2)),
    ],
    ids=["multi-head", "causal", "grouped queries"],
)
def test_attention_equals_tensorflow_and_is_built(attention: Attention) -> None:
    x = numbers(2, 7, 8)
    attention(x)  # makes the weights, outside of the graph
    traced = tf.function(lambda x: attention(x)).get_concrete_function(tf.TensorSpec(x.shape))
    frozen = convert_variables_to_constants_v2(traced)
    graph = graph_from_graphdef(frozen.graph.as_graph_def().SerializeToString())
    name = frozen.inputs[0].op.name
    lowering = network_from_graph(graph, outputs=[TensorRef.parse(frozen.outputs[0].name)])
    assert lowering.network is not None, lowering.problems
    (result,) = run_network(lowering.network, {name: x})
    np.testing.assert_allclose(result, attention(x), rtol=1e-4, atol=1e-5)
    assert problem_of(lowering.network, new_builder(rtx()), rtx()) is None
