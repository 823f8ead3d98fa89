"""Constants stay in the loop they were in when what they waited for goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surgeon_gui.edits.optimise import optimise, optimised
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.rewrite.frames import kept_in_frames
from tests.helpers.tensorflow_process import run_tensorflow


def ref(name: str, port: int = 0) -> TensorRef:
    return TensorRef(name, port)


def constant(name: str, *controls: str) -> Node:
    value = TensorValue.from_array(np.array(1.0, np.float32))
    return Node(name, "Const", attrs={"dtype": DType.FLOAT32, "value": value}, controls=controls)


def loop() -> Graph:
    """A loop that adds `step` while below `limit`; both wait for checks inside it."""
    return Graph(
        (
            constant("start"),
            Node("enter", "Enter", (ref("start"),), {"frame_name": b"loop"}),
            Node("merge", "Merge", (ref("enter"), ref("next"))),
            Node("check", "Identity", (ref("merge"),)),
            constant("limit", "check"),
            Node("less", "Less", (ref("merge"), ref("limit"))),
            Node("cond", "LoopCond", (ref("less"),)),
            Node("switch", "Switch", (ref("merge"), ref("cond"))),
            Node("body", "Identity", (ref("switch", 1),)),
            Node("guard", "Identity", (ref("body"),)),
            constant("step", "guard"),
            Node("add", "AddV2", (ref("body"), ref("step"))),
            Node("next", "NextIteration", (ref("add"),)),
            Node("exit", "Exit", (ref("switch"),)),
        )
    )


def without_checks(graph: Graph) -> Graph:
    draft = Draft(graph)
    for name in ("check", "guard"):
        draft.redirect_controls(name, ())
        draft.remove(name)
    return draft.commit()


def test_the_body_waits_for_its_turn_and_the_condition_for_the_loop() -> None:
    before = loop()
    after = kept_in_frames(before, without_checks(before))
    assert after["step"].controls == ("body",)
    assert after["limit"].controls == ("merge",)
    assert after["start"].controls == ()


def test_without_a_node_in_the_body_the_start_is_waited_for() -> None:
    before = loop()
    draft = Draft(without_checks(before))
    draft.rewire(ref("body"), ref("switch", 1))
    draft.remove("body")
    assert kept_in_frames(before, draft.commit())["step"].controls == ("merge",)


def test_what_still_waits_and_what_has_no_loop_stays() -> None:
    before = loop()
    assert kept_in_frames(before, before) is before
    changed = Draft(before)
    changed.remove("exit")
    after = changed.commit()
    assert kept_in_frames(before, after) is after
    plain = Graph((constant("a"), constant("b", "a")))
    free = Draft(plain)
    free.change("b", controls=())
    assert kept_in_frames(plain, free.commit())["b"].controls == ()


def _checked_loop() -> bytes:
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [2], name="x")

        def body(turn: Any, value: Any) -> Any:
            with tf.control_dependencies([v1.Assert(tf.reduce_all(value < 100), [value])]):
                return turn + tf.constant(1), value * tf.constant(2.0)

        v1.disable_control_flow_v2()
        try:
            _, y = v1.while_loop(lambda turn, _: turn < 3, body, [tf.constant(0), x])
        finally:
            v1.enable_control_flow_v2()
        tf.identity(y, name="y")
        return bytes(graph.as_graph_def().SerializeToString())


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_loop_without_its_checks_runs_in_tensorflow(tmp_path: Path) -> None:
    graph = graph_from_graphdef(_checked_loop()).with_outputs([ref("y")])
    assert any(node.op == "Assert" for node in graph)
    small = optimised(graph, optimise(graph))
    assert not any(node.op == "Assert" for node in small)
    x = np.array([1, 2], np.float32)
    found = run_tensorflow(small, tmp_path, ["y:0"], {"x": x})
    assert found.errors == {}
    np.testing.assert_array_equal(found.arrays["y:0"], 8 * x)
