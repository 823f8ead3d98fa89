"""What an edge of the picture carries: tensors with their readers, and control edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from surgeon_gui.graph.model import Graph, TensorRef


class Edge(NamedTuple):
    """That one node reads another, or waits for it; by name."""

    producer: str
    consumer: str


class Reader(NamedTuple):
    """A node that reads a tensor, and by which of its inputs."""

    node: str
    slots: tuple[int, ...]


@dataclass(frozen=True)
class Carried:
    """A tensor that an edge carries.

    Attributes:
        ref: the tensor.
        here: its readers at the end of this edge.
        elsewhere: its other readers.
    """

    ref: TensorRef
    here: tuple[Reader, ...]
    elsewhere: tuple[Reader, ...]


@dataclass(frozen=True)
class Load:
    """All that an edge carries.

    Attributes:
        tensors: in order of their first reader.
        controls: the edges that only say which node runs first.
    """

    tensors: tuple[Carried, ...] = ()
    controls: tuple[Edge, ...] = ()


def edges_in(graph: Graph, edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """Return those of some edges that a graph has."""
    slots = _Slots(graph)
    return tuple(
        edge
        for edge in edges
        if edge.producer in graph
        and (consumer := graph.get(edge.consumer)) is not None
        and (edge.producer in consumer.controls or edge.producer in slots.of(edge.consumer))
    )


def load_of(graph: Graph, edges: Iterable[Edge]) -> Load:
    """Return what some edges of a graph carry together; edges it does not have are left out."""
    slots = _Slots(graph)
    here: dict[TensorRef, dict[str, Reader]] = {}
    controls: dict[Edge, None] = {}
    for edge in edges:
        consumer = graph.get(edge.consumer)
        if consumer is None or edge.producer not in graph:
            continue
        if edge.producer in consumer.controls:
            controls[edge] = None
        for ref, places in slots.of(edge.consumer).get(edge.producer, {}).items():
            here.setdefault(ref, {})[edge.consumer] = Reader(edge.consumer, tuple(places))
    tensors = tuple(
        Carried(
            ref,
            tuple(readers.values()),
            tuple(
                Reader(other.name, tuple(read))
                for other in graph.consumers(ref.node)
                if other.name not in readers
                and (read := slots.of(other.name).get(ref.node, {}).get(ref))
            ),
        )
        for ref, readers in here.items()
    )
    return Load(tensors, tuple(controls))


class _Slots:
    """By which of its inputs a node reads what; nodes may have very many inputs, so found once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._found: dict[str, dict[str, dict[TensorRef, list[int]]]] = {}

    def of(self, name: str) -> Mapping[str, Mapping[TensorRef, Sequence[int]]]:
        """The inputs of a node by producer and tensor."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = {}
            for at, ref in enumerate(self._graph[name].inputs):
                found.setdefault(ref.node, {}).setdefault(ref, []).append(at)
        return found
