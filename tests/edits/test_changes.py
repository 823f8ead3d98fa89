"""What edits did is told rule by rule."""

from __future__ import annotations

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.changes import changes_of
from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.graph.text import parse_text

GRAPH = parse_text("x = Placeholder() {dtype=f32, shape=[4]}\na = AddV2(x, x)\nb = AddV2(a, a)")


def test_every_firing_of_a_rule_is_told_and_every_edit_with_its_nodes() -> None:
    told = changes_of(GRAPH, [ApplyRules(("addv2-to-add",)), RenameNode("a", "c")])
    assert [change.get("rule") for change in told[:2]] == ["addv2-to-add"] * 2
    assert told[2]["edit"] == "Rename a to c"
    assert set(told[2]["nodes"]) == {"a", "b", "c"}


def test_what_cannot_be_done_again_is_told_by_its_title() -> None:
    edits: list[Edit] = [ApplyRules(("no-such-rule",)), RenameNode("a", "c")]
    assert changes_of(GRAPH, edits) == [
        {"edit": edits[0].title, "nodes": []},
        {"edit": edits[1].title, "nodes": []},
    ]
