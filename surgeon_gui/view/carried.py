"""What an edge of the picture carries: tensors with their readers, and control edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from surgeon_gui.graph.model import Graph, TensorRef


class Edge(NamedTuple):
    """That one node reads another, or waits for it; by name."""

    producer: str
    consumer: str

    def is_in(self, graph: Graph) -> bool:
        """Whether the graph has this edge."""
        consumer = graph.get(self.consumer)
        return (
            consumer is not None
            and self.producer in graph
            and (
                self.producer in consumer.controls
                or any(ref.node == self.producer for ref in consumer.inputs)
            )
        )


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


def load_of(graph: Graph, edges: Iterable[Edge]) -> Load:
    """Return what some edges of a graph carry together; edges it does not have are left out."""
    here: dict[TensorRef, dict[str, Reader]] = {}
    controls: dict[Edge, None] = {}
    for edge in edges:
        consumer = graph.get(edge.consumer)
        if consumer is None or edge.producer not in graph:
            continue
        if edge.producer in consumer.controls:
            controls[edge] = None
        for ref in dict.fromkeys(consumer.inputs):
            if ref.node == edge.producer:
                here.setdefault(ref, {})[consumer.name] = _reader(graph, consumer.name, ref)
    tensors = tuple(
        Carried(
            ref,
            tuple(readers.values()),
            tuple(
                _reader(graph, other.name, ref)
                for other in graph.consumers(ref.node)
                if other.name not in readers and ref in other.inputs
            ),
        )
        for ref, readers in here.items()
    )
    return Load(tensors, tuple(controls))


def _reader(graph: Graph, name: str, ref: TensorRef) -> Reader:
    return Reader(name, tuple(at for at, read in enumerate(graph[name].inputs) if read == ref))
