"""One graph that holds two, and its marks: equal to what comparing node by node finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.compare.graphs import diff_graphs
from surgeon_gui.edits.nodes import RenameNode
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.view.diff import (
    Changes,
    Merged,
    changed_groups,
    changed_part,
    marks_of,
    merge,
    sides,
)
from surgeon_gui.view.tree import tree_from_graph

NAMES = tuple("abcdefgh")
SPACES = ("", "left/", "right/", "right/inner/")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A few nodes with names from a small store, so that two graphs share some."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=len(NAMES)))
    nodes: list[Node] = []
    for name in names:
        known = [node.name for node in nodes]
        sources = draw(st.lists(st.sampled_from(known), max_size=2)) if known else []
        waits = draw(st.lists(st.sampled_from(known), unique=True, max_size=1)) if known else []
        space = SPACES[NAMES.index(name) % len(SPACES)]
        nodes.append(
            Node(
                f"{space}{name}",
                draw(st.sampled_from(("Relu", "Neg", "Add"))),
                [TensorRef(source, draw(st.integers(0, 1))) for source in sources],
                {"n": draw(st.integers(0, 1))},
                controls=[wait for wait in waits if wait not in sources],
            )
        )
    return Graph(tuple(nodes))


def changes_between(before: Graph, after: Graph) -> Changes:
    found = diff_graphs(before, after)
    return Changes(
        found.added,
        found.removed,
        {change.node: "\n".join(change.changes) for change in found.changed},
        found.renamed,
    )


def merged_of(before: Graph, after: Graph) -> Merged:
    return merge(before, after, changes_between(before, after))


def edges_of(graph: Graph) -> set[tuple[str, str]]:
    return {
        (source, node.name)
        for node in graph
        for source in (*(ref.node for ref in node.inputs), *node.controls)
    }


@given(graphs(), graphs())
@settings(max_examples=200)
def test_marks_are_what_comparing_name_by_name_finds(before: Graph, after: Graph) -> None:
    merged = merged_of(before, after)
    old, new = ({node.name: node for node in graph} for graph in (before, after))
    found: dict[str, set[str]] = {"added": set(), "removed": set(), "changed": set()}
    for name, mark in merged.overlay.marks.items():
        found[mark.status].add(name)
    assert found["added"] == new.keys() - old.keys()
    assert found["removed"] == old.keys() - new.keys()
    assert found["changed"] == {name for name in old.keys() & new.keys() if old[name] != new[name]}
    assert {node.name for node in merged.graph} == old.keys() | new.keys()


@given(graphs(), graphs())
@settings(max_examples=200)
def test_the_edges_are_those_of_both_graphs_with_marks_on_those_of_one(
    before: Graph, after: Graph
) -> None:
    merged = merged_of(before, after)
    old, new = edges_of(before), edges_of(after)
    assert edges_of(merged.graph) == old | new
    assert {e for e, status in merged.overlay.edges.items() if status == "added"} == new - old
    assert {e for e, status in merged.overlay.edges.items() if status == "removed"} == old - new
    assert len(merged.overlay.edges) == len(old ^ new)


@given(graphs(), graphs())
def test_the_other_way_round_what_came_has_gone(before: Graph, after: Graph) -> None:
    there, back = diff_graphs(before, after), diff_graphs(after, before)
    assert set(there.added) == set(back.removed)
    assert set(there.removed) == set(back.added)
    assert {item.node for item in there.changed} == {item.node for item in back.changed}


@given(graphs())
def test_a_graph_does_not_differ_from_itself_nor_from_its_equal(graph: Graph) -> None:
    copy = Graph(tuple(Node(n.name, n.op, n.inputs, n.attrs, controls=n.controls) for n in graph))
    for other in (graph, copy):
        assert diff_graphs(graph, other).is_empty
        merged = merged_of(graph, other)
        assert not merged.overlay.marks
        assert not merged.overlay.edges
        assert merged.graph == other


@given(graphs(), graphs())
def test_each_side_wears_the_marks_of_its_own_nodes(before: Graph, after: Graph) -> None:
    changes = changes_between(before, after)
    one, other = sides(changes)
    marks = marks_of(changes)
    assert {*one.marks} == {name for name in marks if name in before}
    assert {*other.marks} == {name for name in marks if name in after}


@given(graphs(), graphs(), st.integers(0, 3))
def test_the_changed_part_holds_the_marks_and_all_that_is_near(
    before: Graph, after: Graph, depth: int
) -> None:
    merged = merged_of(before, after)
    near = {*merged.overlay.marks} | {end for edge in merged.overlay.edges for end in edge}
    edges = edges_of(merged.graph)
    for _ in range(depth):
        near |= {b for a, b in edges if a in near} | {a for a, b in edges if b in near}
    assert {node.name for node in changed_part(merged, depth)} == near


BEFORE = """
    x = Placeholder() {shape=[1, 12], dtype=f32}
    head/w = Const() {value=f32[12]{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
    head/a = Add(x, head/w)
    head/b = Relu(head/a)
    tail/c = Neg(head/b)
    tail/d = Tanh(tail/c)
    """


def test_a_renamed_node_is_one_node_that_changed_its_name() -> None:
    before = parse_text(BEFORE)
    after = RenameNode("head/a", "head/sum").apply(before)
    changes = changes_between(before, after)
    assert changes.renamed == {"head/a": "head/sum"}
    assert (changes.added, changes.removed) == ((), ())
    assert changes.changed == {"head/sum": "name: head/a → head/sum"}
    merged = merge(before, after, changes)
    assert len(merged.graph) == len(before)
    assert not merged.overlay.edges
    one, other = sides(changes)
    assert ({*one.marks}, {*other.marks}) == ({"head/a"}, {"head/sum"})


def test_what_was_removed_stands_where_it_was() -> None:
    before = parse_text(BEFORE)
    after = parse_text(BEFORE.replace("head/b = Relu(head/a)", "").replace("head/b", "head/a"))
    merged = merged_of(before, after)
    assert [node.name for node in merged.graph] == [node.name for node in before]
    assert dict(merged.overlay.edges) == {
        ("head/a", "head/b"): "removed",
        ("head/b", "tail/c"): "removed",
        ("head/a", "tail/c"): "added",
    }


def test_only_groups_with_changes_are_opened_and_not_more_than_fit() -> None:
    before = parse_text(BEFORE)
    after = parse_text(BEFORE.replace("Tanh", "Sinh"))
    merged = merged_of(before, after)
    tree = tree_from_graph(merged.graph)
    assert changed_groups(tree, merged.overlay.marks) == ("tail/",)
    assert changed_groups(tree, merged.overlay.marks, most=3) == ()


def test_constants_of_what_changed_are_part_of_it() -> None:
    before = parse_text(BEFORE)
    after = parse_text(BEFORE.replace("Add(x", "Sub(x"))
    part = changed_part(merged_of(before, after), 0)
    assert [node.name for node in part] == ["head/w", "head/a"]
