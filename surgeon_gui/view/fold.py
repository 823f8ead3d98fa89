"""Constants fold into the nodes that read them, where they are shown as rows.

Folded are: a constant (or a constant behind `Identity`s, as frozen variables are) with one reader,
and a small constant (an axis, a shape, a factor) with any number of readers.
"""

from __future__ import annotations

from dataclasses import dataclass

from surgeon_gui.graph.model import Graph, Node
from surgeon_gui.view.flow import Flow
from surgeon_gui.view.pace import BATCH, Pace, completed

# Up to this many bytes of NodeDef a constant may have several readers and still fold.
_SMALL = 320


@dataclass(frozen=True, slots=True)
class Folding:
    """Which nodes are not drawn by themselves.

    Attributes:
        is_folded: per node of the graph, whether it is shown inside its readers only.
        rows: reader → (input slot, constant) of what is folded into it, by input slot.
        readers: folded node → the nodes it is shown in, ascending.
    """

    is_folded: tuple[bool, ...]
    rows: dict[int, tuple[tuple[int, int], ...]]
    readers: dict[int, tuple[int, ...]]


def fold_constants(graph: Graph, flow: Flow) -> Folding:
    """Return what folds into what."""
    return completed(fold_steps(graph, flow))


def fold_steps(graph: Graph, flow: Flow) -> Pace[Folding]:
    """The same as `fold_constants`, in steps."""
    folded = [False] * len(graph)
    constant: dict[int, int] = {}  # the end of a chain (Const or its Identity) → its Const
    waited_for = {source for waits in flow.controls for source in waits}
    yield 0.0
    pending = [i for i, node in enumerate(graph.nodes) if node.op == "Const"]
    constant.update(zip(pending, pending, strict=True))
    yield 0.1
    while pending:
        current = pending.pop()
        if len(pending) % BATCH == 0:
            yield 0.3
        readers = flow.consumers[current]
        if not readers or current in waited_for:
            continue
        if len(readers) > 1 and not _is_small(graph.nodes[constant[current]]):
            continue
        folded[current] = True
        for reader in readers:
            if _passes_on(graph.nodes[reader], flow, reader):
                constant[reader] = constant[current]
                pending.append(reader)
    # An Identity that reads a folded constant but cannot fold itself keeps the constant as its row.
    rows: dict[int, tuple[tuple[int, int], ...]] = {}
    shown_in: dict[int, dict[int, None]] = {}
    for reader, sources in enumerate(flow.inputs):
        if reader % BATCH == 0:
            yield 0.7
        if folded[reader]:
            continue
        slots = [slot for slot, source in enumerate(sources) if source >= 0 and folded[source]]
        if not slots:
            continue
        rows[reader] = tuple((slot, constant[sources[slot]]) for slot in slots)
        for slot in slots:
            link = sources[slot]
            shown_in.setdefault(link, {})[reader] = None
            while graph.nodes[link].op != "Const":
                link = flow.inputs[link][0]
                shown_in.setdefault(link, {})[reader] = None
    # Readers were met in ascending order.
    readers_of: dict[int, tuple[int, ...]] = {}
    for node, met in shown_in.items():
        if len(readers_of) % BATCH == 0:
            yield 0.9
        readers_of[node] = tuple(met)
    return Folding(tuple(folded), rows, readers_of)


def _passes_on(node: Node, flow: Flow, position: int) -> bool:
    """Whether the node is an `Identity` that only renames one tensor."""
    return node.op == "Identity" and len(flow.inputs[position]) == 1 and not node.controls


def _is_small(node: Node) -> bool:
    if node.source is not None:
        return len(node.source) <= _SMALL
    value = node.attrs.get("value")
    return getattr(value, "nbytes", _SMALL + 1) <= _SMALL
