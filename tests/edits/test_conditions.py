"""Conditionals of functions whose predicate is constant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from surgeon_gui.edits.conditions import FoldConditions
from surgeon_gui.edits.training import SwitchTrainingOff
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import AttrValue, DType, FuncRef, TensorValue

THEN, ELSE = FuncRef("then"), FuncRef("else")
OUT: tuple[DType, ...] = (DType.FLOAT32,)


def conditional(op: str, chosen: Any, **attrs: AttrValue) -> Graph:
    """A conditional of functions that reads `x` and a constant."""
    graph = parse_text("x = Placeholder() {dtype=f32, shape=[2]}")
    given: dict[str, AttrValue] = {"Tin": OUT, "Tout": OUT, **attrs}
    return Graph(
        (
            *graph.nodes,
            Node("p", "Const", attrs={"value": TensorValue.from_array(chosen)}),
            Node("go", "NoOp"),
            Node("c", op, [TensorRef("p"), TensorRef("x")], given, controls=("go",)),
            Node("y", "Relu", [TensorRef("c")]),
        )
    )


@pytest.mark.parametrize(
    ("chosen", "taken"),
    [
        (np.array(True), "then"),
        (np.array(False), "else"),
        (np.array(3, np.int32), "then"),
        (np.zeros(1, np.float32), "then"),
        (np.zeros(0, np.float32), "else"),
    ],
)
def test_an_if_becomes_a_call_of_the_branch_taken(chosen: np.ndarray, taken: str) -> None:
    graph = conditional("StatelessIf", chosen, then_branch=THEN, else_branch=ELSE)
    after = FoldConditions().apply(graph)
    call = after["c"]
    assert (call.op, call.inputs, call.controls) == ("PartitionedCall", (TensorRef("x"),), ("go",))
    assert call.attrs == {"Tin": OUT, "Tout": OUT, "f": FuncRef(taken)}
    assert "p" not in after


@pytest.mark.parametrize(("number", "taken"), [(0, "a"), (1, "b"), (2, "c"), (9, "c"), (-1, "c")])
def test_a_case_calls_the_branch_of_that_number_or_the_last(number: int, taken: str) -> None:
    branches = tuple(map(FuncRef, "abc"))
    graph = conditional("Case", np.array(number, np.int32), branches=branches)
    call = FoldConditions().apply(graph)["c"]
    assert (call.op, call.attrs["f"]) == ("StatefulPartitionedCall", FuncRef(taken))


def test_a_stateful_if_stays_stateful() -> None:
    graph = conditional("If", np.array(True), then_branch=THEN, else_branch=ELSE)
    assert FoldConditions().apply(graph)["c"].op == "StatefulPartitionedCall"


def test_what_depends_on_an_input_stays() -> None:
    graph = parse_text("p = Placeholder() {dtype=bool, shape=[]}\nx = Placeholder()")
    attrs: dict[str, AttrValue] = {"then_branch": THEN, "else_branch": ELSE}
    graph = Graph((*graph.nodes, Node("c", "If", [TensorRef("p"), TensorRef("x")], attrs)))
    assert FoldConditions().apply(graph) is graph


@pytest.mark.tensorflow
def test_tensorflow_computes_the_same_when_training_is_off() -> None:
    tf = pytest.importorskip("tensorflow")

    def work(x: Any, training: Any) -> Any:
        halved = tf.cond(training, lambda: tf.nn.dropout(x, 0.5), lambda: x / 2)
        return tf.switch_case(tf.constant(1), [lambda: halved, lambda: halved + 1])

    made = tf.function(work).get_concrete_function(
        tf.TensorSpec([3], tf.float32, name="x"), tf.TensorSpec([], tf.bool, name="training")
    )
    before = graph_from_graphdef(made.graph.as_graph_def().SerializeToString())
    after = SwitchTrainingOff().apply(before)
    assert not {"If", "StatelessIf", "Case", "StatelessCase"} & {node.op for node in after}
    assert not any(node.op == "Placeholder" for node in after if node.name == "training")
    message = tf.compat.v1.GraphDef.FromString(graphdef_from_graph(after))
    with tf.Graph().as_default() as rebuilt:
        tf.import_graph_def(message, name="")
        with tf.compat.v1.Session(graph=rebuilt) as session:
            name = made.outputs[0].name
            x = np.array([1, 2, 3], np.float32)
            np.testing.assert_array_equal(session.run(name, {"x:0": x}), x / 2 + 1)
