from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.document import Document
from surgeon_gui.edits.patch import Patch, patch_between
from surgeon_gui.edits.script import script_from_toml, script_to_toml
from surgeon_gui.errors import EditError, SurgeonError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.text import parse_text
from tests.edits.test_random import edits, graphs

BEFORE = "x = Placeholder() {shape=[4]}\na = Relu(x)\nb = Elu(a)\ny = Sigmoid(b)"
AFTER = "x = Placeholder() {shape=[4]}\nb = Selu(x)\ny = Sigmoid(b)\nz = Tanh(y)"


def test_a_patch_makes_one_graph_of_another() -> None:
    before, after = parse_text(BEFORE), parse_text(AFTER)
    document = Document(before)
    patch = patch_between(before, after, "config.py")
    assert patch.title == "Run config.py"
    assert patch.removed == ("a",)
    delta = document.preview(patch)
    assert document.apply(patch) == delta
    assert document.graph == after
    document.undo()
    assert document.graph is before


def test_what_is_not_there_cannot_be_taken_out() -> None:
    with pytest.raises(EditError) as caught:
        Patch(removed=("nobody",)).apply(parse_text(BEFORE))
    assert caught.value.where == "nobody"
    assert Patch().apply(parse_text(BEFORE)) == parse_text(BEFORE)


@settings(max_examples=60)
@given(graphs(), st.data())
def test_any_edit_can_be_stated_as_a_patch(graph: Graph, data: st.DataObject) -> None:
    try:
        after = data.draw(edits(graph)).apply(graph)
    except SurgeonError:
        return
    patch = patch_between(graph, after)
    (again,) = script_from_toml(script_to_toml([patch])).edits
    made = again.apply(graph)
    assert {node.name: node for node in made} == {node.name: node for node in after}
    assert made.outputs == after.outputs
