"""The difference of two graphs is told node by node."""

from __future__ import annotations

from surgeon_gui.compare.graphs import diff_graphs
from surgeon_gui.graph.text import parse_text

BEFORE = """
    x = Placeholder() {shape=[1, 12], dtype=f32}
    w = Const() {value=f32[12]{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
    a = Add(x, w)
    y = LeakyRelu(a) {alpha=0.5}
    outputs(y)
    """


def test_equal_graphs_have_no_difference() -> None:
    assert diff_graphs(parse_text(BEFORE), parse_text(BEFORE)).is_empty


def test_op_inputs_attributes_numbers_and_outputs_are_compared() -> None:
    text = BEFORE.replace("10, 11", "10, 12").replace("alpha=0.5", "alpha=0.25")
    text = text.replace("a = Add(x, w)", "a = Sub(x, w)\n    b = Relu(a)").replace(
        "LeakyRelu(a)", "LeakyRelu(b)"
    )
    found = diff_graphs(parse_text(BEFORE), parse_text(text.replace("outputs(y)", "outputs(b)")))
    assert (found.added, found.removed) == (("b",), ())
    changes = {item.node: item.changes for item in found.changed}
    assert changes["w"] == ("value: float32 [12], 1 of 12 numbers differs, by 1 at most",)
    assert "op: Add → Sub" in changes["a"]
    assert changes["y"] == ("inputs: a → b", "alpha: 0.5 → 0.25")
    assert found.outputs == "outputs: y → b"
    assert not found.is_empty
