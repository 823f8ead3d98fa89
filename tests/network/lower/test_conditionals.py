"""Of a conditional on data only the branch that is taken runs, where it is worth it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.network.layers import Conditional, Select
from tests.network.lower.harness import Case, case, check, numbers, parametrized

pytestmark = pytest.mark.tensorflow

WEIGHTS = numbers(4, 4, seed=3, low=-0.5, high=0.5)
KERNEL = numbers(3, 3, 2, 2, seed=4, low=-0.5, high=0.5)
X = numbers(3, 4)
IMAGE = numbers(1, 5, 4, 2)


def product(x: Any, *, above: float = 0.0) -> Any:
    return tf.cond(
        tf.reduce_sum(x) > above, lambda: tf.matmul(x, WEIGHTS) + 1.0, lambda: tf.nn.relu(x)
    )


def two_results(x: Any) -> Any:
    """One result is computed, the other handed on or constant."""
    return tf.cond(
        tf.reduce_max(x) > 1.0,
        lambda: (tf.matmul(x, WEIGHTS), x),
        lambda: (x * 2.0, tf.ones_like(x)),
    )


def convolved(x: Any) -> Any:
    y = tf.nn.relu(tf.nn.conv2d(x, KERNEL, 1, "SAME"))
    y = tf.cond(
        tf.reduce_mean(y) > 0.1,
        lambda: tf.nn.conv2d(y, KERNEL, 1, "SAME") + y,
        lambda: tf.nn.max_pool2d(y, 3, 1, "SAME"),
    )
    return tf.nn.conv2d(y, KERNEL, 2, "SAME")


def nested(x: Any) -> Any:
    return tf.cond(
        tf.reduce_sum(x) > 0,
        lambda: tf.cond(x[0, 0] > 0, lambda: tf.matmul(x, WEIGHTS), lambda: x * 3.0),
        lambda: tf.matmul(x - 1.0, WEIGHTS),
    )


def shared(x: Any) -> Any:
    """What is computed in a branch is needed outside too: it runs anyway."""
    y = tf.matmul(x, WEIGHTS)
    return tf.cond(tf.reduce_sum(x) > 0, lambda: tf.matmul(y, WEIGHTS), lambda: y) + y


def with_loop(x: Any) -> Any:
    def repeated() -> Any:
        return tf.while_loop(lambda y: tf.reduce_max(y) < 30.0, lambda y: (y * 2.0 + 1.0,), (x,))[0]

    return tf.cond(tf.reduce_sum(x) > 0, repeated, lambda: -x)


CASES: dict[str, Case] = {
    "taken": case(product, np.abs(X)),
    "not taken": case(product, -np.abs(X)),
    "two results, taken": case(two_results, X + 2.0),
    "two results, not taken": case(two_results, X * 0.2),
    "between convolutions": case(convolved, IMAGE),
    "between convolutions, not taken": case(convolved, IMAGE * 0.01),
    "nested": case(nested, np.abs(X)),
    "nested, not taken": case(nested, -np.abs(X)),
    "shared": case(shared, X),
    "a loop": case(with_loop, np.abs(X)),
    "a loop, not taken": case(with_loop, -np.abs(X)),
}


@parametrized(CASES)
def test_conditional_equals_tensorflow(item: Case) -> None:
    network = check(item)
    assert any(isinstance(layer.kind, Conditional) for layer in network.layers)
    assert not any(isinstance(layer.kind, Select) for layer in network.layers)


@pytest.mark.usefixtures("switch_and_merge")
@parametrized(CASES)
def test_conditional_of_switches_and_merges_equals_tensorflow(item: Case) -> None:
    network = check(item)
    assert any(isinstance(layer.kind, Conditional) for layer in network.layers)


def test_cheap_branches_are_both_computed() -> None:
    network = check(
        case(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x - 1.0), X)
    )
    assert any(isinstance(layer.kind, Select) for layer in network.layers)
    assert not any(isinstance(layer.kind, Conditional) for layer in network.layers)


def test_a_choice_by_element_computes_both() -> None:
    network = check(case(lambda x: tf.where(x > 0, tf.matmul(x, WEIGHTS), x), X))
    assert not any(isinstance(layer.kind, Conditional) for layer in network.layers)
