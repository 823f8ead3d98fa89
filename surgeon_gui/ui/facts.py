"""What the inspector says of a node or namespace, as rows; Qt-free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import output_count
from surgeon_gui.graph.query import deduce_inputs, deduce_outputs
from surgeon_gui.graph.values import (
    AttrValue,
    DType,
    FuncRef,
    RawAttr,
    Shape,
    TensorType,
    TensorValue,
)
from surgeon_gui.network.ir import Layer, Network
from surgeon_gui.opening import came_from
from surgeon_gui.targets.base import SupportReport
from surgeon_gui.ui.pauses import breathing
from surgeon_gui.view.carried import Edge
from surgeon_gui.view.network import layer_text
from surgeon_gui.view.words import count_text

MOST_LINKS = 40

STATUS_WORDS = {
    "takes": "taken",
    "vanishes": "vanish",
    "caveat": "with a caveat",
    "cured": "a rule cures",
    "unknown": "unknown",
    "refuses": "refused",
}

_SHORT = {"float": "f", "int": "i", "uint": "u", "bfloat": "bf", "complex": "c"}


class TypesOf(Protocol):
    """What is known of tensors (`graph.shapes.Types` is one)."""

    def type(self, ref: TensorRef) -> TensorType: ...


@dataclass(frozen=True)
class Fact:
    """A row of the inspector.

    Attributes:
        label: what it is.
        text: the value; for a link the item's name.
        role: `text`, `strong`, `name`, `input` or `output`; the last two are links.
        suffix: what follows a link: dtype and shape.
        item: where a link leads.
        attribute: the attribute's name, where the row is one.
        edge: the edge a link stands for.
    """

    label: str
    text: str
    role: str = "text"
    suffix: str = ""
    item: str = ""
    attribute: str = ""
    edge: Edge | None = None


def short_dtype(dtype: DType) -> str:
    """Return `f32` for float32; what has no such form as it is."""
    name = dtype.text.rstrip("0123456789")
    return f"{_SHORT[name]}{dtype.text[len(name) :]}" if name in _SHORT else dtype.text


def short_type(kind: TensorType | None) -> str:
    """Return `f32 [1,224,224,3]`; an unknown dimension is `?`."""
    if kind is None or kind.dtype is DType.INVALID:
        return ""
    return f"{short_dtype(kind.dtype)} {kind.shape}"


def attribute_text(value: AttrValue, limit: int = 200) -> str:
    """Return an attribute's value for people, cut at `limit` characters."""
    text = _attribute_text(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _attribute_text(value: AttrValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, DType):
        return value.text
    if isinstance(value, Shape):
        return str(value)
    if isinstance(value, TensorValue):
        if value.size <= 8 and value.dtype is not DType.STRING:
            return f"{short_dtype(value.dtype)} {list(value.shape)} {value.array.tolist()}"
        return f"{short_dtype(value.dtype)} {list(value.shape)}"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, FuncRef):
        return f"function {value.name}"
    if isinstance(value, RawAttr):
        return f"{len(value.message)} bytes this program does not read"
    if isinstance(value, tuple):
        return "[" + ", ".join(_attribute_text(item) for item in value[:32]) + "]"
    return str(value)


def node_facts(
    graph: Graph,
    node: Node,
    types: TypesOf | None,
    layers: Sequence[Layer] = (),
    uff: str = "",
) -> list[Fact]:
    """Return the rows for a node: name, op, attributes, tensors, what becomes of it.

    Args:
        graph: the graph.
        node: one of its nodes.
        types: what is known of the tensors.
        layers: the network's layers that came from it.
        uff: the operation it becomes in UFF.
    """
    rows = [Fact("Name", node.name, "name"), Fact("Op", node.op, "strong")]
    if node.device:
        rows.append(Fact("Device", node.device))
    rows.extend(
        Fact(name, attribute_text(value), attribute=name)
        for name, value in sorted(node.attrs.items())
        if not name.startswith("_") and not (node.is_const and name == "value")
    )
    rows.extend(_inputs(node, types))
    rows.extend(_outputs(graph, node, types))
    if uff:
        rows.append(Fact("In UFF", uff))
    if layers:
        rows.append(Fact("In network", ", ".join(layer_text(layer) for layer in layers[:3])))
    return rows


