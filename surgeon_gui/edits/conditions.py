"""The edit that settles conditions that are constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from surgeon_gui.edits.base import edit
from surgeon_gui.edits.constants import constant_node, output_nodes
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Array, FuncRef, TensorValue
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead
from surgeon_gui.rewrite.frames import kept_in_frames

_MERGES = frozenset({"Merge", "RefMerge"})
_SWITCHES = frozenset({"Switch", "RefSwitch"})
_CALLS: Mapping[str, str] = {
    "If": "StatefulPartitionedCall",
    "StatelessIf": "PartitionedCall",
    "Case": "StatefulPartitionedCall",
    "StatelessCase": "PartitionedCall",
}
"""Conditionals of functions, and what calls one of them."""


@edit("fold-conditions")
@dataclass(frozen=True)
class FoldConditions:
    """Settle conditions whose predicate is constant: the branch not taken goes.

    Those of nodes (Switch, Merge) and those of functions (If, Case), which become a call of the
    function taken. An input with a default counts as its default.
    """

    @property
    def title(self) -> str:
        return "Settle constant conditions"

    def apply(self, graph: Graph) -> Graph:
        types = infer_types(graph)
        draft = Draft(graph)
        edges: set[str] = set()
        for node in graph:
            if node.op in _MERGES:
                self._merge(draft, node, types, edges)
            elif node.op in _SWITCHES:
                self._switch(draft, node, types, edges)
            elif node.op in _CALLS:
                self._function(draft, node, types, edges)
        dead = [node.name for node in graph if types.is_dead(node.name)]
        for name in dead:
            draft.redirect_controls(name, ())
        outputs = output_nodes(graph) - set(dead)
        remove_dead(draft, {*dead, *edges}, outputs)
        return without_stale_colocation(graph, kept_in_frames(graph, draft.commit()))

    def _merge(self, draft: Draft, node: Node, types: Types, edges: set[str]) -> None:
        live = [at for at, ref in enumerate(node.inputs) if ref not in types.dead]
        if len(live) != 1 or len(node.inputs) == 1:
            return
        source = draft[node.name].inputs[live[0]]
        edges.update({node.name, *(ref.node for ref in node.inputs)})
        draft.rewire(TensorRef(node.name), source)
        index = TensorRef(node.name, 1)
        if any(index in reader.inputs for reader in draft.consumers(node.name)):
            value = TensorValue.from_array(np.array(live[0], np.int32))
            name = draft.unique_name(f"{node.name}/value_index")
            draft.add(constant_node(name, value), before=node.name)
            draft.rewire(index, TensorRef(name))
        draft.redirect_controls(node.name, [source.node])

    def _switch(self, draft: Draft, node: Node, types: Types, edges: set[str]) -> None:
        taken = types.value(node.inputs[1]) if len(node.inputs) == 2 else None
        if taken is None or taken.size != 1:
            return
        port = 1 if bool(taken.reshape(())) else 0
        current = draft[node.name]
        source = draft.get(current.inputs[0].node)
        readers = draft.consumers(node.name)
        draft.rewire(TensorRef(node.name, port), current.inputs[0])
        for reader in readers:
            # The pivot of a branch that is always taken is a constant: waiting for it is nothing.
            if reader.op == "Identity" and source is not None and source.is_const:
                draft.redirect_controls(reader.name, ())
        edges.update({node.name, *(ref.node for ref in node.inputs)})
        edges.update(reader.name for reader in readers)

    def _function(self, draft: Draft, node: Node, types: Types, edges: set[str]) -> None:
        """Call the function that is taken, if it is known which."""
        chosen = types.value(node.inputs[0]) if node.inputs else None
        taken = None if chosen is None else _branch(node, chosen)
        if taken is None:
            return
        given = {key: node.attrs[key] for key in ("Tin", "Tout") if key in node.attrs}
        draft.put(
            Node(
                node.name,
                _CALLS[node.op],
                node.inputs[1:],
                {**given, "f": taken},
                controls=node.controls,
                device=node.device,
            )
        )
        edges.add(node.inputs[0].node)


def _branch(node: Node, chosen: Array) -> FuncRef | None:
    """Return the function a conditional calls for a predicate or the number of a branch."""
    if node.op in ("If", "StatelessIf"):
        # Of what is no scalar TensorFlow asks whether it has elements.
        is_true = bool(chosen.reshape(())) if chosen.ndim == 0 else chosen.size > 0
        found = node.attrs.get("then_branch" if is_true else "else_branch")
    else:
        branches = node.attrs.get("branches")
        if not isinstance(branches, tuple) or not branches or chosen.size != 1:
            return None
        number = int(chosen.reshape(()))
        # TensorFlow takes the last branch for a number that is out of range.
        found = branches[number if 0 <= number < len(branches) else -1]
    return found if isinstance(found, FuncRef) else None
