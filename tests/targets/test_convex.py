"""Convex groups: connected, of one colour, never left and entered again, and as large as can be."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.targets.convex import NONE, convex_groups

Case = tuple[list[list[int]], list[str | None]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A graph whose edges ascend, each vertex black, white or of no colour."""
    count = draw(st.integers(1, 14))
    colours = draw(
        st.lists(st.sampled_from(["black", "black", "white", None]), min_size=count, max_size=count)
    )
    edges: list[list[int]] = []
    for vertex in range(count):
        later = range(vertex + 1, count)
        chosen = st.lists(st.sampled_from(later), max_size=3, unique=True) if later else st.just([])
        edges.append(draw(chosen))
    return edges, colours


def contracted(edges: list[list[int]], groups: list[int]) -> nx.DiGraph[object]:
    def name(vertex: int) -> object:
        return ("group", groups[vertex]) if groups[vertex] != NONE else vertex

    graph: nx.DiGraph[object] = nx.DiGraph()
    for vertex, afters in enumerate(edges):
        graph.add_node(name(vertex))
        graph.add_edges_from((name(vertex), name(after)) for after in afters)
    graph.remove_edges_from(nx.selfloop_edges(graph))
    return graph


@given(cases())
def test_contracting_the_groups_leaves_no_circle(case: Case) -> None:
    edges, colours = case
    assert nx.is_directed_acyclic_graph(contracted(edges, convex_groups(edges, colours)))


@given(cases())
def test_a_group_has_one_colour_and_is_connected(case: Case) -> None:
    edges, colours = case
    groups = convex_groups(edges, colours)
    whole = nx.Graph((vertex, after) for vertex, afters in enumerate(edges) for after in afters)
    whole.add_nodes_from(range(len(edges)))
    assert all((group == NONE) == (colours[v] is None) for v, group in enumerate(groups))
    for group in set(groups) - {NONE}:
        inside = [vertex for vertex, found in enumerate(groups) if found == group]
        assert len({colours[vertex] for vertex in inside}) == 1
        assert nx.is_connected(whole.subgraph(inside))


@given(cases())
def test_no_two_linked_groups_of_a_colour_could_be_one(case: Case) -> None:
    edges, colours = case
    groups = convex_groups(edges, colours)
    for vertex, afters in enumerate(edges):
        for after in afters:
            one, other = groups[vertex], groups[after]
            if one == other or colours[vertex] is None or colours[vertex] != colours[after]:
                continue
            merged = [one if group == other else group for group in groups]
            assert not nx.is_directed_acyclic_graph(contracted(edges, merged))


@given(cases())
def test_the_same_graph_gives_the_same_groups(case: Case) -> None:
    edges, colours = case
    assert convex_groups(edges, colours) == convex_groups(edges, colours)


def test_groups_grow_along_links_only() -> None:
    assert convex_groups([[1], []], ["x", "x"], [[], []]) == [0, 1]
    assert convex_groups([[1], []], ["x", "x"]) == [0, 0]


def test_what_would_be_entered_again_stays_apart() -> None:
    # 0 → 2 directly, and 0 → 1 → 2 through a vertex of no colour.
    assert convex_groups([[1, 2], [2], []], ["x", None, "x"]) == [0, NONE, 1]
    # Without the way back they are one, though a vertex of no colour hangs between their levels.
    assert convex_groups([[3], [2], [3], []], ["x", "x", None, "x"])[0] == 0
