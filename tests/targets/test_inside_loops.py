"""What a loop repeats is judged as what stands outside of one."""

from __future__ import annotations

import pytest
import tensorflow as tf

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.targets import inspect

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(("target", "taken"), [("trt-8.6", False), ("trt-10", True)])
def test_a_layer_that_a_target_lacks_is_found_inside_a_loop(target: str, taken: bool) -> None:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [4], name="x")
        tf.while_loop(
            lambda y: tf.reduce_sum(y) < 9.0, lambda y: (tf.cumsum(y) + 1.0,), (x,), name="while"
        )
        message = graph.as_graph_def().SerializeToString()
    report = inspect(graph_from_graphdef(message), target)
    assert report.supported is taken
    if not taken:
        assert any("Cumulative" in problem.reason for problem in report.problems)
