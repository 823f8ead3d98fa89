"""Edits of constants: set, fold, merge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from surgeon_gui.edits.base import edit, param
from surgeon_gui.errors import EditError, GraphError, OpenError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.evaluate import evaluate, has_evaluator
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_stateful
from surgeon_gui.graph.query import deduce_outputs, topological_order
from surgeon_gui.graph.values import Array, DType, TensorValue
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead

LARGEST_FOLDED = 1 << 22
"""Elements a folded constant may have; more would bloat the file for little."""

_SETTABLE = frozenset({"Const", "Placeholder", "PlaceholderWithDefault"})
_MERGES = frozenset({"Merge", "RefMerge"})


def constant_node(name: str, value: TensorValue, controls: Iterable[str] = ()) -> Node:
    """Return a Const holding the value."""
    return Node(name, "Const", attrs={"dtype": value.dtype, "value": value}, controls=controls)


@edit("set-constant")
@dataclass(frozen=True)
class SetConstant:
    """Give a constant its value, or make an input a constant."""

    node: str = param("Node", tip="A constant or a placeholder.", kind="node")
    value: TensorValue | None = param(
        "Value", tip="The value, with its dtype.", kind="value", default=None
    )
    file: str = param("File", tip="Or an .npy file that holds it.", kind="text", default="")

    @property
    def title(self) -> str:
        return f"Set the value of {self.node}"

    def apply(self, graph: Graph) -> Graph:
        node = graph[self.node]
        if node.op not in _SETTABLE:
            raise EditError(
                f"It is {node.op}, neither a constant nor an input.",
                where=self.node,
                hint="Choose a constant or a placeholder.",
            )
        value = self._read(node)
        draft = Draft(graph)
        draft.put(constant_node(node.name, value))
        remove_dead(draft, {ref.node for ref in node.inputs}, output_nodes(graph))
        return draft.commit()

    def _read(self, node: Node) -> TensorValue:
        if (self.value is None) == (not self.file):
            raise EditError("Give either a value or a file.", where=self.node)
        wanted = node.attrs.get("dtype")
        if not isinstance(self.value, TensorValue | None):
            raise EditError(f"{self.value!r} is no tensor.", where=self.node)
        if self.value is not None:
            array = self.value.array
        else:
            try:
                array = np.load(Path(self.file), allow_pickle=False)
            except (OSError, ValueError) as error:
                raise EditError(
                    "The file holds no array.", where=self.file, hint=f"{error}."
                ) from error
        if not isinstance(wanted, DType) or wanted.numpy is None:
            return TensorValue.from_array(array)
        if not np.can_cast(array.dtype, wanted.numpy, "same_kind"):
            raise EditError(
                f"It holds {wanted.text}, not {array.dtype}.",
                where=self.node,
                hint="Convert the values first.",
            )
        return TensorValue.from_array(array, wanted)


def output_nodes(graph: Graph) -> set[str]:
    """Return the nodes whose tensors the graph gives."""
    return {ref.node for ref in deduce_outputs(graph)}


@edit("fold-constants")
@dataclass(frozen=True)
class FoldConstants:
    """Compute what depends on constants only, and put the result there."""

    @property
    def title(self) -> str:
        return "Fold constants"

    def apply(self, graph: Graph) -> Graph:
        draft = Draft(graph)
        known: dict[TensorRef, Array] = {}
        # What a folded node's constants waited for: in a condition that is the branch taken.
        waits: dict[str, tuple[str, ...]] = {}
        edges: set[str] = set()
        for name in topological_order(graph):
            node = graph[name]
            found = _constant_outputs(node, known)
            if found is None:
                continue
            known.update({TensorRef(name, port): value for port, value in enumerate(found)})
            sources = [other for ref in node.inputs for other in waits[ref.node]]
            waits[name] = tuple(dict.fromkeys([*node.controls, *sources]))
            if node.op != "Const" and len(found) == 1 and found[0].size <= LARGEST_FOLDED:
                value = TensorValue.from_array(found[0])
                draft.put(constant_node(name, value, waits[name]))
                edges |= {ref.node for ref in node.inputs}
        remove_dead(draft, edges, output_nodes(graph))
        return without_stale_colocation(graph, draft.commit())


def known_constants(graph: Graph) -> dict[TensorRef, Array]:
    """Return the elements of every tensor that depends on constants only."""
    known: dict[TensorRef, Array] = {}
    for name in topological_order(graph):
        found = _constant_outputs(graph[name], known)
        known.update({TensorRef(name, port): value for port, value in enumerate(found or ())})
    return known


def _constant_outputs(node: Node, known: dict[TensorRef, Array]) -> tuple[Array, ...] | None:
    if node.op == "Const":
        value = node.attrs.get("value")
        try:
            return (value.array,) if isinstance(value, TensorValue) else None
        except OpenError:
            return None
    if is_stateful(node.op) or not node.inputs or not has_evaluator(node.op):
        return None
    inputs = [known[ref] for ref in node.inputs if ref in known]
    if len(inputs) < len(node.inputs):
        return None
    try:
        return evaluate(node, inputs)
    except GraphError:
        return None


@edit("merge-duplicates")
@dataclass(frozen=True)
class MergeDuplicates:
    """Merge constants that are equal, and nodes that compute the same from the same."""

    @property
    def title(self) -> str:
        return "Merge duplicates"

    def apply(self, graph: Graph) -> Graph:
        draft = Draft(graph)
        kept_outputs = output_nodes(graph)
        seen: dict[tuple[object, ...], list[str]] = {}
        for name in topological_order(graph):
            node = draft[name]
            if node.controls or is_stateful(node.op) or node.op in (*_MERGES, "Enter", "NoOp"):
                continue
            if node.op != "Const" and not node.inputs:
                continue
            same = seen.setdefault((node.op, node.inputs, node.device, *_brief(node)), [])
            twin = next((other for other in same if draft[other].attrs == node.attrs), None)
            if twin is None:
                same.append(name)
            elif name not in kept_outputs:
                for port in {
                    ref.port
                    for reader in draft.consumers(name)
                    for ref in reader.inputs
                    if ref.node == name
                }:
                    draft.rewire(TensorRef(name, port), TensorRef(twin, port))
                draft.redirect_controls(name, [twin])
                draft.remove(name)
        return without_stale_colocation(graph, draft.commit())


def _brief(node: Node) -> tuple[object, ...]:
    """A part of the attributes that is quick to compare; constants differ by dtype and shape."""
    value = node.attrs.get("value")
    return (value.dtype, value.shape) if isinstance(value, TensorValue) else ()
