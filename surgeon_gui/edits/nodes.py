"""Edits of single nodes: remove, replace, rename, attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Draft, normalised
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import category, is_known_op, output_count
from surgeon_gui.graph.query import deduce_outputs, resolve_output
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import AttrValue, DType
from surgeon_gui.rewrite.attributes import plugin_attributes
from surgeon_gui.rewrite.colocation import with_renamed_colocation, without_stale_colocation
from surgeon_gui.rewrite.driver import bypass_node, remove_dead
from surgeon_gui.rewrite.plugins import find_plugin

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
PLUGIN_CHOICES = ("auto", "yes", "no")


def attributes_param() -> Any:
    """Return the field for the attributes of a node an edit makes."""
    return param(
        "Attributes", tip="Its attributes or plugin fields.", kind="attributes", default={}
    )


def plugin_param() -> Any:
    """Return the field that says whether those attributes are a plugin's fields."""
    return param(
        "Plugin",
        tip="Write attributes as fields of a TensorRT plugin (auto: unless TensorFlow has the op).",
        kind="text",
        default="auto",
        choices=PLUGIN_CHOICES,
    )


@edit("remove")
@dataclass(frozen=True)
class RemoveNodes:
    """Remove nodes; who read one reads its first input instead."""

    nodes: tuple[str, ...] = param("Nodes", tip="The nodes to remove.", kind="nodes")
    dependencies: bool = param(
        "Remove unused inputs",
        tip="Also remove what only these nodes needed.",
        kind="bool",
        default=True,
    )

    @property
    def title(self) -> str:
        return f"Remove {counted(self.nodes)}"

    def apply(self, graph: Graph) -> Graph:
        wanted = [graph[name] for name in dict.fromkeys(self.nodes)]
        removed = {node.name for node in wanted}
        draft = Draft(graph)
        # The input of a removed output becomes the output, so it is no leftover.
        outputs = {ref.node for ref in deduce_outputs(graph)}
        edges: set[str] = set()
        for node in wanted:
            current = draft[node.name]
            edges |= {*(ref.node for ref in node.inputs), *node.controls}
            _check_removable(draft, current, removed)
            if current.inputs:
                if node.name in outputs:
                    outputs.add(current.inputs[0].node)
                bypass_node(draft, current, current.inputs[0])
            else:
                draft.redirect_controls(node.name, current.controls)
                draft.remove(node.name)
        if self.dependencies:
            remove_dead(draft, edges - removed, outputs)
        return without_stale_colocation(graph, draft.commit())


def _check_removable(draft: Draft, node: Node, removed: set[str]) -> None:
    for reader in draft.consumers(node.name):
        if reader.name in removed:
            continue
        for ref in reader.inputs:
            if ref.node != node.name:
                continue
            if not node.inputs:
                raise EditError(
                    f"It has no input that {reader.name} could read instead.",
                    where=node.name,
                    hint="Remove its consumers as well, or replace it.",
                )
            if ref.port > 0:
                raise EditError(
                    f"{reader.name} reads its output {ref.port}, which no input stands for.",
                    where=node.name,
                    hint=f"Rewire or remove {reader.name} first.",
                )
    if not node.inputs and any(ref.node == node.name for ref in draft.outputs or ()):
        raise EditError(
            "It is a chosen output and has no input to take its place.",
            where=node.name,
            hint="Choose other outputs first.",
        )


@edit("bypass")
@dataclass(frozen=True)
class BypassNode:
    """Bypass a node: who read it reads one of its inputs instead."""

    node: str = param("Node", tip="The node to bypass.", kind="node")
    input: int = param(
        "Input", tip="Which of its inputs to read, counted from 0.", kind="integer", default=0
    )

    @property
    def title(self) -> str:
        return f"Bypass {self.node}"

    def apply(self, graph: Graph) -> Graph:
        node = graph[self.node]
        if not 0 <= self.input < len(node.inputs):
            raise EditError(
                f"It has {len(node.inputs)} inputs, counted from 0.",
                where=self.node,
                hint=f"There is no input {self.input}.",
            )
        draft = Draft(graph)
        _check_one_output(draft, node)
        outputs = {ref.node for ref in deduce_outputs(graph)}
        if node.name in outputs:
            outputs.add(node.inputs[self.input].node)
        bypass_node(draft, node, node.inputs[self.input])
        edges = {*(ref.node for ref in node.inputs), *node.controls}
        remove_dead(draft, edges, outputs)
        return without_stale_colocation(graph, draft.commit())


