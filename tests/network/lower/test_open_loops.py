"""Loops that run as often as an open dimension says, over lists that are as long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Shape
from surgeon_gui.network.layers import Loop
from surgeon_gui.network.lower import network_from_graph
from tests.network.lower.harness import numbers, run_network
from tests.network.lower.test_open_sizes import OPEN, Build, at, build_problem, compare, opened

pytestmark = [pytest.mark.tensorflow, pytest.mark.tensorrt]

STEPS = (OPEN, OPEN, 5)
WEIGHTS = numbers(7, 2, seed=1, low=-0.5, high=0.5)


def recurrent(x: Any) -> Any:
    """A recurrent net over time, as `dynamic_rnn` writes it: a list read, a list written."""
    time = tf.shape(x)[1]
    steps = tf.TensorArray(tf.float32, time).unstack(tf.transpose(x, [1, 0, 2]))

    def turn(step: Any, state: Any, made: Any) -> Any:
        state = tf.tanh(tf.matmul(tf.concat([steps.read(step), state], 1), WEIGHTS))
        return step + 1, state, made.write(step, state)

    begin = (0, tf.zeros([tf.shape(x)[0], 2]), tf.TensorArray(tf.float32, time))
    _, _, made = tf.while_loop(lambda step, *_: step < time, turn, begin)
    return tf.transpose(made.stack(), [1, 0, 2])


def mapped(x: Any) -> Any:
    return tf.map_fn(lambda row: tf.nn.softmax(row) * 2.0, x)


def scanned(x: Any) -> Any:
    return tf.scan(lambda total, row: total * 0.5 + row, x)


CASES: dict[str, Build] = {"recurrent": recurrent, "mapped": mapped, "scanned": scanned}


def _check(build: Build) -> None:
    message, lowering = opened(build, STEPS)
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    assert any(isinstance(layer.kind, Loop) for layer in lowering.network.layers)
    sizes = ((1, 5), (3, 9), (40, 30))
    compare(lowering.network, message, [{"x0": at(STEPS, *item)} for item in sizes])
    corners = [(1, 2, 5), (2, 16, 5), (4, 64, 5)]
    assert build_problem(lowering.network, {"x0": corners}) is None


@pytest.mark.parametrize("name", CASES)
def test_a_loop_runs_as_often_as_the_input_is_long(name: str) -> None:
    _check(CASES[name])


@pytest.mark.usefixtures("switch_and_merge")
@pytest.mark.parametrize("name", CASES)
def test_a_loop_of_switches_does_as_well(name: str) -> None:
    _check(CASES[name])


@pytest.mark.parametrize(
    "layer",
    [
        tf.keras.layers.LSTM(3),
        tf.keras.layers.Bidirectional(tf.keras.layers.GRU(3, return_sequences=True)),
    ],
    ids=["last state of an LSTM", "both ways through a GRU"],
)
def test_recurrent_keras_layers_take_sequences_of_any_length(layer: Any) -> None:
    layer(numbers(1, 2, 5))  # makes the weights, outside of the graph
    traced = tf.function(lambda x: layer(x)).get_concrete_function(tf.TensorSpec(STEPS))
    frozen = convert_variables_to_constants_v2(traced)
    graph = graph_from_graphdef(frozen.graph.as_graph_def().SerializeToString())
    name = frozen.inputs[0].op.name
    lowering = network_from_graph(
        graph,
        outputs=[TensorRef.parse(frozen.outputs[0].name)],
        shapes={name: Shape((-1, -1, 5))},
    )
    assert lowering.network is not None, [str(problem) for problem in lowering.problems]
    for dims in ((1, 5), (3, 12)):
        x = numbers(*dims, 5)
        (result,) = run_network(lowering.network, {name: x})
        np.testing.assert_allclose(result, layer(x), rtol=1e-4, atol=1e-5)
    assert build_problem(lowering.network, {name: [(1, 2, 5), (2, 16, 5), (4, 64, 5)]}) is None
