"""Graphs with functions lower as if the functions were written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.network.lower import network_from_graph
from tests.network.lower.harness import Case, case, check, numbers, op, parametrized, refused

pytestmark = pytest.mark.tensorflow


def _inner(x: Any, y: Any) -> Any:
    values, indices = tf.nn.top_k(x * y, 2)
    return values, tf.cast(indices, tf.float32) + 1.0


def _outer(x: Any) -> Any:
    first, second = inner(x, 2.0)
    again, _ = inner(x, -1.0)
    return first + second, again


inner, outer = tf.function(_inner), tf.function(_outer)

CASES: dict[str, Case] = {
    "a call": case(lambda x: inner(x, x)[1], numbers(2, 5)),
    "calls in calls": case(lambda x: outer(tf.nn.relu(x)), numbers(2, 5)),
    "a conditional on data": case(
        lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: x - 1.0), numbers(4)
    ),
    "a conditional the other way": case(
        lambda x: tf.cond(tf.reduce_sum(x) < 0, lambda: x * 2.0, lambda: x - 1.0), numbers(4)
    ),
    "a conditional with constants and pass-through": case(
        lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: (x, 1.0), lambda: (x, 2.0)), numbers(4)
    ),
    "nested conditionals": case(
        lambda x: tf.cond(
            tf.reduce_sum(x) > 0,
            lambda: tf.cond(x[0] > 0, lambda: x * 2.0, lambda: outer(x[None])[0][0, :1] + x),
            lambda: -x,
        ),
        numbers(4),
    ),
    "a conditional on a shape": case(
        lambda x: tf.cond(tf.shape(x)[0] > 3, lambda: x * 2.0, lambda: tf.zeros([9])),
        numbers(4),
    ),
}


@parametrized(CASES)
def test_function_equals_tensorflow(item: Case) -> None:
    check(item)


def test_branch_known_beforehand_leaves_the_other_out() -> None:
    network = check(CASES["a conditional on a shape"])
    assert [layer.kind.type_name for layer in network.layers] == ["Constant", "ElementWise"]


def test_layers_of_a_function_belong_to_its_call() -> None:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [2, 5], name="x")
        result = inner(x, x)[0]
        name = result.op.name
        message = graph.as_graph_def().SerializeToString()
    lowered = graph_from_graphdef(message)
    lowering = network_from_graph(lowered, outputs=[TensorRef(name)])
    assert lowering.network is not None
    origins = {origin for layer in lowering.network.layers for origin in layer.origin}
    assert origins <= {node.name for node in lowered}
    assert all(source.ref.node in lowered for source in lowering.network.sources.values())


def test_problem_inside_a_function_is_the_call_s() -> None:
    bad = tf.function(lambda x: op.Digamma(x=x))
    lowering = refused(lambda x: bad(x) + 1.0, np.ones(3, np.float32))
    (problem,) = lowering.problems
    assert "Digamma" in problem.reason
    assert "PartitionedCall" in problem.node
