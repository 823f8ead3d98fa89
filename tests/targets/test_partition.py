"""A graph divided into segments: what may be in one, what stays, and that nothing changes."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.evaluate import evaluate
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs, topological_order
from surgeon_gui.graph.text import parse_text
from surgeon_gui.graph.values import Array, DType, Shape, TensorType, TensorValue
from surgeon_gui.targets import find_target, inspect
from surgeon_gui.targets.base import TAKES, Status, SupportReport, Verdict
from surgeon_gui.targets.partition import BORDER, Partition, PartitionOptions
from surgeon_gui.targets.partitioner import CONTROL, DENIED, IN_LOOP, NOT_ALLOWED, Partitioner
from surgeon_gui.targets.segments import ENGINE_OP, hybrid_graph, segment_graph
from tests.helpers.shared import SHARED, data_path

CHAIN = """
x = Placeholder() {dtype=f32, shape=[1, 4]}
a = Relu(x)
b = Tanh(a)
c = Sigmoid(b)
d = Exp(c)
e = Neg(d)
f = Abs(e)
g = Sqrt(f)
"""


def partitioner(graph: Graph, refused: Mapping[str, str] | None = None) -> Partitioner:
    """Judge for `direct`, and refuse some nodes besides."""
    report = inspect(graph, "direct")
    verdicts = dict(report.verdicts)
    for name, why in (refused or {}).items():
        verdicts[name] = Verdict(Status.REFUSES, why)
    judged = SupportReport(report.target, verdicts, ())
    return Partitioner(graph, judged, deduce_outputs(graph))


def test_what_the_target_takes_is_one_segment() -> None:
    found = partitioner(parse_text(CHAIN)).divide()
    (segment,) = found.segments
    assert segment.name == "TRTEngineOp_0"
    assert segment.nodes == tuple("abcdefg")
    assert segment.inputs == (TensorRef("x"),)
    assert segment.outputs == (TensorRef("g"),)
    assert found.remaining == {"x": BORDER}
    assert found.is_whole
    assert (found.converted, found.live) == (7, 8)


def test_a_refused_node_divides_it() -> None:
    found = partitioner(parse_text(CHAIN), {"d": "No."}).divide()
    assert [segment.nodes for segment in found.segments] == [tuple("abc"), tuple("efg")]
    assert found.remaining == {"x": BORDER, "d": "No."}
    assert found.remaining_ops == {"Placeholder": 1, "Exp": 1}
    assert not found.is_whole


def test_a_small_segment_stays_in_tensorflow() -> None:
    divider = partitioner(parse_text(CHAIN), {"d": "No."})
    assert not divider.divide(PartitionOptions(minimum_segment_size=4)).segments
    found = divider.divide(PartitionOptions(minimum_segment_size=4))
    assert "fewer than 4 nodes" in found.remaining["a"]


def test_nodes_can_be_denied_and_allowed() -> None:
    divider = partitioner(parse_text(CHAIN))
    denied = divider.divide(PartitionOptions(deny=("d",)))
    assert denied.remaining["d"] == DENIED
    assert len(denied.segments) == 2
    allowed = divider.divide(PartitionOptions(allow=("[a-c]",)))
    assert allowed.segments[0].nodes == tuple("abc")
    assert allowed.remaining["e"] == NOT_ALLOWED


def test_a_segment_of_no_nodes_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one node"):
        PartitionOptions(minimum_segment_size=0)


def test_constants_are_copied_and_do_not_count() -> None:
    graph = parse_text("""
x = Placeholder() {dtype=f32, shape=[1, 4]}
w = Const() {value=f32[4]{1,2,3,4}}
w/read = Identity(w)
a = Mul(x, w/read)
b = Add(a, w/read)
c = Floor(b)
d = Mul(c, w/read)
e = Tanh(d)
""")
    found = partitioner(graph, {"c": "No."}).divide(PartitionOptions(minimum_segment_size=2))
    assert [segment.constants for segment in found.segments] == [("w", "w/read")] * 2
    assert found.kept_constants == ()
    assert found.converted == 6


def test_identities_at_the_ends_stay_outside() -> None:
    graph = parse_text("""
