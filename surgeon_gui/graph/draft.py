"""Draft: the only way to make a changed graph out of another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from surgeon_gui.errors import DanglingInput, DuplicateName, GraphError
from surgeon_gui.graph.model import Graph, Node, TensorRef, unknown_node
from surgeon_gui.graph.values import AttrValue, float32


@dataclass(frozen=True)
class Delta:
    """What changed between two graphs, as node names."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @classmethod
    def between(cls, before: Graph, after: Graph) -> Delta:
        if before is after:
            return cls()
        return cls(
            added=tuple(node.name for node in after if node.name not in before),
            removed=tuple(node.name for node in before if node.name not in after),
            changed=tuple(
                node.name
                for node in after
                if (old := before.get(node.name)) is not None and old is not node and old != node
            ),
        )

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class Draft:
    """A graph under change. Nodes keep their place; new ones go where told, else to the end.

    `commit` checks the invariants: unique names, every input resolves, chosen outputs exist. A
    draft that is not committed changes nothing.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._nodes: dict[str, Node] = {node.name: node for node in graph.nodes}
        self._before: dict[str, list[str]] = {}
        self._renamed: dict[str, str] = {}
        self._outputs = graph.outputs
        self._readers: dict[str, dict[str, None]] | None = None

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def __getitem__(self, name: str) -> Node:
        node = self._nodes.get(name)
        if node is None:
            raise unknown_node(name, self._nodes)
        return node

    def get(self, name: str) -> Node | None:
        return self._nodes.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Nodes that now read or wait for `name`."""
        return tuple(self._nodes[reader] for reader in self._consumers.get(name, ()))

    @property
    def _consumers(self) -> dict[str, dict[str, None]]:
        """Names of the readers of each name, built when first needed and then kept up to date."""
        if self._readers is None:
            self._readers = {}
            for node in self._nodes.values():
                self._link(node)
        return self._readers

    def unique_name(self, wanted: str) -> str:
        """Return `wanted`, or `wanted_1`, `wanted_2` … if it is taken."""
        name, count = wanted, 0
        while name in self._nodes:
            count += 1
            name = f"{wanted}_{count}"
        return name

    def _link(self, node: Node) -> None:
        readers = self._readers
        if readers is None:
            return
        for ref in node.inputs:
            readers.setdefault(ref.node, {})[node.name] = None
        for name in node.controls:
            readers.setdefault(name, {})[node.name] = None

    def _unlink(self, node: Node) -> None:
        if self._readers is None:
            return
        for name in [*(ref.node for ref in node.inputs), *node.controls]:
            self._readers.get(name, {}).pop(node.name, None)

    def add(self, node: Node, *, before: str | None = None) -> Node:
        """Add a node, in file order just before another or at the end.

        Raises:
            DuplicateName: the name is taken.
        """
        if node.name in self._nodes:
            raise DuplicateName("This name is taken.", where=node.name)
        self._nodes[node.name] = node
        self._link(node)
        if before is not None:
            self._before.setdefault(before, []).append(node.name)
        return node

    def put(self, node: Node) -> Node:
        """Set the node of that name, keeping its place."""
        self._unlink(self[node.name])
        self._nodes[node.name] = node
        self._link(node)
        return node

    def change(self, name: str, **changes: Any) -> Node:
        """Change op, inputs, attrs, controls or device of a node (not its name)."""
        return self.put(self[name].replace(**changes))

    def set_attr(self, name: str, key: str, value: AttrValue | None) -> Node:
        """Set one attribute, or remove it with None."""
        attrs: dict[str, AttrValue] = dict(self[name].attrs)
        if value is None:
            attrs.pop(key, None)
        else:
            attrs[key] = normalised(value)
        return self.change(name, attrs=attrs)

    def remove(self, name: str) -> None:
        """Remove a node; who reads it must be rewired before `commit`."""
        self._unlink(self[name])
        del self._nodes[name]

    def rewire(self, old: TensorRef, new: TensorRef, *, only: Iterable[str] | None = None) -> None:
        """Let every consumer of `old` (or those in `only`) and the chosen outputs read `new`."""
        wanted = None if only is None else set(only)
        for name in list(self._consumers.get(old.node, ())):
            if wanted is not None and name not in wanted:
                continue
            node = self._nodes[name]
            inputs = tuple(new if ref == old else ref for ref in node.inputs)
            if inputs != node.inputs:
                self.put(node.replace(inputs=inputs))
        if wanted is None and self._outputs is not None:
            self._outputs = tuple(new if ref == old else ref for ref in self._outputs)

    def redirect_controls(self, old: str, new: Iterable[str]) -> None:
        """Let who waits for `old` wait for `new` instead (for nothing, when empty)."""
        targets = list(dict.fromkeys(new))
        for name in list(self._consumers.get(old, ())):
            node = self._nodes[name]
            if old not in node.controls:
                continue
            kept = [other for other in node.controls if other != old]
            kept += [target for target in targets if target not in kept and target != name]
            self.put(node.replace(controls=tuple(kept)))

    def rename(self, names: Mapping[str, str]) -> None:
        """Rename nodes everywhere they are named, all at once.

        Raises:
            DuplicateName: a new name is taken by a node that keeps its own.
        """
        for old, new in names.items():
            self[old]
            if new != old and new in self._nodes and new not in names:
                raise DuplicateName("This name is taken.", where=new)
        if len(set(names.values())) != len(names):
            raise DuplicateName(
                "Two nodes would get the same name.", where=next(iter(names.values()))
            )
        touched = {reader for old in names for reader in self._consumers.get(old, ())}

        def renamed(node: Node) -> Node:
            if node.name not in names and node.name not in touched:
                return node
            return node.replace(
                name=names.get(node.name, node.name),
                inputs=tuple(
                    TensorRef(names.get(ref.node, ref.node), ref.port) for ref in node.inputs
                ),
                controls=tuple(names.get(other, other) for other in node.controls),
            )

        self._nodes = {names.get(name, name): renamed(node) for name, node in self._nodes.items()}
        self._before = {
            names.get(anchor, anchor): [names.get(name, name) for name in added]
            for anchor, added in self._before.items()
        }
        for node in self._graph.nodes:
            current = self._renamed.get(node.name, node.name)
            if current in names:
                self._renamed[node.name] = names[current]
        if self._outputs is not None:
            self._outputs = tuple(
                TensorRef(names.get(ref.node, ref.node), ref.port) for ref in self._outputs
            )
        self._readers = None

    @property
    def outputs(self) -> tuple[TensorRef, ...] | None:
        """The outputs chosen so far, None while they are deduced."""
        return self._outputs

    def set_outputs(self, outputs: Iterable[TensorRef] | None) -> None:
        self._outputs = None if outputs is None else tuple(outputs)

    def commit(self) -> Graph:
        """Return the changed graph, or the very same one if nothing changed.

        An input that already led nowhere in the graph before may stay so.

        Raises:
            GraphError: an input or a chosen output does not resolve.
        """
        for node in self._nodes.values():
            for name in (*(ref.node for ref in node.inputs), *node.controls):
                if name not in self._nodes and not self._was_dangling(node, name):
                    raise DanglingInput(
                        f"Its input {name} would not exist any more.",
                        where=node.name,
                        hint="Rewire this input first, or remove this node as well.",
                    )
        if self._outputs is not None:
            for ref in self._outputs:
                if ref.node not in self._nodes:
                    raise GraphError("This output would not exist any more.", where=str(ref))
        nodes = self._ordered()
        same = len(nodes) == len(self._graph.nodes) and all(
            new is old for new, old in zip(nodes, self._graph.nodes, strict=True)
        )
        if same and self._outputs == self._graph.outputs:
            return self._graph
        return Graph(
            nodes, self._graph.versions, self._graph.library, self._graph.extra, self._outputs
        )

    def _was_dangling(self, node: Node, name: str) -> bool:
        before = self._graph.get(node.name)
        if before is None or name in self._graph:
            return False
        return name in before.controls or any(ref.node == name for ref in before.inputs)

    def _ordered(self) -> tuple[Node, ...]:
        """Return the nodes in file order, added ones before their anchors (even removed ones)."""
        if not self._before:
            return tuple(self._nodes.values())
        moved = {name for added in self._before.values() for name in added}
        first = [self._renamed.get(node.name, node.name) for node in self._graph.nodes]
        pending = [name for name in (*first, *self._nodes) if name not in moved]
        pending.reverse()
        ordered: dict[str, Node] = {}
        waiting = dict(self._before)
        while pending:
            name = pending.pop()
            added = waiting.pop(name, None)
            if added is not None:
                pending += [name, *reversed(added)]
            elif name in self._nodes:
                ordered.setdefault(name, self._nodes[name])
        for name, node in self._nodes.items():
            ordered.setdefault(name, node)
        return tuple(ordered.values())


def normalised(value: AttrValue) -> AttrValue:
    """Round floats to 32 bit, as an attribute stores them."""
    if isinstance(value, float):
        return float32(value)
    if isinstance(value, tuple):
        return tuple(float32(item) if isinstance(item, float) else item for item in value)
    return value
