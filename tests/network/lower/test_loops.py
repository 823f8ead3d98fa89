"""Loops that run a known number of turns are unrolled; the others have one problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array
from surgeon_gui.network.lower import network_from_graph
from tests.network.lower.harness import (
    Case,
    case,
    check,
    numbers,
    op,
    parametrized,
    refused,
    run_network,
)

pytestmark = pytest.mark.tensorflow

WEIGHTS = numbers(4, 4, seed=3, low=-0.5, high=0.5)


def counted(x: Any) -> Any:
    """Three turns of a product and a sum."""
    return tf.while_loop(
        lambda i, _: i < 3,
        lambda i, y: (i + 1, tf.tanh(tf.matmul(y, WEIGHTS)) + tf.cast(i, tf.float32)),
        (tf.constant(0), x),
    )[1]


def never(x: Any) -> Any:
    return tf.while_loop(lambda i, _: i < 0, lambda i, y: (i + 1, y * 2.0), (tf.constant(0), x))[1]


def mapped(x: Any) -> Any:
    return tf.map_fn(lambda row: tf.nn.softmax(row) * 2.0, x)


def scanned(x: Any) -> Any:
    return tf.scan(lambda total, row: total * 0.5 + row, x)


def by_shape(x: Any) -> Any:
    """As many turns as the input has rows; each row is read from a list."""
    rows = tf.TensorArray(tf.float32, size=tf.shape(x)[0]).unstack(x)
    return tf.while_loop(
        lambda i, _: i < tf.shape(x)[0],
        lambda i, total: (i + 1, total + rows.read(i) ** 2),
        (tf.constant(0), tf.zeros_like(x[0])),
    )[1]


def nested(x: Any) -> Any:
    def inner(y: Any) -> Any:
        return tf.while_loop(
            lambda j, _: j < 2, lambda j, z: (j + 1, z * 1.5), (tf.constant(0), y)
        )[1]

    return tf.while_loop(
        lambda i, _: i < 2, lambda i, y: (i + 1, inner(y) + 1.0), (tf.constant(0), x)
    )[1]


def waiting_for_switches(x: Any) -> Any:
    """What waits for a Switch and for none of its outputs runs on either branch."""
    no, yes = op.Switch(data=x, pred=tf.constant(True))
    with tf.control_dependencies([yes.op]):
        two = tf.constant(2.0)
    return op.Merge(inputs=[no - 1.0, yes * two]).output


X = numbers(3, 4)
BOTH: dict[str, Case] = {
    "counted": case(counted, X),
    "waiting for switches": case(waiting_for_switches, X),
    "never entered": case(never, X),
    "map": case(mapped, X),
    "scan": case(scanned, X),
    "as many turns as rows": case(by_shape, X),
    "around a conditional known by the turn": case(
        lambda x: tf.while_loop(
            lambda i, _: i < 4,
            lambda i, y: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: y * 2.0, lambda: y - 1.0)),
            (tf.constant(0), x),
        )[1],
        X,
    ),
}


@parametrized(BOTH)
def test_functional_loop_equals_tensorflow(item: Case) -> None:
    check(item)


@parametrized({"nested": case(nested, X)})
def test_loop_in_a_loop_equals_tensorflow(item: Case) -> None:
    check(item)


@pytest.mark.usefixtures("switch_and_merge")
@parametrized(BOTH)
def test_loop_of_switches_and_merges_equals_tensorflow(item: Case) -> None:
    check(item)


def with_digamma(x: Any) -> Any:
    return tf.while_loop(
        lambda y: tf.reduce_sum(y) < 100.0, lambda y: (op.Digamma(x=y) + y + 9.0,), (x,)
    )[0]


@pytest.mark.usefixtures("switch_and_merge")
def test_what_cannot_be_lowered_in_a_loop_by_data_is_its_only_problem() -> None:
    (problem,) = refused(with_digamma, np.ones(3, np.float32)).problems
    assert problem.node == "while/Digamma"


@pytest.mark.usefixtures("switch_and_merge")
def test_loops_in_loops_of_switches_and_merges_are_refused_in_words() -> None:
    lowering = refused(nested, X)
    assert any("inside of each other" in problem.reason for problem in lowering.problems)


def test_keras_recurrent_layer_is_unrolled() -> None:
    tf.keras.utils.set_random_seed(1)
    layer = tf.keras.layers.LSTM(5, return_sequences=True)
    layer.build((1, 6, 3))
    weights = [np.array(item) for item in layer.get_weights()]

    def build(x: Any) -> Any:
        kernel, recurrent, bias = weights

        def step(state: Any, row: Any) -> Any:
            output, cell = state
            gates = tf.matmul(row, kernel) + tf.matmul(output, recurrent) + bias
            i, f, c, o = tf.split(gates, 4, axis=1)
            cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(c)
            return tf.sigmoid(o) * tf.tanh(cell), cell

        zeros = tf.zeros([2, 5])
        return tf.scan(step, tf.transpose(x, [1, 0, 2]), (zeros, zeros))[0]

    check(case(build, numbers(2, 6, 3)))


def masked(rows: Array) -> Array:
    """Return rows whose last steps are zeros, which a masking layer leaves out."""
    result = rows.copy()
    result[:, 3:] = 0
    return result


RECURRENT: dict[str, tuple[list[Any], Array]] = {
    "LSTM": ([tf.keras.layers.LSTM(5)], numbers(2, 6, 3)),
    "LSTM, all steps": ([tf.keras.layers.LSTM(5, return_sequences=True)], numbers(2, 6, 3)),
    "GRU": ([tf.keras.layers.GRU(5)], numbers(2, 6, 3)),
    "RNN, both ways": (
        [tf.keras.layers.Bidirectional(tf.keras.layers.SimpleRNN(4))],
        numbers(2, 6, 3),
    ),
    "masked": ([tf.keras.layers.Masking(), tf.keras.layers.LSTM(5)], masked(numbers(2, 6, 3))),
}


@pytest.mark.parametrize("frames", [True, False], ids=["frames", "functional"])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers_of_keras_equal_tensorflow(name: str, frames: bool) -> None:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    made, rows = RECURRENT[name]
    model = tf.keras.Sequential([tf.keras.Input(rows.shape[1:]), *made])
    concrete = tf.function(model).get_concrete_function(tf.TensorSpec(rows.shape, tf.float32))
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=frames)
    graph = graph_from_graphdef(frozen.graph.as_graph_def().SerializeToString())
    outputs = [TensorRef.parse(frozen.outputs[0].name)]
    lowering = network_from_graph(graph, outputs=outputs)
    assert not lowering.problems, [str(problem) for problem in lowering.problems]
    assert lowering.network is not None
    (result,) = run_network(lowering.network, {frozen.inputs[0].op.name: rows})
    np.testing.assert_allclose(result, model(rows).numpy(), 1e-4, 1e-5)
