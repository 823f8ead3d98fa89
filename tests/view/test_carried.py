"""What edges carry is what the graph says its readers read and wait for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.text import parse_text
from surgeon_gui.view.carried import Carried, Edge, Load, Reader, edges_in, load_of

GRAPH = parse_text("""
x = Placeholder() {dtype=float32, shape=[4]}
s = Split(axis, x) {num_split=2}
axis = Const() {value=int32[]{0}}
square = Mul(s, s)
other = Neg(s)
second = Add(s:1, s)
late = Relu(x, ^s)
""")


def test_an_edge_carries_each_tensor_with_the_slots_it_is_read_by() -> None:
    load = load_of(GRAPH, [Edge("s", "second")])
    first, zeroth = load.tensors
    assert first == Carried(TensorRef("s", 1), (Reader("second", (0,)),), ())
    assert zeroth.ref == TensorRef("s", 0)
    assert zeroth.here == (Reader("second", (1,)),)
    assert zeroth.elsewhere == (Reader("square", (0, 1)), Reader("other", (0,)))
    assert load.controls == ()


def test_a_lifted_edge_joins_the_readers_of_a_tensor() -> None:
    load = load_of(GRAPH, [Edge("s", "square"), Edge("s", "other")])
    (carried,) = load.tensors
    assert carried.here == (Reader("square", (0, 1)), Reader("other", (0,)))
    assert carried.elsewhere == (Reader("second", (1,)),)


def test_a_control_edge_carries_no_tensor() -> None:
    assert load_of(GRAPH, [Edge("s", "late")]) == Load((), (Edge("s", "late"),))


def test_edges_a_graph_does_not_have_carry_nothing() -> None:
    gone = [Edge("x", "square"), Edge("nobody", "square"), Edge("x", "nobody")]
    assert load_of(GRAPH, gone) == Load()
    assert edges_in(GRAPH, gone) == ()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A graph of unknown ops whose nodes read and wait for earlier ones."""
    nodes: list[Node] = []
    for at in range(draw(st.integers(1, 8))):
        names = st.sampled_from([node.name for node in nodes]) if nodes else st.nothing()
        refs = st.builds(TensorRef, names, st.integers(0, 2))
        nodes.append(
            Node(
                f"n{at}",
                "Unknown",
                inputs=tuple(draw(st.lists(refs, max_size=4 if nodes else 0))),
                controls=tuple(draw(st.lists(names, max_size=2 if nodes else 0, unique=True))),
            )
        )
    return Graph(tuple(nodes))


@given(graphs())
def test_all_edges_together_carry_every_input_once(graph: Graph) -> None:
    edges = [Edge(a.name, b.name) for a in graph for b in graph]
    load = load_of(graph, edges)
    carried = {
        (reader.node, slot): each.ref
        for each in load.tensors
        for reader in each.here
        for slot in reader.slots
    }
    assert carried == {(n.name, at): ref for n in graph for at, ref in enumerate(n.inputs)}
    assert set(load.controls) == {Edge(name, n.name) for n in graph for name in n.controls}
    assert not any(each.elsewhere for each in load.tensors)
    assert set(edges_in(graph, edges)) == {
        Edge(name, n.name) for n in graph for name in (*n.controls, *(r.node for r in n.inputs))
    }


@given(graphs())
def test_readers_here_and_elsewhere_are_all_readers(graph: Graph) -> None:
    for node in graph:
        for producer in graph.producers(node.name):
            for each in load_of(graph, [Edge(producer.name, node.name)]).tensors:
                names = [reader.node for reader in (*each.here, *each.elsewhere)]
                assert sorted(names) == sorted(n.name for n in graph if each.ref in n.inputs)
