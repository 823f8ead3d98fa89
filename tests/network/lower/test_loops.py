"""Loops that run a known number of turns are unrolled; the others have one problem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.network.lower.harness import Case, case, check, numbers, op, parametrized, refused

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


X = numbers(3, 4)
BOTH: dict[str, Case] = {
    "counted": case(counted, X),
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