def _check_one_output(draft: Draft, node: Node) -> None:
    for reader in draft.consumers(node.name):
        if any(ref.node == node.name and ref.port > 0 for ref in reader.inputs):
            raise EditError(
                f"{reader.name} reads another of its outputs than the first.",
                where=node.name,
                hint=f"Rewire or remove {reader.name} first.",
            )


@edit("replace")
@dataclass(frozen=True)
class ReplaceNode:
    """Replace a node by a TensorRT plugin or another operation, keeping its name."""

    node: str = param("Node", tip="The node to replace.", kind="node")
    op: str = param("Operation", tip="The plugin or operation to put there.", kind="op")
    attributes: Mapping[str, AttrValue] = attributes_param()
    inputs: tuple[str, ...] = param(
        "Inputs", tip="What it reads, in order; empty keeps the inputs.", kind="tensors", default=()
    )
    plugin: str = plugin_param()
    no_inputs: bool = param(
        "No inputs", tip="It reads nothing, whatever the node read.", kind="bool", default=False
    )

    @property
    def title(self) -> str:
        return f"Replace {self.node} by {self.op}"

    def apply(self, graph: Graph) -> Graph:
        node = graph[self.node]
        if self.no_inputs and self.inputs:
            raise EditError("Give inputs or say that there are none.", where=self.inputs[0])
        kept = () if self.no_inputs else node.inputs
        inputs = [resolve_output(graph, text) for text in self.inputs] or kept
        made = make_node(graph, self.node, self.op, inputs, self.attributes, self.plugin, like=node)
        if any(ref.node == self.node for ref in made.inputs):
            raise EditError("A node cannot read itself.", where=self.node)
        check_ports(graph, made)
        draft = Draft(graph)
        draft.put(made)
        remove_dead(
            draft,
            {ref.node for ref in node.inputs} - {self.node},
            {ref.node for ref in graph.outputs or ()},
        )
        return draft.commit()


def make_node(
    graph: Graph,
    name: str,
    op: str,
    inputs: tuple[TensorRef, ...] | list[TensorRef],
    attributes: Mapping[str, AttrValue],
    plugin: str = "auto",
    *,
    like: Node | None = None,
) -> Node:
    """Return a new node; a plugin's attributes get graphsurgeon's suffixes.

    Args:
        graph: the graph it is for, which tells the dtypes of its inputs.
        name: its name.
        op: its operation.
        inputs: what it reads.
        attributes: as the user states them; dtypes the inputs tell may be left out.
        plugin: yes, no or auto (whatever TensorFlow does not know is a plugin).
        like: the node it stands in for, whose controls and device it keeps.

    Raises:
        EditError: `op` is empty, `plugin` none of the words, or a known plugin has no such field.
    """
    if not op.strip():
        raise EditError("Say which operation to put there.", where=name)
    if plugin not in PLUGIN_CHOICES:
        raise EditError(f"plugin must be one of {', '.join(PLUGIN_CHOICES)}.", where=name)
    attrs = {key: normalised(value) for key, value in attributes.items()}
    if plugin == "yes" or (plugin == "auto" and not is_known_op(op)):
        known_plugin = find_plugin(op)
        if known_plugin is not None:
            attrs = known_plugin.typed(attrs)
        attrs = plugin_attributes(attrs)
    else:
        types = infer_types(graph)
        dtypes = [types.type(ref).dtype for ref in inputs]
        known = [None if dtype is DType.INVALID else dtype for dtype in dtypes]
        attrs = {**default_attrs(op, known, attrs), **attrs}
        if like is not None and "T" in like.attrs and category(like.op) == category(op):
            attrs.setdefault("T", like.attrs["T"])
    return Node(
        name,
        op,
        inputs,
        attrs,
        controls=() if like is None else like.controls,
        device="" if like is None else like.device,
    )


