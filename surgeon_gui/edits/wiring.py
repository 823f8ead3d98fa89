"""Edits of the edges between nodes: insert, rewire, cut, drop what only orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.edits.nodes import attributes_param, check_name, make_node, plugin_param
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs, dependents, resolve_output
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import AttrValue, DType
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead


@edit("insert")
@dataclass(frozen=True)
class InsertNode:
    """Insert a node behind a tensor, or on the edges to some of its readers."""

    tensor: str = param("Tensor", tip="What the new node reads first.", kind="tensor")
    op: str = param("Operation", tip="The plugin or operation to insert.", kind="op")
    name: str = param("Name", tip="The new node's name.", kind="text")
    attributes: Mapping[str, AttrValue] = attributes_param()
    inputs: tuple[str, ...] = param(
        "More inputs", tip="What else it reads, in order.", kind="tensors", default=()
    )
    readers: tuple[str, ...] = param(
        "Readers", tip="The nodes that shall read it; none means all.", kind="nodes", default=()
    )
    plugin: str = plugin_param()

    @property
    def title(self) -> str:
        return f"Insert {self.op} behind {self.tensor}"

    def apply(self, graph: Graph) -> Graph:
        check_name(self.name)
        ref = resolve_output(graph, self.tensor)
        inputs = [ref, *(resolve_output(graph, text) for text in self.inputs)]
        for reader in self.readers:
            if ref not in graph[reader].inputs:
                raise EditError(f"It does not read {ref}.", where=reader)
        readers = self.readers or tuple(
            node.name for node in graph.consumers(ref.node) if ref in node.inputs
        )
        _check_no_circle(graph, readers, inputs[1:])
        made = make_node(graph, self.name, self.op, inputs, self.attributes, self.plugin)
        draft = Draft(graph)
        position = graph.position(ref.node)
        following = next((node.name for node in graph.nodes[position + 1 :]), None)
        draft.add(made, before=following)
        draft.rewire(ref, TensorRef(self.name), only=readers)
        if not self.readers and graph.outputs is not None:
            new = TensorRef(self.name)
            draft.set_outputs(new if old == ref else old for old in graph.outputs)
        return draft.commit()


def _check_no_circle(graph: Graph, readers: tuple[str, ...], inputs: list[TensorRef]) -> None:
    """Refuse inputs that are computed from the readers."""
    after = dependents(graph, readers) if readers else set()
    for ref in inputs:
        if ref.node in after:
            raise EditError(
                "It is computed from what would read it, so the graph would wait for itself.",
                where=str(ref),
                hint="Choose a tensor that is computed earlier.",
            )


@edit("add")
@dataclass(frozen=True)
class AddNode:
    """Add a node nobody reads yet."""

    name: str = param("Name", tip="The new node's name.", kind="text")
    op: str = param("Operation", tip="The plugin or operation to add.", kind="op")
    inputs: tuple[str, ...] = param(
        "Inputs", tip="What it reads, in order.", kind="tensors", default=()
    )
    attributes: Mapping[str, AttrValue] = attributes_param()
    plugin: str = plugin_param()

    @property
    def title(self) -> str:
        return f"Add {self.op} {self.name}"

    def apply(self, graph: Graph) -> Graph:
        check_name(self.name)
        inputs = [resolve_output(graph, text) for text in self.inputs]
        draft = Draft(graph)
        draft.add(make_node(graph, self.name, self.op, inputs, self.attributes, self.plugin))
        return draft.commit()


@edit("rewire")
@dataclass(frozen=True)
class RewireInput:
    """Let one input of a node read another tensor."""

    node: str = param("Node", tip="The reading node.", kind="node")
    input: int = param("Input", tip="Which input, counted from 0.", kind="integer")
    tensor: str = param("Tensor", tip="What it shall read.", kind="tensor")

    @property
    def title(self) -> str:
        return f"Let {self.node} read {self.tensor}"

    def apply(self, graph: Graph) -> Graph:
        node = graph[self.node]
        ref = resolve_output(graph, self.tensor)
        if not 0 <= self.input < len(node.inputs):
            raise EditError(
                f"It has {len(node.inputs)} inputs, counted from 0.",
                where=self.node,
                hint=f"There is no input {self.input}.",
            )
        if node.op not in ("Merge", "RefMerge"):
            _check_no_circle(graph, (self.node,), [ref])
        inputs = tuple(ref if at == self.input else old for at, old in enumerate(node.inputs))
        if inputs == node.inputs:
            return graph
        draft = Draft(graph)
        draft.change(self.node, inputs=inputs)
        return draft.commit()


@edit("cut")
@dataclass(frozen=True)
class CutInput:
    """Make a tensor an input of the graph and drop what computed only it."""

    tensor: str = param("Tensor", tip="The tensor that will be fed.", kind="tensor")
    name: str = param(
        "Name", tip="The new input's name; empty takes the node's.", kind="text", default=""
    )

    @property
    def title(self) -> str:
        return f"Cut at {self.tensor}"

    def apply(self, graph: Graph) -> Graph:
        ref = resolve_output(graph, self.tensor)
        found = infer_types(graph).type(ref)
        if found.dtype is DType.INVALID:
            raise EditError(
                "Its dtype is unknown, so it cannot be an input.",
                where=str(ref),
                hint="Cut at a tensor further down.",
            )
        draft = Draft(graph)
        name = self.name or draft.unique_name(f"{ref.node}_input")
        check_name(name)
        made = Node(name, "Placeholder", attrs={"dtype": found.dtype, "shape": found.shape})
        draft.add(made, before=ref.node)
        readers = [node.name for node in graph.consumers(ref.node) if ref in node.inputs]
        if not readers:
            raise EditError("No node reads it.", where=str(ref))
        draft.rewire(ref, TensorRef(name), only=readers)
        remove_dead(draft, [ref.node], {output.node for output in deduce_outputs(graph)})
        return without_stale_colocation(graph, draft.commit())


@edit("drop-controls")
@dataclass(frozen=True)
class DropControls:
    """Drop control inputs: what only says in which order nodes run."""

    nodes: tuple[str, ...] = param(
        "Nodes",
        tip="The nodes that shall wait for nothing; none means all.",
        kind="nodes",
        default=(),
    )

    @property
    def title(self) -> str:
        what = counted(self.nodes) if self.nodes else "all nodes"
        return f"Drop control inputs of {what}"

    def apply(self, graph: Graph) -> Graph:
        wanted = [graph[name] for name in self.nodes] or list(graph)
        waiting = [node for node in wanted if node.controls]
        if not waiting:
            return graph
        draft = Draft(graph)
        for node in waiting:
            draft.change(node.name, controls=())
        return draft.commit()
