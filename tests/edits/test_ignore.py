"""Ignoring problems is an edit like any other: it is saved, undone and stated in a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.ignore import Ignore, StopIgnoring
from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.edits.script import script_from_toml, script_to_toml
from surgeon_gui.errors import UnknownNode
from surgeon_gui.graph.ignored import IGNORED, ignored_causes, is_ignored
from surgeon_gui.graph.open import open_graph, save_graph
from surgeon_gui.graph.text import parse_text

GRAPH = parse_text("x = Placeholder() {dtype=f32, shape=[1,4]}\na = Relu(x)\nb = Elu(a)")


def test_a_cause_is_ignored_at_the_nodes_named_and_nowhere_else() -> None:
    after = Ignore(("a", "b"), "It is odd.").apply(GRAPH)
    assert is_ignored(after["a"], "It is odd.")
    assert not is_ignored(after["a"], "It is something else.")
    assert not ignored_causes(after["x"])
    assert Ignore(("a",), "It is odd.").apply(after) is after


def test_without_a_cause_everything_there_is_ignored() -> None:
    assert is_ignored(Ignore(("a",)).apply(GRAPH)["a"], "Whatever.")


def test_it_can_be_taken_back_one_by_one_or_all_at_once() -> None:
    both = Ignore(("a",), "Two.").apply(Ignore(("a",), "One.").apply(GRAPH))
    assert ignored_causes(both["a"]) == ("One.", "Two.")
    assert ignored_causes(StopIgnoring(("a",), "One.").apply(both)["a"]) == ("Two.",)
    none = StopIgnoring(("a",)).apply(both)
    assert IGNORED not in none["a"].attrs


def test_it_is_saved_with_the_graph_and_follows_a_renamed_node(tmp_path: Path) -> None:
    after = RenameNode("a", "c").apply(Ignore(("a",), "Es ist häßlich.").apply(GRAPH))
    save_graph(after, tmp_path / "x.pb")
    assert ignored_causes(open_graph(tmp_path / "x.pb")["c"]) == ("Es ist häßlich.",)


def test_a_script_states_it() -> None:
    made: list[Edit] = [Ignore(("a", "b"), "It is odd."), StopIgnoring(("b",))]
    assert list(script_from_toml(script_to_toml(made)).edits) == made


def test_a_node_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownNode):
        Ignore(("nobody",)).apply(GRAPH)