def check_ports(graph: Graph, node: Node) -> None:
    """Refuse a node of a known operation that lacks an output somebody reads.

    Raises:
        EditError: a consumer reads a port it would not have.
    """
    if not is_known_op(node.op):
        return
    for reader in graph.consumers(node.name):
        for ref in reader.inputs:
            if ref.node == node.name and ref.port >= output_count(node):
                raise EditError(
                    f"{reader.name} reads its output {ref.port}, which {node.op} does not have.",
                    where=node.name,
                    hint=f"Rewire or remove {reader.name} first.",
                )


def check_name(name: str) -> None:
    """Refuse a name TensorFlow would refuse.

    Raises:
        EditError: it holds a character that is not allowed, or is empty.
    """
    if not _NAME.fullmatch(name) or "//" in name or name.endswith("/"):
        raise EditError(
            f"{name!r} is no name for a node.",
            hint="Use letters, digits, and _ . - / > after the first character.",
        )


@edit("rename")
@dataclass(frozen=True)
class RenameNode:
    """Rename a node everywhere it is named."""

    node: str = param("Node", tip="The node to rename.", kind="node")
    name: str = param("New name", tip="Its new name; slashes make namespaces.", kind="text")

    @property
    def title(self) -> str:
        return f"Rename {self.node} to {self.name}"

    def apply(self, graph: Graph) -> Graph:
        check_name(self.name)
        return rename_nodes(graph, {self.node: self.name})


def rename_nodes(graph: Graph, names: Mapping[str, str]) -> Graph:
    """Return the graph with nodes renamed from key to value.

    Raises:
        DuplicateName: a new name is taken.
        UnknownNode: a node does not exist.
    """
    if all(old == new and old in graph for old, new in names.items()):
        return graph
    draft = Draft(graph)
    draft.rename(names)
    return with_renamed_colocation(draft.commit(), names)


_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    bytes: "text",
    tuple: "a list",
}


@edit("set-attribute")
@dataclass(frozen=True)
class SetAttribute:
    """Set an attribute of a node."""

    node: str = param("Node", tip="The node.", kind="node")
    key: str = param("Attribute", tip="The attribute's name.", kind="attribute")
    value: AttrValue = param("Value", tip="Its new value.", kind="value")

    @property
    def title(self) -> str:
        return f"Set {self.key} of {self.node}"

    def apply(self, graph: Graph) -> Graph:
        if not self.key:
            raise EditError("Say which attribute to set.", where=self.node)
        old = graph[self.node].attrs.get(self.key)
        value = self.value
        if isinstance(old, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if old is not None and type(old) is not type(value):
            kind = _KINDS.get(type(old), f"a {type(old).__name__.lower()}")
            raise EditError(
                f"{self.key} holds {kind}, not {self.value!r}.",
                where=self.node,
                hint="Give a value of that kind, or remove the attribute first.",
            )
        if old == value:
            return graph
        draft = Draft(graph)
        draft.set_attr(self.node, self.key, value)
        return draft.commit()


@edit("remove-attribute")
@dataclass(frozen=True)
class RemoveAttribute:
    """Remove an attribute of a node."""

    node: str = param("Node", tip="The node.", kind="node")
    key: str = param("Attribute", tip="The attribute's name.", kind="attribute")

    @property
    def title(self) -> str:
        return f"Remove {self.key} of {self.node}"

    def apply(self, graph: Graph) -> Graph:
        if self.key not in graph[self.node].attrs:
            known = ", ".join(sorted(graph[self.node].attrs)) or "none"
            raise EditError(
                f"It has no attribute {self.key}.", where=self.node, hint=f"It has {known}."
            )
        draft = Draft(graph)
        draft.set_attr(self.node, self.key, None)
        return draft.commit()
