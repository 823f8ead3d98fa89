from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from surgeon_gui.document import Change, Document
from surgeon_gui.edits.base import Edit, param
from surgeon_gui.errors import GraphError, SurgeonError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef


@dataclass(frozen=True)
class SetOp:
    """Give a node another op."""

    node: str = param("Node", tip="The node.", kind="node")
    op: str = param("Op", tip="Its new op.", kind="op")

    @property
    def title(self) -> str:
        return f"Make {self.node} {self.op}"

    def apply(self, graph: Graph) -> Graph:
        draft = Draft(graph)
        draft.change(self.node, op=self.op)
        return draft.commit()


@dataclass(frozen=True)
class Break:
    """Leave a dangling input."""

    @property
    def title(self) -> str:
        return "Break"

    def apply(self, graph: Graph) -> Graph:
        draft = Draft(graph)
        draft.remove(graph.nodes[0].name)
        return draft.commit()


def a_graph() -> Graph:
    return Graph((Node("x", "Placeholder"), Node("y", "Relu", [TensorRef("x")])))


def test_redo_returns_the_same_graph_object() -> None:
    document = Document(a_graph())
    document.apply(SetOp("y", "Elu"))
    changed = document.graph
    assert document.undo()
    assert document.graph["y"].op == "Relu"
    assert document.redo()
    assert document.graph is changed


def test_undo_returns_the_graph_object_that_was_opened() -> None:
    graph = a_graph()
    document = Document(graph)
    document.apply(SetOp("y", "Elu"))
    document.undo()
    assert document.graph is graph
    assert document.original is graph
    assert not document.undo()


@pytest.mark.parametrize("failing", [Break(), SetOp("nowhere", "Relu")])
def test_a_failed_edit_changes_nothing(failing: Edit) -> None:
    document = Document(a_graph())
    document.apply(SetOp("y", "Elu"))
    document.undo()
    told: list[Change] = []
    document.subscribe(told.append)
    graph, revisions = document.graph, document.revisions
    with pytest.raises(SurgeonError):
        document.apply(failing)
    assert document.graph is graph
    assert document.revisions == revisions
    assert document.can_redo
    assert told == []


def test_an_edit_after_undo_drops_what_could_be_redone() -> None:
    document = Document(a_graph())
    document.apply(SetOp("y", "Elu"))
    document.undo()
    document.apply(SetOp("y", "Selu"))
    assert not document.can_redo
    assert [revision.title for revision in document.revisions] == ["Opened", "Make y Selu"]
    assert document.edits == (SetOp("y", "Selu"),)


def test_an_edit_without_effect_leaves_no_revision() -> None:
    document = Document(a_graph())
    assert not document.apply(SetOp("y", "Relu"))
    assert len(document.revisions) == 1
    assert document.is_clean


def test_clean_follows_the_saved_revision(tmp_path: Path) -> None:
    document = Document(a_graph())
    assert document.is_clean
    document.apply(SetOp("y", "Elu"))
    assert not document.is_clean
    document.mark_saved(tmp_path / "y.pb")
    assert document.is_clean
    assert document.path == tmp_path / "y.pb"
    document.undo()
    assert not document.is_clean
    document.redo()
    assert document.is_clean
    document.undo()
    document.apply(SetOp("y", "Elu"))
    assert not document.is_clean, "an equal graph reached another way is not the saved one"


def test_jump_goes_to_any_revision_and_nowhere_else() -> None:
    document = Document(a_graph())
    for op in ("Elu", "Selu", "Tanh"):
        document.apply(SetOp("y", op))
    assert document.jump(1)
    assert document.graph["y"].op == "Elu"
    assert document.can_redo
    assert not document.jump(1)
    assert not document.jump(4)
    assert not document.jump(-1)
    assert document.jump(3)
    assert document.graph["y"].op == "Tanh"


def test_subscribers_are_told_what_changed_until_they_leave() -> None:
    document = Document(a_graph())
    told: list[Change] = []
    leave = document.subscribe(told.append)
    delta = document.apply(SetOp("y", "Elu"))
    assert delta.changed == ("y",)
    document.undo()
    document.redo()
    document.jump(0)
    document.mark_saved()
    assert [change.reason for change in told] == ["applied", "undone", "redone", "jumped", "saved"]
    assert told[1].delta.changed == ("y",)
    assert not told[4].delta
    leave()
    leave()
    document.redo()
    assert len(told) == 5


def test_preview_tells_the_change_and_makes_none() -> None:
    document = Document(a_graph())
    assert document.preview(SetOp("y", "Elu")).changed == ("y",)
    assert len(document.revisions) == 1
    with pytest.raises(GraphError):
        document.preview(SetOp("nowhere", "Elu"))
