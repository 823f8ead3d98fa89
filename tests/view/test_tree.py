"""The tree of what can be drawn."""

from __future__ import annotations

from surgeon_gui.graph.model import Graph
from surgeon_gui.view.tree import MOST_CHILDREN, ROOT, Tree, tree_from_graph
from tests.view.graphs import const, network, node, odd_names, placeholder, weights


def labels(tree: Tree, item: int = ROOT) -> list[str]:
    return [tree.label(child) for child in tree.group(item).children]


def test_namespaces_become_groups_in_file_order() -> None:
    tree = tree_from_graph(network())
    assert labels(tree) == ["input", "net", "probabilities"]
    net = tree.find_group("net")
    assert net is not None
    assert labels(tree, net) == ["block_1", "block_2"]


def test_every_group_is_one_range_of_the_nodes() -> None:
    tree = tree_from_graph(network())
    for item in (~at for at in range(len(tree.groups))):
        start, stop = tree.range_of(item)
        inside = {at for at in range(len(tree.nodes)) if item in (*tree.ancestors(at), ROOT)}
        assert inside == set(range(start, stop))


def test_constants_fold_into_their_consumer() -> None:
    tree = tree_from_graph(network())
    drawn = {tree.graph.nodes[position].name for position in tree.nodes}
    assert "net/block_1/kernel" not in drawn
    assert "net/block_1/kernel/read" not in drawn
    assert tree.find("net/block_1/kernel") == tree.find("net/block_1/Conv2D")
    assert tree.find("net/block_1/kernel/read") == tree.find("net/block_1/Conv2D")


def test_a_large_constant_with_two_readers_stays_a_node() -> None:
    graph = Graph(
        (
            weights("table", 100, 100),
            placeholder("x", 1),
            node("a", "Gather", "table", "x"),
            node("b", "Gather", "table", "x"),
        )
    )
    tree = tree_from_graph(graph)
    assert labels(tree) == ["table", "x", "a", "b"]


def test_a_small_constant_folds_into_all_its_readers() -> None:
    graph = Graph(
        (
            const("two", 2.0),
            placeholder("x", 1),
            node("a", "Mul", "x", "two"),
            node("b", "Mul", "a", "two"),
        )
    )
    tree = tree_from_graph(graph)
    assert labels(tree) == ["x", "a", "b"]
    assert tree.folding.readers[0] == (2, 3)


def test_a_constant_nobody_reads_stays_a_node() -> None:
    tree = tree_from_graph(Graph((const("answer", 42.0),)))
    assert labels(tree) == ["answer"]


def test_a_group_counts_its_folded_constants() -> None:
    tree = tree_from_graph(network())
    net = tree.find_group("net")
    assert net is not None
    assert tree.group(net).count == 12
    assert tree.group(ROOT).count == 14


def test_a_namespace_with_a_single_node_is_that_node() -> None:
    graph = Graph(
        (placeholder("x", 1), node("norm/Norm", "Relu", "x"), node("y", "Relu", "norm/Norm"))
    )
    tree = tree_from_graph(graph)
    assert labels(tree) == ["x", "norm/Norm", "y"]
    assert tree.find_group("norm") is None


def test_nested_namespaces_without_siblings_become_one_group() -> None:
    graph = Graph((placeholder("a/b/x", 1), node("a/b/y", "Relu", "a/b/x"), node("z", "NoOp")))
    tree = tree_from_graph(graph)
    assert labels(tree) == ["a/b", "z"]
    assert tree.find_group("a") == tree.find_group("a/b")


def test_an_operation_and_a_namespace_may_share_a_path() -> None:
    tree = tree_from_graph(odd_names())
    operation, group = tree.find("weights"), tree.find_group("weights")
    assert operation is not None
    assert group is not None
    assert operation != group
    assert (tree.name(operation), tree.name(group)) == ("weights", "weights/")


def test_too_many_children_are_split_along_the_flow() -> None:
    nodes = [placeholder("x", 1)]
    for at in range(3 * MOST_CHILDREN):
        nodes.append(node(f"n{at}", "Relu", nodes[-1].name))
    tree = tree_from_graph(Graph(tuple(nodes)))
    parts = tree.group(ROOT).children
    assert 1 < len(parts) <= MOST_CHILDREN
    assert all(len(tree.group(part).children) <= MOST_CHILDREN for part in parts)
    assert sum(tree.group(part).count for part in parts) == len(nodes)
    assert tree.find_group(tree.name(parts[1])) == parts[1]
    first = [tree.range_of(part)[0] for part in parts]
    assert first == sorted(first)


def test_deep_namespaces_do_not_exhaust_the_stack() -> None:
    deep = "/".join(f"s{at}" for at in range(3000))
    graph = Graph((placeholder(f"{deep}/x", 1), node(f"{deep}/y", "Relu", f"{deep}/x")))
    assert tree_from_graph(graph).find(f"{deep}/y") is not None


def test_members_are_all_nodes_of_the_namespace() -> None:
    tree = tree_from_graph(network())
    block = tree.find_group("net/block_1")
    assert block is not None
    assert len(tree.members(block)) == 6
    assert "net/block_1/kernel/read" in tree.members(block)


def test_an_empty_graph_has_an_empty_tree() -> None:
    tree = tree_from_graph(Graph())
    assert tree.group(ROOT).children == ()
    assert tree.find("x") is None