x = Placeholder() {dtype=f32, shape=[1, 4]}
in = Identity(x)
a = Relu(in)
mid = Identity(a)
b = Tanh(mid)
c = Exp(b)
out = Identity(c)
""")
    found = partitioner(graph).divide()
    assert found.segments[0].nodes == ("a", "mid", "b", "c")
    assert found.segments[0].size == 3
    assert found.remaining == {"x": BORDER, "in": BORDER, "out": BORDER}


def test_a_segment_lies_in_one_branch() -> None:
    graph = parse_text("""
x = Placeholder() {dtype=f32, shape=[1, 4]}
p = Placeholder() {dtype=bool, shape=[]}
s = Switch(x, p)
a = Relu(s:1)
b = Tanh(a)
c = Exp(s)
d = Neg(c)
m = Merge(d, b)
e = Abs(m)
f = Sqrt(e)
""")
    found = partitioner(graph, {}).divide(PartitionOptions(minimum_segment_size=1))
    groups = [set(segment.nodes) for segment in found.segments]
    for group in groups:
        assert not (group & {"a", "b"} and group & {"c", "d"})
    assert found.remaining["s"] == CONTROL
    assert found.remaining["m"] == CONTROL


def test_a_loop_stays_as_a_whole() -> None:
    path = SHARED / "models" / "control_flow_small" / "simplewhile_0_alt" / "frozen_model.pb"
    if not path.exists():
        pytest.skip("The shared models are absent.")
    graph = graph_from_graphdef(path.read_bytes())
    found = partitioner(graph).divide(PartitionOptions(minimum_segment_size=1))
    inside = {name for segment in found.segments for name in segment.nodes}
    assert IN_LOOP in found.remaining.values()
    assert not any(graph[name].op in ("Enter", "Merge", "LoopCond") for name in inside)


def test_unknown_shapes_need_dynamic_engines() -> None:
    graph = parse_text(CHAIN.replace("[1, 4]", "[-1, -1]"))
    divider = partitioner(graph)
    fixed = divider.divide()
    assert not fixed.segments
    assert "known only at run time" in fixed.remaining["a"]
    assert divider.divide(PartitionOptions(dynamic=True)).segments
    # An unknown batch is no hindrance.
    batched = partitioner(parse_text(CHAIN.replace("[1, 4]", "[-1, 4]")))
    assert batched.divide().segments


def test_what_one_cure_would_join_is_told() -> None:
    divider = partitioner(parse_text(CHAIN), {"d": "No."})
    options = PartitionOptions()
    (cure,) = divider.suggest(divider.divide(options), options)
    assert (cure.nodes, cure.op, cure.segments, cure.converted) == (("d",), "Exp", 1, 7)


def test_a_cure_that_joins_nothing_is_not_told() -> None:
    graph = parse_text(CHAIN)
    divider = partitioner(graph, {"g": "No."})
    options = PartitionOptions(minimum_segment_size=1)
    cures = divider.suggest(divider.divide(options), options)
    assert cures == ()


@pytest.mark.parametrize(
    ("name", "segments", "rate"),
    [("mobilenet_v1_0.25_128_frozen", 1, 0.99), ("cifar_small", 1, 0.7)],
)
def test_whole_classifiers_are_one_segment(name: str, segments: int, rate: float) -> None:
    graph = graph_from_graphdef(data_path(f"{name}.pb").read_bytes())
    found = partitioner(graph).divide()
    assert len(found.segments) == segments
    assert found.rate > rate
    assert found.is_whole


# Random graphs

_UNARY = ("Relu", "Neg", "Abs", "Identity", "Square")
_BINARY = ("Add", "Mul", "Maximum", "Sub")


@st.composite
def divided(draw: st.DrawFn) -> tuple[Graph, Partition, PartitionOptions]:
    """A graph of float arithmetic with random verdicts, and its partition."""
    float_ = {"T": DType.FLOAT32}
    shape = Shape((1, 3))
    nodes = [
        Node("x", "Placeholder", (), {"dtype": DType.FLOAT32, "shape": shape}),
        Node(
            "k",
            "Const",
            (),
            {
                "dtype": DType.FLOAT32,
                "value": TensorValue.from_array(np.array([[1, -2, 3]], np.float32)),
            },
        ),
    ]
    for index in range(draw(st.integers(1, 16))):
        names = st.sampled_from([node.name for node in nodes])
        binary = draw(st.booleans())
        op = draw(st.sampled_from(_BINARY if binary else _UNARY))
        inputs = [TensorRef(draw(names)) for _ in range(2 if binary else 1)]
        waits = draw(st.lists(names, max_size=1)) if draw(st.integers(0, 5)) == 0 else []
        nodes.append(Node(f"n{index}", op, inputs, float_, controls=waits))
    graph = Graph(tuple(nodes))
    outputs = deduce_outputs(graph)
    graph = graph.with_outputs(outputs)
    verdicts = {
        node.name: TAKES if draw(st.integers(0, 3)) else Verdict(Status.REFUSES, "No.")
        for node in graph
    }
    report = SupportReport(find_target("direct"), verdicts, ())
    options = PartitionOptions(draw(st.integers(1, 4)))
    return graph, Partitioner(graph, report, outputs).divide(options), options


@given(divided())
@settings(max_examples=150)
def test_segments_are_disjoint_large_enough_and_whole_with_the_rest(
    case: tuple[Graph, Partition, PartitionOptions],
) -> None:
    graph, found, options = case
    members = [name for segment in found.segments for name in segment.nodes]
    assert len(members) == len(set(members))
    assert not set(members) & set(found.remaining)
    assert all(segment.size >= options.minimum_segment_size for segment in found.segments)
    assert 0 <= found.converted <= found.live <= len(graph)


@given(divided())
@settings(max_examples=150)
def test_the_divided_graph_has_no_circle(
    case: tuple[Graph, Partition, PartitionOptions],
) -> None:
    graph, found, _ = case
    owner = {name: segment.name for segment in found.segments for name in segment.nodes}
    whole: nx.DiGraph[str] = nx.DiGraph()
    # Constants are copied to where they are read, and wait for nothing there.
    there = {*owner, *found.remaining}
    for node in graph:
        for source in (*(ref.node for ref in node.inputs), *node.controls):
            one, other = owner.get(source, source), owner.get(node.name, node.name)
            if one != other and {source, node.name} <= there:
                whole.add_edge(one, other)
    assert nx.is_directed_acyclic_graph(whole)


@given(divided())
@settings(max_examples=150)
def test_the_divided_graph_computes_the_same(
    case: tuple[Graph, Partition, PartitionOptions],
) -> None:
    graph, found, _ = case
    kind = TensorType(DType.FLOAT32, Shape((1, 3)))
    kinds = {TensorRef(node.name): kind for node in graph}
    outputs = graph.outputs or ()
    hybrid = hybrid_graph(found, kinds, outputs, {})
    engines = {segment.name: segment_graph(graph, segment, kinds) for segment in found.segments}
    x = np.array([[-1.5, 0.25, 2]], np.float32)
    expected = run(graph, {"x": x}, {})
    actual = run(hybrid, {"x": x}, engines)
    for ref in outputs:
        assert np.array_equal(actual[ref], expected[ref])
    assert {node.name for node in hybrid if node.op == ENGINE_OP} <= set(engines)


def run(
    graph: Graph, feeds: Mapping[str, Array], engines: Mapping[str, Graph]
) -> dict[TensorRef, Array]:
    """Compute every tensor with numpy; engine nodes run their segments' graphs."""
    found: dict[TensorRef, Array] = {}
    for name in topological_order(graph):
        node = graph[name]
        inputs = [found[ref] for ref in node.inputs]
        if node.op == "Placeholder":
            values: tuple[Array, ...] = (feeds[name],)
        elif node.op == ENGINE_OP:
            inner = engines[name]
            placeholders = [item.name for item in inner if item.op == "Placeholder"]
            computed = run(inner, dict(zip(placeholders, inputs, strict=True)), {})
            values = tuple(computed[ref] for ref in inner.outputs or ())
        else:
            evaluated = evaluate(node, inputs)
            assert evaluated is not None
            values = evaluated
        found.update((TensorRef(name, port), value) for port, value in enumerate(values))
    return found