def _inputs(node: Node, types: TypesOf | None) -> list[Fact]:
    refs = [
        Fact(
            "Input",
            str(ref),
            "input",
            short_type(types.type(ref)) if types else "",
            ref.node,
            edge=Edge(ref.node, node.name),
        )
        for ref in node.inputs[:MOST_LINKS]
    ]
    controls = [
        Fact("Waits for", name, "input", "control", name, edge=Edge(name, node.name))
        for name in node.controls[:MOST_LINKS]
    ]
    more = len(node.inputs) - MOST_LINKS
    if more > 0:
        refs.append(Fact("", f"and {more} more inputs"))
    return refs + controls


def _outputs(graph: Graph, node: Node, types: TypesOf | None) -> list[Fact]:
    """The outputs, each with who reads it; an output nobody reads is one of the graph's."""
    rows: list[Fact] = []
    consumers = graph.consumers(node.name)
    for port in range(output_count(node)):
        ref = TensorRef(node.name, port)
        kind = short_type(types.type(ref)) if types else ""
        readers = [reader for reader in consumers if ref in reader.inputs]
        if port == 0 and not readers and not consumers:
            rows.append(Fact("Output", "of the graph", suffix=kind, role="text"))
        rows.extend(
            Fact(
                "Output" if port == 0 else f"Output {port}",
                reader.name,
                "output",
                kind,
                reader.name,
                edge=Edge(node.name, reader.name),
            )
            for reader in readers[:MOST_LINKS]
        )
        if len(readers) > MOST_LINKS:
            rows.append(Fact("", f"and {len(readers) - MOST_LINKS} more readers"))
    waiting = [reader for reader in consumers if node.name in reader.controls]
    rows.extend(
        Fact(
            "Waited for by",
            reader.name,
            "output",
            "control",
            reader.name,
            edge=Edge(node.name, reader.name),
        )
        for reader in waiting[:MOST_LINKS]
    )
    return rows


def layers_by_node(network: Network) -> Mapping[str, tuple[Layer, ...]]:
    """Return for each GraphDef node the layers it became part of."""
    found: dict[str, list[Layer]] = {}
    for layer in network.layers:
        for name in layer.origin:
            found.setdefault(name, []).append(layer)
    return {name: tuple(layers) for name, layers in found.items()}


def op_counts(graph: Graph, items: Sequence[str]) -> list[tuple[str, int]]:
    """Return how often each op occurs, the most frequent first.

    Args:
        graph: the graph.
        items: nodes, and namespaces (`block/`) that stand for what is inside; none for the whole
            graph, of which what feeds constants to others is left out.
    """
    if not items:
        return Counter(node.op for node in breathing(graph) if not node.is_const).most_common()
    spaces, names = tuple(item for item in items if item.endswith("/")), frozenset(items)
    found = (node for node in graph if node.name in names or node.name.startswith(spaces))
    return Counter(node.op for node in found).most_common()


def several_facts(graph: Graph, names: Sequence[str]) -> list[Fact]:
    """Return the rows for several nodes."""
    ops = Counter(graph[name].op for name in names if name in graph)
    return [Fact("Nodes", count_text(len(names)), "strong"), Fact("Ops", _ops_text(ops))]


def _ops_text(ops: Counter[str]) -> str:
    return ", ".join(_times(op, n) for op, n in ops.most_common(8))


def _times(op: str, count: int) -> str:
    return f"{op} × {count_text(count)}" if count > 1 else op


