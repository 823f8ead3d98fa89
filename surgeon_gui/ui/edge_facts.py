"""What the inspector says of an edge, as rows; Qt-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import DType, TensorType, TensorValue
from surgeon_gui.network.ir import Network, Tensor
from surgeon_gui.ui.facts import MOST_LINKS, Fact, TypesOf, constants_of, short_dtype
from surgeon_gui.view.carried import Carried, Load, Reader
from surgeon_gui.view.words import count_text

MOST_TENSORS = 24
_MOST_ELSEWHERE = 8


class Held(NamedTuple):
    """A network tensor that equals one of the graph's, and where that one's dimensions are."""

    tensor: Tensor
    axes: tuple[int, ...]


Holders = Mapping[TensorRef, Sequence[Held]]


def holders_in(network: Network) -> Holders:
    """Return for each tensor of the graph the network's tensors that equal it."""
    tensors, found = network.tensors, dict[TensorRef, list[Held]]()
    for name, source in network.sources.items():
        if name in tensors:
            found.setdefault(source.ref, []).append(Held(tensors[name], source.axes))
    return found


def tensor_name(ref: TensorRef) -> str:
    """Return `name:port`, the port always written."""
    return f"{ref.node}:{ref.port}"


def load_words(load: Load) -> str:
    """Return how much an edge carries: `3 tensors, 1 control edge`."""
    counts = ((len(load.tensors), "tensor"), (len(load.controls), "control edge"))
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count)


def edge_facts(
    graph: Graph, load: Load, types: TypesOf | None, holders: Holders | None
) -> list[Fact]:
    """Return the rows for an edge: its tensors, who makes and who reads them, control edges.

    Args:
        graph: the graph.
        load: what the edge carries.
        types: what is known of the tensors.
        holders: the network's tensors, where the network is known.
    """
    rows = [Fact("Carries", load_words(load), "strong")]
    several = len(load.tensors) > 1
    for number, carried in enumerate(load.tensors[:MOST_TENSORS], 1):
        title = f"Tensor {number}" if several else "Tensor"
        rows.append(Fact(title, tensor_name(carried.ref), "name"))
        rows.extend(_type_rows(types.type(carried.ref) if types else None))
        rows.extend(_ends(graph, carried))
        if holders is not None:
            rows.extend(_held_rows(holders.get(carried.ref, ())))
    if len(load.tensors) > MOST_TENSORS:
        rows.append(Fact("", f"and {len(load.tensors) - MOST_TENSORS} more tensors"))
    for edge in load.controls[:MOST_LINKS]:
        rows.append(Fact("Control", "carries no tensor, only order"))
        rows.append(Fact("Runs first", edge.producer, "input", "control", edge.producer))
        rows.append(Fact("Runs after", edge.consumer, "output", "control", edge.consumer))
    if len(load.controls) > MOST_LINKS:
        rows.append(Fact("", f"and {len(load.controls) - MOST_LINKS} more control edges"))
    return rows


def _type_rows(kind: TensorType | None) -> list[Fact]:
    if kind is None:
        return []
    is_known = kind.dtype is not DType.INVALID
    rows = [
        Fact("Dtype", kind.dtype.text if is_known else "unknown"),
        Fact("Shape", str(kind.shape) if kind.shape.dims is not None else "unknown"),
    ]
    size = kind.shape.size
    if size is not None:
        rows.append(Fact("Elements", count_text(size)))
    return rows


def _ends(graph: Graph, carried: Carried) -> list[Fact]:
    producer = carried.ref.node
    rows = [Fact("Made by", producer, "input", graph[producer].op, producer)]
    for title, readers, most in (
        ("Read by", carried.here, MOST_LINKS),
        ("Also read by", carried.elsewhere, _MOST_ELSEWHERE),
    ):
        rows.extend(
            Fact(title, reader.node, "output", slot_words(reader), reader.node)
            for reader in readers[:most]
        )
        if len(readers) > most:
            rows.append(Fact("", f"and {len(readers) - most} more readers"))
    return rows


def slot_words(reader: Reader) -> str:
    """Return by which inputs a node reads: `input 0`, `inputs 0, 1`."""
    return f"input{'s' * (len(reader.slots) > 1)} {', '.join(map(str, reader.slots))}"


def _held_rows(held: Sequence[Held]) -> list[Fact]:
    """What a tensor is in the network: weights and what layers absorb have no tensor there."""
    if not held:
        return [Fact("In network", "no tensor of its own")]
    rows = []
    for tensor, axes in held:
        dims = ",".join("?" if dim < 0 else str(dim) for dim in tensor.shape)
        turned = axes != tuple(range(len(axes)))
        rows.append(Fact("In network", tensor.name))
        rows.append(Fact("Held as", f"{short_dtype(tensor.dtype)} [{dims}]"))
        if turned:
            rows.append(Fact("Axes at", ", ".join(map(str, axes))))
    return rows


def constants_on(graph: Graph, load: Load) -> list[tuple[str, TensorValue]]:
    """Return the constants an edge carries, straight or through an Identity."""
    found: dict[str, TensorValue] = {}
    for carried in load.tensors[:MOST_TENSORS]:
        producer = graph[carried.ref.node]
        if producer.is_const or producer.op == "Identity":
            found.update(constants_of(graph, producer))
    return list(found.items())
