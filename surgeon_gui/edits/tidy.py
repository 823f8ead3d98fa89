"""Edits that take out what only training, placement or tracing left behind."""

from __future__ import annotations

from dataclasses import dataclass, replace

from surgeon_gui.edits.base import edit
from surgeon_gui.edits.constants import constant_node, output_nodes
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_stateful, output_count
from surgeon_gui.graph.query import deduce_outputs, dependents, topological_order
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import DType, FuncRef, TensorValue
from surgeon_gui.network.lower.inline import inline_functions
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead

_CONTROL_FLOW = frozenset(
    {"Switch", "RefSwitch", "Merge", "RefMerge", "Enter", "RefEnter", "Exit", "NextIteration"}
)
_KEPT = frozenset({"Const", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
_WAITS_ONLY = frozenset({"Const", "NoOp"})


@edit("drop-devices")
@dataclass(frozen=True)
class DropDevices:
    """Remove device strings: where a node ran in training says nothing about inference."""

    @property
    def title(self) -> str:
        return "Remove device strings"

    def apply(self, graph: Graph) -> Graph:
        draft = Draft(graph)
        for node in graph:
            if node.device:
                draft.change(node.name, device="")
        return draft.commit()


@edit("drop-idle-controls")
@dataclass(frozen=True)
class DropIdleControls:
    """Drop control inputs that wait for constants, which are always there."""

    @property
    def title(self) -> str:
        return "Drop idle control inputs"

    def apply(self, graph: Graph) -> Graph:
        draft = Draft(graph)
        # A constant that waits itself says which branch it belongs to; what waits for it does too.
        idle: set[str] = set()
        for name in topological_order(graph):
            node = graph[name]
            kept = tuple(other for other in node.controls if other not in idle)
            if len(kept) < len(node.controls):
                draft.change(name, controls=kept)
            if node.op in _WAITS_ONLY and not kept:
                idle.add(name)
        return draft.commit()


@edit("inline-functions")
@dataclass(frozen=True)
class InlineFunctions:
    """Write out called functions: their nodes become nodes of the graph.

    Conditionals of functions (If) become Switch and Merge; loops of functions stay.
    """

    @property
    def title(self) -> str:
        return "Inline functions"

    def apply(self, graph: Graph) -> Graph:
        inlined = inline_functions(graph)
        if not inlined.owners:
            return graph
        flat = replace(inlined.graph, outputs=graph.outputs)
        calls = [node for node in flat if node.op == "IdentityN" and node != graph.get(node.name)]
        draft = Draft(flat)
        outputs = {ref.node for ref in graph.outputs or deduce_outputs(flat)}
        for node in calls:
            if node.name in outputs:
                continue
            for port, ref in enumerate(draft[node.name].inputs):
                draft.rewire(TensorRef(node.name, port), ref)
            waited = dict.fromkeys(ref.node for ref in draft[node.name].inputs)
            draft.redirect_controls(node.name, waited)
            draft.remove(node.name)
        return _without_library(_typed(draft.commit()))


@edit("fold-shapes")
@dataclass(frozen=True)
class FoldShapes:
    """Compute shape arithmetic that fixed input sizes settle, and put the result there."""

    @property
    def title(self) -> str:
        return "Fold shape arithmetic"

    def apply(self, graph: Graph) -> Graph:
        types = infer_types(graph)
        # A constant is always there, so in a branch or loop it would run when it must not.
        inside = dependents(graph, [node.name for node in graph if node.op in _CONTROL_FLOW])
        draft = Draft(graph)
        edges: set[str] = set()
        for node in graph:
            if not node.inputs or node.name in inside or node.op in _KEPT or is_stateful(node.op):
                continue
            value = types.value(TensorRef(node.name)) if output_count(node) == 1 else None
            if value is None:
                continue
            dtype = types.type(TensorRef(node.name)).dtype
            made = TensorValue.from_array(value.astype(dtype.numpy or value.dtype))
            draft.put(constant_node(node.name, made, node.controls))
            edges |= {ref.node for ref in node.inputs}
        remove_dead(draft, edges, output_nodes(graph))
        return without_stale_colocation(graph, draft.commit())


@edit("absorb-identities")
@dataclass(frozen=True)
class AbsorbIdentities:
    """Give what an Identity at an output copies the output's name, and drop the Identity."""

    @property
    def title(self) -> str:
        return "Absorb Identities at outputs"

    def apply(self, graph: Graph) -> Graph:
        outputs = output_nodes(graph)
        draft = Draft(graph)
        for name in outputs:
            node = draft[name]
            source = draft.get(node.inputs[0].node) if node.inputs else None
            if node.op != "Identity" or node.controls or source is None or source.name in outputs:
                continue
            if not source.inputs or source.op in _KEPT | _CONTROL_FLOW or output_count(source) != 1:
                continue
            draft.put(source.replace(name=name))
            draft.rewire(TensorRef(source.name), TensorRef(name))
            draft.redirect_controls(source.name, [name])
            draft.remove(source.name)
        return without_stale_colocation(graph, draft.commit())


def _typed(graph: Graph) -> Graph:
    """Return the graph with the dtype attributes that written-out nodes lack."""
    types = infer_types(graph)
    draft = Draft(graph)
    for node in graph:
        dtypes = [types.type(ref).dtype for ref in node.inputs]
        known = [None if dtype is DType.INVALID else dtype for dtype in dtypes]
        missing = default_attrs(node.op, known, node.attrs)
        if node.op == "IdentityN" and "T" not in node.attrs:
            missing = {"T": tuple(dtypes)}
        if node.op == "Merge" and "N" not in node.attrs:
            missing = {**missing, "N": len(node.inputs)}
        if missing:
            draft.change(node.name, attrs={**node.attrs, **missing})
    return draft.commit()


def _without_library(graph: Graph) -> Graph:
    """Return the graph without its functions if no node calls one."""
    return graph if any(map(_calls, graph)) else replace(graph, library=b"")


def _calls(node: Node) -> bool:
    values = [item for value in node.attrs.values() for item in _items(value)]
    return any(isinstance(value, FuncRef) for value in values)


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
