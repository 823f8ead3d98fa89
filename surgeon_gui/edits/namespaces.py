"""Edits of namespaces and selections: collapse into one node, rename."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.edits.nodes import (
    attributes_param,
    check_name,
    make_node,
    plugin_param,
    rename_nodes,
)
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_known_op, output_count
from surgeon_gui.graph.query import resolve_output
from surgeon_gui.graph.values import AttrValue
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead


@dataclass(frozen=True)
class Crossing:
    """A tensor that crosses the border of a set of nodes, and the nodes that read it."""

    ref: TensorRef
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Boundary:
    """What a set of nodes takes from the rest of the graph and gives to it.

    Attributes:
        names: the nodes, in node order.
        inputs: tensors from outside, in the order the nodes (then their inputs) read them; the new
            node's inputs when they are collapsed.
        outputs: tensors read outside or chosen as outputs, in node and port order; the new node's
            outputs 0, 1 ….
        controls: nodes outside that some of them wait for.
        waiting: nodes outside that wait for some of them.
    """

    names: tuple[str, ...]
    inputs: tuple[Crossing, ...]
    outputs: tuple[Crossing, ...]
    controls: tuple[str, ...]
    waiting: tuple[str, ...]


def boundary(graph: Graph, names: Iterable[str]) -> Boundary:
    """Return the inputs and outputs a set of nodes would have as one node.

    Raises:
        UnknownNode: one of the names is not in the graph.
    """
    inside = {graph[name].name for name in names}
    inputs: dict[TensorRef, dict[str, None]] = {}
    outputs: dict[TensorRef, dict[str, None]] = {}
    controls: dict[str, None] = {}
    waiting: dict[str, None] = {}
    for node in graph:
        if node.name in inside:
            for ref in node.inputs:
                if ref.node not in inside:
                    inputs.setdefault(ref, {})[node.name] = None
            controls.update((name, None) for name in node.controls if name not in inside)
        else:
            for ref in node.inputs:
                if ref.node in inside:
                    outputs.setdefault(ref, {})[node.name] = None
            if not inside.isdisjoint(node.controls):
                waiting[node.name] = None
    for ref in graph.outputs or ():
        if ref.node in inside:
            outputs.setdefault(ref, {})
    ordered = sorted(outputs, key=lambda ref: (graph.position(ref.node), ref.port))
    return Boundary(
        names=tuple(sorted(inside, key=graph.position)),
        inputs=tuple(Crossing(ref, tuple(readers)) for ref, readers in inputs.items()),
        outputs=tuple(Crossing(ref, tuple(outputs[ref])) for ref in ordered),
        controls=tuple(controls),
        waiting=tuple(waiting),
    )


def members(graph: Graph, namespace: str) -> tuple[str, ...]:
    """Return the nodes in a namespace and below, and the node of that name, in node order.

    Raises:
        EditError: there are none.
    """
    path = namespace.strip("/")
    found = tuple(
        node.name for node in graph if node.name == path or node.name.startswith(f"{path}/")
    )
    if not path or not found:
        raise EditError(
            "No node lies in this namespace.",
            where=namespace,
            hint="Give a path as in the outline, such as block1/unit2.",
        )
    return found


@edit("collapse")
@dataclass(frozen=True)
class Collapse:
    """Collapse a namespace or a selection into one node."""

    op: str = param("Operation", tip="The plugin or operation to put there.", kind="op")
    namespace: str = param(
        "Namespace", tip="All nodes in it and below are collapsed.", kind="namespace", default=""
    )
    nodes: tuple[str, ...] = param(
        "Nodes",
        tip="Or these nodes and namespaces together; one marked ? at its end may be absent.",
        kind="nodes",
        default=(),
    )
    name: str = param(
        "Name", tip="The new node's name; empty takes the namespace's.", kind="text", default=""
    )
    attributes: Mapping[str, AttrValue] = attributes_param()
    inputs: tuple[str, ...] = param(
        "Inputs",
        tip="What it reads, in order; empty takes all that came in, in the order it was read.",
        kind="tensors",
        default=(),
    )
    without: tuple[str, ...] = param(
        "Inputs left out",
        tip="Nodes and namespaces it shall not read, though the collapsed ones did.",
        kind="nodes",
        default=(),
    )
    no_inputs: bool = param(
        "No inputs", tip="It reads nothing, whatever came in.", kind="bool", default=False
    )
    plugin: str = plugin_param()

    whole: bool = param(
        "Read as a whole",
        tip="Readers name the node once, not its single outputs, as UFF wants it.",
        kind="bool",
        default=False,
    )

    @property
    def title(self) -> str:
        what = self.namespace.strip("/") or counted(self.nodes)
        return f"Collapse {what} into {self.op}"

    def preview(self, graph: Graph) -> Boundary:
        """Return the inputs and outputs the new node would have.

        Raises:
            EditError: there is nothing to collapse.
        """
        return boundary(graph, self._names(graph))

    def _names(self, graph: Graph) -> tuple[str, ...]:
        if bool(self.namespace) == bool(self.nodes):
            raise EditError("Give either a namespace or nodes to collapse.")
        if self.namespace:
            return members(graph, self.namespace)
        found: dict[str, None] = {}
        for text in self.nodes:
            name = text.removesuffix("?")
            if name in graph:
                found[name] = None
            elif name == text or any(node.name.startswith(f"{name}/") for node in graph):
                found.update(dict.fromkeys(members(graph, name)))
        if not found:
            raise EditError("None of these nodes is there.", where=self.nodes[0])
        return tuple(found)

    def apply(self, graph: Graph) -> Graph:
        edge = self.preview(graph)
        inside = set(edge.names)
        name = self.name or self.namespace.strip("/") or f"{edge.names[0]}_collapsed"
        check_name(name)
        if name in graph and name not in inside:
            raise EditError(
                "This name is taken by a node that stays.", where=name, hint="Give another name."
            )
        inputs = self._inputs(graph, edge, inside)
        made = make_node(graph, name, self.op, inputs, self.attributes, self.plugin)
        made = made.replace(controls=() if self.no_inputs else edge.controls)
        if is_known_op(made.op) and len(edge.outputs) > max(output_count(made), 1):
            raise EditError(
                f"{len(edge.outputs)} of its tensors are read outside, but {made.op} has "
                f"{output_count(made)} output.",
                where=edge.outputs[-1].ref.node,
                hint="Add the nodes that read them to the selection, or use a plugin.",
            )
        _check_no_cycle(graph, inside, [*(ref.node for ref in inputs), *made.controls])
        return without_stale_colocation(graph, _collapsed(graph, edge, made, self.whole))

    def _inputs(self, graph: Graph, edge: Boundary, inside: set[str]) -> list[TensorRef]:
        if self.no_inputs and self.inputs:
            raise EditError("Give inputs or say that there are none.", where=self.inputs[0])
        if self.no_inputs:
            return []
        if not self.inputs:
            left_out = tuple(name.strip("/") for name in self.without)
            return [
                crossing.ref
                for crossing in edge.inputs
                if not any(
                    crossing.ref.node == name or crossing.ref.node.startswith(f"{name}/")
                    for name in left_out
                )
            ]
        inputs = [resolve_output(graph, text) for text in self.inputs]
        for ref in inputs:
            if ref.node in inside:
                raise EditError(
                    "An input of the new node would be collapsed into it.", where=str(ref)
                )
        return inputs


def _check_no_cycle(graph: Graph, inside: set[str], sources: Iterable[str]) -> None:
    """Refuse when something outside both feeds the set and is fed by it (but TF1 loops)."""
    found: set[str] = set()
    pending = list(sources)
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found.add(name)
        node = graph[name]
        if node.op in ("NextIteration", "RefNextIteration"):
            continue
        for source in [*(ref.node for ref in node.inputs), *node.controls]:
            if source in inside:
                raise EditError(
                    "It reads from these nodes and feeds them, so one node would wait for itself.",
                    where=name,
                    hint=f"Collapse {name} as well.",
                )
            pending.append(source)


def _collapsed(graph: Graph, edge: Boundary, made: Node, whole: bool) -> Graph:
    inside = set(edge.names)
    draft = Draft(graph)
    holder = draft.unique_name(f"{made.name}/collapsed")
    last = graph.position(edge.names[-1])
    following = next((node.name for node in graph.nodes[last + 1 :]), None)
    draft.add(made.replace(name=holder), before=following)
    for port, crossing in enumerate(edge.outputs):
        draft.rewire(crossing.ref, TensorRef(holder, port), only=crossing.readers)
    if whole:
        for name in dict.fromkeys(name for crossing in edge.outputs for name in crossing.readers):
            _read_whole(draft, draft[name], holder)
    outputs = {
        crossing.ref: TensorRef(holder, 0 if whole else port)
        for port, crossing in enumerate(edge.outputs)
    }
    if graph.outputs is not None:
        draft.set_outputs(outputs.get(ref, ref) for ref in graph.outputs)
    for name in edge.waiting:
        waiter = draft[name]
        kept = [other for other in waiter.controls if other not in inside]
        draft.change(name, controls=(*kept, holder))
    for name in edge.names:
        draft.remove(name)
    chosen = {ref.node for ref in graph.outputs or ()}
    remove_dead(draft, {crossing.ref.node for crossing in edge.inputs}, chosen)
    draft.rename({holder: made.name})
    return draft.commit()


def _read_whole(draft: Draft, reader: Node, holder: str) -> None:
    """Let a node read `holder` once, at the place of the first of its outputs it read."""
    inputs: list[TensorRef] = []
    for ref in reader.inputs:
        if ref.node != holder:
            inputs.append(ref)
        elif TensorRef(holder) not in inputs:
            inputs.append(TensorRef(holder))
    attrs = dict(reader.attrs)
    count = attrs.get("N")
    if isinstance(count, int) and not isinstance(count, bool):
        attrs["N"] = count - (len(reader.inputs) - len(inputs))
    draft.change(reader.name, inputs=tuple(inputs), attrs=attrs)


@edit("rename-namespace")
@dataclass(frozen=True)
class RenameNamespace:
    """Rename a namespace: every node in it and below gets the new path."""

    namespace: str = param("Namespace", tip="The path to rename.", kind="namespace")
    name: str = param("New path", tip="The path instead of it.", kind="text")

    @property
    def title(self) -> str:
        return f"Rename {self.namespace} to {self.name}"

    def apply(self, graph: Graph) -> Graph:
        old, new = self.namespace.strip("/"), self.name.strip("/")
        check_name(new)
        return rename_nodes(
            graph, {name: new + name.removeprefix(old) for name in members(graph, old)}
        )


@edit("ungroup")
@dataclass(frozen=True)
class Ungroup:
    """Take a namespace away: what lies in it moves to the one around it."""

    namespace: str = param("Namespace", tip="The path to take away.", kind="namespace")

    @property
    def title(self) -> str:
        return f"Ungroup {self.namespace}"

    def apply(self, graph: Graph) -> Graph:
        path = self.namespace.strip("/")
        inside = [name for name in members(graph, path) if name != path]
        if not inside:
            raise EditError("It is a node, not a namespace.", where=path)
        outer = path.rpartition("/")[0]
        taken = {node.name for node in graph} - set(inside)
        names: dict[str, str] = {}
        for name in inside:
            wanted = f"{outer}/{name[len(path) + 1 :]}".lstrip("/")
            new, count = wanted, 0
            while new in taken:
                count += 1
                new = f"{wanted}_{count}"
            taken.add(new)
            names[name] = new
        return rename_nodes(graph, names)
