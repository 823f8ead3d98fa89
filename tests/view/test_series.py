"""Numbered siblings fold into series, and nothing is lost by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.view.crumbs import crumbs
from surgeon_gui.view.labels import Metrics
from surgeon_gui.view.lift import Lift
from surgeon_gui.view.scene import Scene
from surgeon_gui.view.series import LEAST, namespaces_in, numbered_runs, series_name, short_label
from surgeon_gui.view.tree import ROOT, Tree, tree_from_graph
from tests.view.graphs import node, placeholder

WORDS = ("block_", "unit", "layer_0", "conv2d_")


def chain(names: list[str], ops: tuple[str, ...] = ("Conv2D", "Relu")) -> Graph:
    """A namespace of `ops` for each name, one behind the other."""
    nodes = [placeholder("net/input", 1)]
    for name in names:
        for op in ops:
            nodes.append(node(f"net/{name}/{op}", op, nodes[-1].name))
    nodes.append(node("net/end", "Softmax", nodes[-1].name))
    nodes.append(node("answer", "Identity", nodes[-1].name))
    return Graph(tuple(nodes))


def series_of(tree: Tree) -> list[str]:
    return [tree.name(~at) for at, group in enumerate(tree.groups) if group.series]


def test_numbered_blocks_fold_into_one_group_with_their_number() -> None:
    tree = tree_from_graph(chain([f"block_{at}" for at in range(1, 13)]))
    assert series_of(tree) == ["net/block_1…block_12/"]
    item = tree.find_group("net/block_1…block_12/")
    assert item is not None
    group = tree.group(item)
    assert (group.label, group.count, len(group.children)) == ("block_1 … block_12", 24, 12)
    assert [tree.name(child) for child in group.children][-1] == "net/block_12/"
    assert tree.label(group.children[0]) == "block_1"


def test_a_series_is_not_made_when_it_is_not_wanted() -> None:
    assert not series_of(tree_from_graph(chain([f"b{at}" for at in range(9)]), series=False))


@pytest.mark.parametrize(
    "names",
    [
        ["block_1", "block_2", "block_3"],
        ["block_1", "block_2", "block_4", "block_5"],
        ["one", "two", "three", "four"],
    ],
)
def test_few_or_unnumbered_blocks_stay_as_they_are(names: list[str]) -> None:
    assert not series_of(tree_from_graph(chain(names)))


def test_blocks_that_differ_part_a_series() -> None:
    nodes = [placeholder("net/input", 1)]
    for at in range(8):
        ops = ("Conv2D", "Relu") if at < 4 else ("MaxPool", "Mean", "Tanh")
        for op in ops:
            nodes.append(node(f"net/block_{at}/{op}", op, nodes[-1].name))
    tree = tree_from_graph(Graph((*nodes, node("answer", "Neg", nodes[-1].name))))
    assert series_of(tree) == ["net/block_0…block_3/", "net/block_4…block_7/"]


def test_what_alternates_with_something_else_does_not_fold() -> None:
    nodes = [placeholder("net/input", 1)]
    for at in range(6):
        for stem, ops in (("conv", ("Conv2D", "BiasAdd")), ("norm", ("Mul", "AddV2"))):
            for op in ops:
                nodes.append(node(f"net/{stem}_{at}/{op}", op, nodes[-1].name))
    assert not series_of(tree_from_graph(Graph(tuple(nodes))))


def test_two_series_that_feed_each_other_do_not_both_fold() -> None:
    nodes = [placeholder("x", 1)]
    for stem in ("a", "b"):
        nodes += [node(f"net/{stem}_{at}/first", "Relu", "x") for at in range(4)]
    for stem, feeds in (("a", "net/b_3/first"), ("b", "net/a_0/first")):
        for at in range(4):
            fed = feeds if (stem, at) in (("a", 3), ("b", 0)) else "x"
            nodes.append(node(f"net/{stem}_{at}/add", "AddV2", f"net/{stem}_{at}/first", fed))
    ends = [f"net/{stem}_{at}/add" for stem in ("a", "b") for at in range(4)]
    nodes.append(node("net/end", "AddN", *ends))
    assert len(series_of(tree_from_graph(Graph(tuple(nodes))))) == 1


def test_a_loop_around_blocks_does_not_keep_them_apart() -> None:
    nodes = [
        placeholder("x", 1),
        node("while/Enter", "Enter", "x"),
        node("while/Merge", "Merge", "while/Enter", "while/NextIteration"),
    ]
    for at in range(5):
        for op in ("Neg", "Tanh"):
            nodes.append(node(f"while/step_{at}/{op}", op, nodes[-1].name))
    nodes.append(node("while/NextIteration", "NextIteration", nodes[-1].name))
    nodes.append(node("while/Exit", "Exit", "while/Merge"))
    assert series_of(tree_from_graph(Graph(tuple(nodes)))) == ["while/step_0…step_4/"]


def test_a_namespace_that_is_all_series_opens_to_its_members() -> None:
    nodes = [placeholder("x", 1)]
    for at in range(6):
        for op in ("Neg", "Tanh"):
            nodes.append(node(f"net/block_{at}/{op}", op, nodes[-1].name))
    assert not series_of(tree_from_graph(Graph((*nodes, node("y", "Neg", nodes[-1].name)))))


def test_the_first_may_have_no_number_and_numbers_may_be_padded() -> None:
    assert numbered_runs(["conv", "conv_1", "conv_2", "conv_3"]) == [(0, 1, 2, 3)]
    assert numbered_runs(["l08", "l09", "l10", "l11", "l2"]) == [(0, 1, 2, 3)]
    assert numbered_runs(["l08", "l9", "l10", "l11"]) == []
    assert namespaces_in("a/conv…conv_3/") == ("a/conv/", "a/conv_1/", "a/conv_2/", "a/conv_3/")
    assert namespaces_in("l08…l11/") == ("l08/", "l09/", "l10/", "l11/")


@pytest.mark.parametrize("name", ["a/b", "a/b/", "", "a…b/", "a_1…b_3/", "a_1…a_4", "a…/", "…/"])
def test_what_is_no_series_stands_for_itself(name: str) -> None:
    assert namespaces_in(name) == (name,)


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 30)), unique=True))
def test_every_run_can_be_told_from_its_name(found: list[tuple[str, int]]) -> None:
    names = [f"{stem}{number}" for stem, number in found]
    for run in numbered_runs(names):
        assert len(run) >= LEAST
        paths = [f"net/{names[at]}" for at in run]
        told = namespaces_in(f"{series_name(paths[0], paths[-1])}/")
        assert told == tuple(f"{path}/" for path in paths)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Namespaces with numbers, nested, fed at random."""
    nodes: list[Node] = [placeholder("x", 1)]
    for _ in range(draw(st.integers(1, 40))):
        outer = draw(st.sampled_from(("", "net/", "net/block_2/")))
        space = f"{outer}{draw(st.sampled_from(WORDS))}{draw(st.integers(0, 6))}"
        op = draw(st.sampled_from(("Relu", "Conv2D")))
        reads = draw(st.lists(st.sampled_from([made.name for made in nodes]), max_size=2))
        nodes.append(node(f"{space}/{op}_{len(nodes)}", op, *reads))
    return Graph(tuple(nodes))


