"""Random edits keep every invariant of a graph, and undo brings back the very same one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surgeon_gui.document import Document
from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.batch_norms import FoldBatchNorms
from surgeon_gui.edits.boundary import (
    Extract,
    SetBatch,
    SetInput,
    SetOutputs,
    StripUnreachable,
)
from surgeon_gui.edits.conditions import FoldConditions
from surgeon_gui.edits.constants import FoldConstants, MergeDuplicates
from surgeon_gui.edits.namespaces import Collapse, RenameNamespace, Ungroup
from surgeon_gui.edits.nodes import (
    BypassNode,
    RemoveAttribute,
    RemoveNodes,
    RenameNode,
    ReplaceNode,
    SetAttribute,
)
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.script import replay, script_from_toml, script_to_toml
from surgeon_gui.edits.wiring import CutInput, DropControls, InsertNode, RewireInput
from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import output_count
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.values import DType, Shape, TensorValue
from surgeon_gui.rewrite.library import bundled_sets

F32 = {"T": DType.FLOAT32}
ARITY = {"Relu": 1, "Identity": 1, "StopGradient": 1, "Add": 2, "Mul": 2, "Maximum": 2, "NoOp": 0}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Acyclic graphs with constants, namespaces, control edges, and now and then chosen outputs."""
    nodes = [
        Node("x", "Placeholder", attrs={"dtype": DType.FLOAT32, "shape": Shape.of(-1, 4)}),
        Node("c", "Const", attrs={"dtype": DType.FLOAT32, "value": TensorValue.from_array(0.5)}),
    ]
    for index in range(draw(st.integers(1, 8))):
        op = draw(st.sampled_from(sorted(ARITY)))
        space = draw(st.sampled_from(["", "ns/", "ns/in/", "other/"]))
        sources = [node.name for node in nodes if node.op != "NoOp"]
        inputs = [TensorRef(draw(st.sampled_from(sources))) for _ in range(ARITY[op])]
        waits = draw(st.lists(st.sampled_from([node.name for node in nodes]), max_size=1))
        nodes.append(Node(f"{space}n{index}", op, inputs, F32 if inputs else {}, controls=waits))
    outputs = draw(st.lists(st.sampled_from([n.name for n in nodes if n.op != "NoOp"]), max_size=2))
    chosen = tuple(TensorRef(name) for name in dict.fromkeys(outputs))
    return Graph(tuple(nodes), outputs=chosen or None)


def edits(graph: Graph) -> st.SearchStrategy[Edit]:
    names = [node.name for node in graph]
    name = st.sampled_from(names)
    some = st.lists(name, min_size=1, max_size=4).map(tuple)
    new = st.sampled_from(["fresh", "ns/fresh", "x", "other/n1"])
    space = st.sampled_from(["ns", "ns/in", "other", "nowhere"])
    return st.one_of(
        st.builds(RemoveNodes, some, st.booleans()),
        st.builds(BypassNode, name, st.integers(0, 1)),
        st.builds(ReplaceNode, name, st.sampled_from(["My_TRT", "Relu", "Add"])),
        st.builds(RenameNode, name, new),
        st.builds(SetAttribute, name, st.just("T"), st.sampled_from([DType.FLOAT16, 3])),
        st.builds(RemoveAttribute, name, st.just("T")),
        st.builds(Collapse, st.just("My_TRT"), space),
        st.builds(Collapse, st.just("My_TRT"), nodes=some, name=new),
        st.builds(RenameNamespace, space, st.sampled_from(["moved", "ns/deep"])),
        st.builds(SetInput, name, st.just(Shape.of(1, 4))),
        st.builds(SetOutputs, some),
        st.just(StripUnreachable()),
        st.just(FoldBatchNorms()),
        st.builds(InsertNode, name, st.sampled_from(["Elu", "My_TRT"]), new, readers=st.just(())),
        st.builds(RewireInput, name, st.integers(0, 1), name),
        st.builds(CutInput, name),
        st.builds(Extract, some, st.lists(name, max_size=1).map(tuple)),
        st.builds(SetBatch, st.sampled_from([1, 3, -1])),
        st.builds(Ungroup, space),
        st.just(DropControls()),
        st.just(FoldConstants()),
        st.just(MergeDuplicates()),
        st.just(FoldConditions()),
        st.builds(ApplyRules, st.sampled_from([(key,) for key in bundled_sets()])),
    )


def check_invariants(graph: Graph) -> None:
    names = [node.name for node in graph]
    assert len(set(names)) == len(names)
    assert graph.dangling() == []
    assert len(topological_order(graph)) == len(graph)
    for node in graph:
        for ref in node.inputs:
            producer = graph[ref.node]
            assert producer.op == "My_TRT" or ref.port < max(1, output_count(producer))
        assert node.name not in node.controls
        assert len(set(node.controls)) == len(node.controls)
    for ref in graph.outputs or ():
        assert ref.node in graph
    if len(graph):
        assert graph_from_graphdef(graphdef_from_graph(graph)).nodes == graph.nodes


@settings(max_examples=150)
@given(st.data())
def test_edits_keep_the_invariants_and_undo_is_exact(data: st.DataObject) -> None:
    document = Document(data.draw(graphs()))
    seen = [document.graph]
    for _ in range(data.draw(st.integers(1, 5))):
        before, revisions = document.graph, document.revisions
        if not len(before):
            break
        edit = data.draw(edits(before))
        try:
            document.apply(edit)
        except SurgeonError:
            assert document.graph is before
            assert document.revisions == revisions
            continue
        check_invariants(document.graph)
        if document.graph is not before:
            seen.append(document.graph)
    for graph in reversed(seen):
        assert document.graph is graph
        document.undo()
    for graph in seen:
        assert document.graph is graph
        document.redo()
    script = script_from_toml(script_to_toml(document.edits))
    assert replay(seen[0], script) == seen[-1]


RULES_ONLY = [
    name
    for name, rule_set in bundled_sets().items()
    if all(item.kind != "edit" for item in rule_set.items)
]


@settings(max_examples=100)
@given(graphs(), st.sampled_from(RULES_ONLY))
def test_rules_end_and_a_second_run_changes_nothing(graph: Graph, name: str) -> None:
    edit = ApplyRules((name,))
    after = edit.apply(graph)
    check_invariants(after)
    assert edit.apply(after) is after
    for ref in graph.outputs or ():
        assert ref.node in after


def test_a_document_without_edits_has_an_empty_script() -> None:
    document = Document(Graph((Node("x", "Placeholder"),)))
    assert script_to_toml(document.edits) == "edit = []\n"
    with pytest.raises(SurgeonError):
        document.apply(RenameNode("y", "z"))