def namespace_facts(
    graph: Graph, namespace: str, types: TypesOf | None, report: SupportReport | None
) -> list[Fact]:
    """Return the rows for a namespace (`block/`).

    Args:
        graph: the graph.
        namespace: its path with a closing slash.
        types: for the tensors that cross its border.
        report: the target's verdicts, when they are known.
    """
    members = [node for node in graph if node.name.startswith(namespace)]
    ops = Counter(node.op for node in members)
    rows = [
        Fact("Name", namespace.removesuffix("/"), "name"),
        Fact("Nodes", count_text(len(members)), "strong"),
        Fact("Ops", _ops_text(ops)),
    ]
    if report is not None:
        counts = Counter(
            STATUS_WORDS[report.verdicts[node.name].status.value]
            for node in members
            if node.name in report.verdicts
        )
        told = ", ".join(f"{count_text(n)} {word}" for word, n in counts.items())
        rows.append(Fact("Verdicts", told))
    inside = {node.name for node in members}
    entering = dict.fromkeys(
        ref
        for node in members
        for ref in node.inputs
        if ref.node not in inside and not _is_weight(graph, ref.node)
    )
    leaving = dict.fromkeys(
        (ref, reader.name)
        for node in members
        for reader in graph.consumers(node.name)
        if reader.name not in inside
        for ref in reader.inputs
        if ref.node == node.name
    )
    rows.extend(
        Fact("Input", str(ref), "input", short_type(types.type(ref)) if types else "", ref.node)
        for ref in list(entering)[:MOST_LINKS]
    )
    rows.extend(
        Fact("Output", reader, "output", short_type(types.type(ref)) if types else "", reader)
        for ref, reader in list(leaving)[:MOST_LINKS]
    )
    return rows


def graph_facts(graph: Graph, path: Path | None, types: TypesOf | None) -> list[Fact]:
    """Return the rows for the whole graph: its file, what it is made of, inputs and outputs."""
    ops = Counter(node.op for node in breathing(graph) if not node.is_const)
    most = ", ".join(f"{op} × {count_text(n)}" for op, n in ops.most_common(4))
    rows = [
        Fact("File", str(path or "not saved yet"), "name"),
        *([Fact("Made from", str(source))] if path and (source := came_from(path)) else []),
        Fact("Nodes", count_text(len(graph)), "strong"),
        Fact("Ops", f"{len(ops)} kind{'s' * (len(ops) != 1)}: {most}"),
    ]
    for node in deduce_inputs(graph)[:MOST_LINKS]:
        kind = short_type(types.type(TensorRef(node.name))) if types else ""
        rows.append(Fact("Input", node.name, "input", kind, node.name))
    for ref in deduce_outputs(graph)[:MOST_LINKS]:
        kind = short_type(types.type(ref)) if types else ""
        rows.append(Fact("Output", str(ref), "output", kind, ref.node))
    return rows


def _is_weight(graph: Graph, name: str) -> bool:
    """Whether a node is a constant, or an Identity that reads one."""
    node = graph.get(name)
    if node is not None and node.op == "Identity" and node.inputs:
        node = graph.get(node.inputs[0].node)
    return node is not None and node.is_const


def constants_of(graph: Graph, node: Node) -> list[tuple[str, TensorValue]]:
    """Return the constants a node is or reads, each with a name for people; largest first."""
    found: list[tuple[str, TensorValue]] = []
    if node.is_const:
        value = node.attrs.get("value")
        return [(node.name, value)] if isinstance(value, TensorValue) else []
    for ref in node.inputs:
        source = graph.get(ref.node)
        if source is not None and source.op == "Identity" and source.inputs:
            source = graph.get(source.inputs[0].node)
        if source is not None and source.is_const:
            value = source.attrs.get("value")
            if isinstance(value, TensorValue):
                found.append((source.name.rpartition("/")[2], value))
    return sorted(found, key=lambda pair: -pair[1].size)
