"""Loops that run as often as the data says become a Loop layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.network.layers import Loop
from surgeon_gui.network.lower import network_from_graph
from tests.helpers.shared import shared_path
from tests.network.lower.harness import (
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
    run_network,
)

pytestmark = pytest.mark.tensorflow

WEIGHTS = numbers(4, 4, seed=3, low=-0.5, high=0.5)
X = numbers(3, 4, low=0.1)


def until(limit: float) -> Any:
    """Doubles until the sum has reached a limit."""

    def build(x: Any) -> Any:
        return tf.while_loop(lambda y: tf.reduce_sum(y) < limit, lambda y: (y * 2.0,), (x,))[0]

    return build


def with_counter(x: Any) -> Any:
    """Ends by a count known from the start, or by the data, whichever is first."""
    return tf.while_loop(
        lambda i, y: tf.logical_and(i < 7, tf.reduce_max(y) < 9.0),
        lambda i, y: (i + 1, y * 1.5 + tf.cast(i, tf.float32)),
        (tf.constant(0), x),
    )


def newton(x: Any, wanted: Any) -> Any:
    """Reads tensors from outside, a constant and one that is computed."""
    scale = tf.reduce_mean(wanted) + 1.0
    return tf.while_loop(
        lambda y: tf.reduce_max(tf.abs(y * y - wanted)) > 1e-3 * scale,
        lambda y: (0.5 * (y + wanted / y),),
        (x,),
    )[0]


def recurrent(x: Any) -> Any:
    """As many steps as the largest number of a tensor says; products inside."""
    steps = tf.cast(tf.reduce_max(x) * 2.0, tf.int32)
    return tf.while_loop(
        lambda i, *_: i < steps,
        lambda i, h, seen: (i + 1, tf.tanh(tf.matmul(h, WEIGHTS) + x), seen + tf.reduce_sum(h)),
        (tf.constant(0), tf.zeros_like(x), tf.constant(0.0)),
    )


def channels_last(x: Any) -> Any:
    """The state is held as TensorFlow has it, whatever layout the body computes in."""
    kernel = numbers(3, 3, 2, 2, seed=5, low=-0.2, high=0.4)
    return tf.while_loop(
        lambda y: tf.reduce_sum(tf.abs(y)) < 40.0,
        lambda y: (tf.nn.relu(tf.nn.conv2d(y, kernel, 1, "SAME")) + y,),
        (x,),
    )[0]


def with_branch(x: Any) -> Any:
    return tf.while_loop(
        lambda y: tf.reduce_sum(y) < 50.0,
        lambda y: (tf.cond(tf.reduce_sum(y) < 10.0, lambda: y * 3.0, lambda: y + 1.0),),
        (x,),
    )[0]


def swapping(x: Any, y: Any) -> Any:
    """Variables that change places, and one that never changes."""
    return tf.while_loop(
        lambda a, b, c: tf.reduce_sum(a) < tf.reduce_sum(b) * c,
        lambda a, b, c: (b + 1.0, a, c),
        (x, y, tf.constant(1.5)),
    )


def integer(x: Any) -> Any:
    """Greatest common divisors by subtraction; a bool in the state."""
    return tf.while_loop(
        lambda a, b, more: more,
        lambda a, b, more: (
            tf.where(a > b, a - b, a),
            tf.where(b > a, b - a, b),
            tf.reduce_any(tf.not_equal(a, b)),
        ),
        (x, tf.reverse(x, [0]), tf.reduce_any(x > 0)),
    )[0]


def one_after_the_other(x: Any) -> Any:
    return until(90.0)(tf.sqrt(until(30.0)(x)))


def known_at_first(x: Any) -> Any:
    """The first turn is sure, those after it depend on data."""
    return tf.while_loop(
        lambda error, y: error > 0.05,
        lambda error, y: (tf.reduce_max(y) * 0.5, y * 0.5),
        (tf.constant(9.0), x),
    )


ROWS = numbers(5, 4, seed=6)


def written(x: Any) -> Any:
    """Results are collected in a list that is longer than the loop may run."""
    found = tf.TensorArray(tf.float32, size=6, element_shape=(4,))
    i, y, found = tf.while_loop(
        lambda i, y, _: tf.logical_and(i < 6, tf.reduce_sum(y) < 40.0),
        lambda i, y, out: (i + 1, y * 1.6, out.write(i, tf.reduce_sum(y, 0))),
        (tf.constant(0), x, found),
    )
    return i, y, found.stack()


def read(x: Any) -> Any:
    """Rows of a tensor are read one by one, until their sum is large enough."""
    rows = tf.TensorArray(tf.float32, size=5).unstack(x)
    return tf.while_loop(
        lambda i, total: tf.logical_and(i < 5, tf.reduce_max(total) < 2.0),
        lambda i, total: (i + 1, total + tf.abs(rows.read(i))),
        (tf.constant(0), tf.zeros([4])),
    )


def by_length(x: Any, length: Any) -> Any:
    """A recurrent layer over as many steps as a tensor says; the rest stays 0."""
    rows = tf.TensorArray(tf.float32, size=5).unstack(x)
    out = tf.TensorArray(tf.float32, size=5)
    _, state, out = tf.while_loop(
        lambda i, *_: i < length,
        lambda i, h, out: (
            (new := (i + 1, tf.tanh(tf.matmul(h, WEIGHTS) + rows.read(i))))
            + (out.write(i, new[1]),)
        ),
        (tf.constant(0), tf.zeros([1, 4]), out),
    )
    return state, out.stack()


BOTH: dict[str, Case] = {
    "until": case(until(70.0), X),
    "never entered": case(until(-70.0), X),
    "by a count or data": case(with_counter, X),
    "Newton": case(newton, X + 2.5, np.abs(X) + 1.0),
    "recurrent": case(recurrent, X),
    "channels last": case(channels_last, numbers(1, 5, 4, 2)),
    "conditional inside": case(with_branch, X),
    "variables that swap": case(swapping, X, X + 3.0),
    "integers": case(integer, integers(4, low=1, high=40)),
    "one after the other": case(one_after_the_other, X),
    "known at first": case(known_at_first, X),
    "results in a list": case(written, X),
    "rows of a list": case(read, ROWS * 0.5),
    "as many steps as given": case(by_length, ROWS.reshape(5, 1, 4), np.int32(3)),
    "of a vector of one": case(
        lambda x: tf.while_loop(lambda y: y < 9.0, lambda y: (y * 1.7,), (x,))[0], np.float32(0.3)
    ),
}


@parametrized(BOTH)
def test_functional_loop_by_data_equals_tensorflow(item: Case) -> None:
    network = check(item)
    assert any(isinstance(layer.kind, Loop) for layer in network.layers)


@pytest.mark.usefixtures("switch_and_merge")
@parametrized(BOTH)
def test_loop_by_data_of_switches_and_merges_equals_tensorflow(item: Case) -> None:
    network = check(item)
    assert any(isinstance(layer.kind, Loop) for layer in network.layers)


def outer(x: Any) -> Any:
    return tf.while_loop(
        lambda y: tf.reduce_max(y) < 200.0, lambda y: (until(30.0)(y) + until(9.0)(x),), (x,)
    )[0]


def counted_inside(x: Any) -> Any:
    def inner(y: Any) -> Any:
        return tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, z * 1.5), (0, y))[1]

    return tf.while_loop(lambda y: tf.reduce_max(y) < 90.0, lambda y: (inner(y),), (x,))[0]


@parametrized({"by data": case(outer, X), "counted": case(counted_inside, X)})
def test_loop_inside_a_loop_by_data_equals_tensorflow(item: Case) -> None:
    check(item)


def test_a_loop_stands_for_the_nodes_it_repeats() -> None:
    path = shared_path("models/control_flow_small/simplewhile_0_alt/frozen_model.pb")
    lowering = network_from_graph(graph_from_graphdef(path.read_bytes()))
    assert lowering.network is not None
    (layer,) = lowering.network.layers
    assert layer.origin == ("while/LoopCond", "while/Sum", "while/Less", "while/Add")
    assert "loop" in lowering.notes["while/LoopCond"]
    feeds = {
        name: np.loadtxt(path.with_name(f"{name}.placeholder.csv"), np.float32, delimiter=",")
        for name in ("input_0", "input_1")
    }
    feeds["input_0"] = feeds["input_0"].reshape(2, 2)
    expected = np.loadtxt(path.with_name("output.prediction.csv"), np.float32, delimiter=",")
    (result,) = run_network(lowering.network, feeds)
    np.testing.assert_allclose(result.reshape(-1), expected.reshape(-1), rtol=1e-6)


OPEN: dict[str, tuple[Any, tuple[Array, ...]]] = {
    "until": (until(70.0), (X,)),
    "by a count or data": (with_counter, (X,)),
    "conditional inside": (with_branch, (X,)),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_loop_takes_any_batch(name: str) -> None:
    build, arrays = OPEN[name]
    made = make(build, arrays)
    shapes = {key: Shape((-1, *array.shape[1:])) for key, array in made.feeds.items()}
    network = lowered(made, shapes=shapes)
    assert any(isinstance(layer.kind, Loop) for layer in network.layers)
    assert network.inputs[0].shape == (-1, 4)
    for batch in (1, 3, 8):
        fed = tuple(numbers(batch, 4, seed=batch, low=0.1) for _ in arrays)
        wanted = make(build, fed)
        for got, want in zip(run_network(network, wanted.feeds), wanted.expected, strict=True):
            np.testing.assert_allclose(got, want, 1e-4, 1e-5)


def pushing(x: Any) -> Any:
    empty = op.EmptyTensorList(
        element_shape=tf.constant([3]), max_num_elements=9, element_dtype=tf.float32
    )
    _, found = tf.while_loop(
        lambda y, _: tf.reduce_sum(y) < 100.0,
        lambda y, out: (y * 2.0, op.TensorListPushBack(input_handle=out, tensor=y)),
        (x, empty),
    )
    return op.TensorListStack(
        input_handle=found, element_shape=tf.constant([3]), element_dtype=tf.float32
    )


def test_a_list_that_grows_as_the_data_says_is_refused_in_words() -> None:
    problems = refused(pushing, np.ones(3, np.float32)).problems
    assert any("list that grows" in problem.reason for problem in problems)


def growing(x: Any) -> Any:
    return tf.while_loop(
        lambda y: tf.reduce_sum(y) < 100.0,
        lambda y: (tf.concat([y, y], 0),),
        (x,),
        shape_invariants=(tf.TensorShape([None]),),
    )[0]


def test_a_state_whose_shape_changes_is_refused_in_words() -> None:
    (problem,) = refused(growing, np.ones(3, np.float32)).problems
    # TensorFlow puts two counters of its own first.
    assert "changes the shape of variable 2 from [3] to [6]" in problem.reason
    assert problem.remedy


def unsupported_inside(x: Any) -> Any:
    return tf.while_loop(
        lambda y: tf.reduce_sum(y) < 100.0, lambda y: (op.Digamma(x=y) + y + 9.0,), (x,)
    )[0]


def test_what_cannot_be_lowered_inside_is_named() -> None:
    (problem,) = refused(unsupported_inside, np.ones(3, np.float32)).problems
    assert "Digamma" in problem.reason
    assert problem.remedy
