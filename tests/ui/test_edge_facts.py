"""The inspector's rows for an edge."""

from __future__ import annotations

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.ui.edge_facts import MOST_TENSORS, constants_on, edge_facts, holders_in
from surgeon_gui.view.carried import Edge, load_of

GRAPH = parse_text("""
x = Placeholder() {dtype=float32, shape=[1, 8, 8, 2]}
kernel = Const() {value=float32[3,3,2,4]{0.5}}
read = Identity(kernel) {T=float32}
conv = Conv2D(x, read) {T=float32, strides=[1, 1, 1, 1], padding="SAME", data_format="NHWC"}
first = Relu(conv) {T=float32}
sum = Add(conv, conv) {T=float32}
late = Neg(x, ^conv) {T=float32}
""")


def rows(*edges: Edge) -> list[tuple[str, str, str]]:
    network = network_from_graph(GRAPH).network
    assert network is not None
    facts = edge_facts(GRAPH, load_of(GRAPH, edges), infer_types(GRAPH), holders_in(network))
    return [(fact.label, fact.text, fact.suffix) for fact in facts]


def test_a_tensor_is_told_with_type_ends_and_slots() -> None:
    found = rows(Edge("conv", "sum"))
    assert found[:4] == [
        ("Carries", "1 tensor", ""),
        ("Tensor", "conv:0", ""),
        ("Dtype", "float32", ""),
        ("Shape", "[1,8,8,4]", ""),
    ]
    assert ("Made by", "conv", "Conv2D") in found
    assert ("Read by", "sum", "inputs 0, 1") in found
    assert ("Also read by", "first", "input 0") in found


def test_the_networks_tensor_is_told_with_its_layout() -> None:
    network = network_from_graph(GRAPH).network
    assert network is not None
    (held,) = holders_in(network)[TensorRef("conv")]
    found = rows(Edge("conv", "first"))
    assert ("In network", held.tensor.name, "") in found
    assert ("Held as", "f32 [1,4,8,8]", "") in found
    assert ("Axes at", "0, 2, 3, 1", "") in found


def test_weights_have_no_tensor_of_their_own_and_show_their_values() -> None:
    edge = Edge("read", "conv")
    assert ("In network", "no tensor of its own", "") in rows(edge)
    ((name, value),) = constants_on(GRAPH, load_of(GRAPH, [edge]))
    assert name == "kernel"
    assert value.shape == (3, 3, 2, 4)
    assert constants_on(GRAPH, load_of(GRAPH, [Edge("x", "conv")])) == []


def test_a_control_edge_says_so() -> None:
    assert rows(Edge("conv", "late")) == [
        ("Carries", "1 control edge", ""),
        ("Control", "carries no tensor, only order", ""),
        ("Runs first", "conv", "control"),
        ("Runs after", "late", "control"),
    ]


def test_several_tensors_are_counted_and_listed() -> None:
    found = rows(Edge("conv", "first"), Edge("x", "conv"), Edge("conv", "late"))
    assert found[0] == ("Carries", "2 tensors, 1 control edge", "")
    assert [row[1] for row in found if row[0].startswith("Tensor ")] == ["conv:0", "x:0"]


def test_what_is_not_known_is_left_out_or_said() -> None:
    graph = parse_text("a = Mystery()\nb = Relu(a) {T=float32}\n")
    load = load_of(graph, [Edge("a", "b")])
    assert [fact.label for fact in edge_facts(graph, load, None, None)] == [
        *("Carries", "Tensor", "Made by", "Read by"),
    ]
    found = {fact.label: fact.text for fact in edge_facts(graph, load, infer_types(graph), {})}
    assert (found["Dtype"], found["Shape"]) == ("unknown", "unknown")
    assert found["In network"] == "no tensor of its own"


def test_an_edge_of_very_many_tensors_says_how_many_are_left_out() -> None:
    count = MOST_TENSORS + 3
    lines = [f"a{at} = Placeholder() {{dtype=float32, shape=[]}}" for at in range(count)]
    names = ", ".join(f"a{at}" for at in range(count))
    graph = parse_text("\n".join([*lines, f"b = AddN({names}) {{N={count}, T=float32}}"]))
    load = load_of(graph, [Edge(f"a{at}", "b") for at in range(count)])
    facts = edge_facts(graph, load, None, None)
    assert facts[0].text == f"{count} tensors"
    assert facts[-1].text == "and 3 more tensors"