@given(graphs())
def test_folding_loses_no_node_and_opening_all_shows_each_once(graph: Graph) -> None:
    plain, folded = tree_from_graph(graph, series=False), tree_from_graph(graph)
    assert sorted(plain.nodes) == sorted(folded.nodes)
    scene = Scene(folded, Metrics())
    scene.set_expanded(~at for at in range(len(folded.groups)))
    shown = [folded.name(item) for item in scene.picture().items if item >= 0]
    assert sorted(shown) == sorted(found.name for found in graph)


@given(graphs())
def test_a_series_is_found_by_its_name_and_holds_what_the_name_says(graph: Graph) -> None:
    tree = tree_from_graph(graph)
    for name in series_of(tree):
        item = tree.find_group(name)
        assert item is not None
        assert tree.name(item) == name
        inside = [found.name for found in graph if found.name.startswith(namespaces_in(name))]
        assert sorted(tree.members(item)) == sorted(inside)
        assert tree.parent(item) == ROOT or not tree.group(tree.parent(item)).series


@given(graphs())
def test_closed_series_leave_no_edge_that_runs_in_a_circle(graph: Graph) -> None:
    tree = tree_from_graph(graph)
    if not Lift(tree_from_graph(graph, series=False)).level(ROOT).back:
        assert not Lift(tree).level(ROOT).back


def test_a_series_that_lost_a_member_is_found_by_its_old_name() -> None:
    tree = tree_from_graph(chain([f"block_{at}" for at in range(1, 12)]))
    item = tree.find_group("net/block_1…block_12/")
    assert item is not None
    assert tree.name(item) == "net/block_1…block_11/"


def test_a_long_label_says_the_stem_but_once() -> None:
    assert short_label("expanded_conv_1 … expanded_conv_12") == "expanded_conv_1 … 12"
    assert short_label("no series") == "no series"


def test_the_breadcrumb_leads_through_the_series() -> None:
    tree = tree_from_graph(chain([f"block_{at}" for at in range(1, 6)]))
    assert crumbs(tree, "net/block_3/Relu") == [
        ("net", "net/"),
        ("block_1 … block_5", "net/block_1…block_5/"),
        ("block_3", "net/block_3/"),
        ("Relu", "net/block_3/Relu"),
    ]
    assert crumbs(tree, "net/block_1…block_5/")[-1] == ("block_1 … block_5", "net/block_1…block_5/")
    assert crumbs(tree, "answer") == [("answer", "answer")]
