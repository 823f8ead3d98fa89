from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorValue, float32
from surgeon_gui.uff.descriptor import faults
from surgeon_gui.uff.graph import graph_from_uff, uff_from_uff_graph
from surgeon_gui.uff.reader import uff_from_bytes
from surgeon_gui.uff.writer import inspect_uff, uff_from_graph

ATTRS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False).map(float32),
    st.booleans(),
    st.binary(max_size=3),
    st.sampled_from([DType.FLOAT32, DType.FLOAT64, DType.BOOL]),
    st.lists(st.integers(-5, 5), max_size=3).map(tuple),
    st.just(Shape.of(-1, 2)),
)
VALUES = st.sampled_from(
    [
        np.float32(1.5),
        np.arange(4, dtype=np.float16),
        np.array([[1, -1]], dtype=np.int64),
        np.float64(0.1),
        np.zeros((0, 2), np.float32),
    ]
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw an acyclic graph of sources, native, repairable and unknown ops."""
    nodes = [
        Node("x", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape.of(1, 4)}),
    ]
    for number in range(draw(st.integers(1, 12))):
        name = f"{draw(st.sampled_from(['', 'block/']))}n{number}"
        op = draw(st.sampled_from(["Const", "Relu", "Add", "AddV2", "Identity", "Pack", "Odd_TRT"]))
        refs = st.sampled_from(nodes).map(lambda node: TensorRef(node.name))
        attrs: dict[str, AttrValue] = {}
        inputs: list[TensorRef] = []
        if op == "Const":
            value = TensorValue.from_array(np.asarray(draw(VALUES)))
            attrs = {"dtype": value.dtype, "value": value}
        elif op in ("Add", "AddV2"):
            inputs = [draw(refs), draw(refs)]
        elif op in ("Relu", "Identity"):
            inputs = [draw(refs)]
        else:
            inputs = draw(st.lists(refs, min_size=1, max_size=3))
        if op == "Odd_TRT":
            attrs = draw(st.dictionaries(st.sampled_from(["a", "b", "shape"]), ATTRS, max_size=3))
        controls = [draw(refs).node] if op != "Const" and draw(st.booleans()) else []
        nodes.append(Node(name, op, inputs, attrs, controls=controls))
    return Graph(tuple(nodes))


@given(graphs(), st.booleans())
def test_what_is_written_is_valid_and_is_read_back(graph: Graph, strict: bool) -> None:
    export = uff_from_graph(graph, [graph.nodes[-1].name], strict=strict)
    assert not list(faults(export.file))
    data = export.file.to_bytes()
    assert data == uff_from_graph(graph, export.outputs, strict=strict).file.to_bytes()
    read = uff_from_bytes(data)
    assert read.meta == export.meta
    assert uff_from_uff_graph(graph_from_uff(read)).meta == export.meta
    assert bool(export.repairs) <= (not strict)


@given(graphs(), st.booleans())
def test_a_saved_graph_is_written_alike(graph: Graph, strict: bool) -> None:
    again = graph_from_graphdef(graphdef_from_graph(graph))
    outputs = [graph.nodes[-1].name]
    written = inspect_uff(graph, outputs, strict=strict)
    assert inspect_uff(again, outputs, strict=strict).meta == written.meta


@given(graphs())
def test_without_repairs_the_default_mode_equals_the_strict_one(graph: Graph) -> None:
    outputs = [graph.nodes[-1].name]
    repaired = inspect_uff(graph, outputs)
    strict = inspect_uff(graph, outputs, strict=True)
    assert repaired.repairs or repaired.meta == strict.meta
