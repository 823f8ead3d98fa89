"""Following edges: to a depth, to the ends, and between two nodes."""

from __future__ import annotations

from surgeon_gui.graph.text import parse_text
from surgeon_gui.view.trace import DOWNWARDS, UPWARDS, paths_between, shortest_path, trace

GRAPH = parse_text(
    """
    x = Placeholder()
    a = Relu(x)
    b = Neg(a)
    c = Tanh(a)
    d = Add(b, c)
    e = Relu(d, ^x)
    alone = Placeholder()
    """
)


def test_tracing_stops_at_the_depth_asked_for() -> None:
    assert trace(GRAPH, ["d"], UPWARDS, 1) == {"d": 0, "b": 1, "c": 1}
    assert trace(GRAPH, ["x"], DOWNWARDS, 1) == {"x": 0, "a": 1, "e": 1}


def test_tracing_reaches_inputs_and_outputs() -> None:
    assert trace(GRAPH, ["e"], UPWARDS).keys() == {"e", "d", "b", "c", "a", "x"}
    assert trace(GRAPH, ["b"], DOWNWARDS) == {"b": 0, "d": 1, "e": 2}


def test_paths_lead_through_every_branch_in_either_order() -> None:
    assert paths_between(GRAPH, ["a"], ["d"]) == {"a", "b", "c", "d"}
    assert paths_between(GRAPH, ["d"], ["a"]) == {"a", "b", "c", "d"}


def test_there_is_no_path_between_unconnected_nodes() -> None:
    assert paths_between(GRAPH, ["alone"], ["e"]) == frozenset()
    assert paths_between(GRAPH, ["b"], ["c"]) == frozenset()


def test_the_shortest_path_takes_the_fewest_edges_in_either_order() -> None:
    assert shortest_path(GRAPH, ["x"], ["e"]) == ("x", "e")
    assert shortest_path(GRAPH, ["e"], ["a"]) == ("a", "b", "d", "e")
    assert shortest_path(GRAPH, ["x", "c"], ["d", "gone"]) == ("c", "d")
    assert shortest_path(GRAPH, ["b"], ["c"]) == ()


def test_unknown_names_are_passed_over() -> None:
    assert trace(GRAPH, ["gone"], UPWARDS) == {}
