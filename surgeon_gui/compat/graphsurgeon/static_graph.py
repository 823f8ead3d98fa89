"""StaticGraph: a GraphDef with look-ups."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

from surgeon_gui.compat.graphsurgeon.events import write_graph_event
from surgeon_gui.compat.graphsurgeon.messages import GraphDef, NodeDef, new_graphdef
from surgeon_gui.uff.wiring import Wiring, clean_name, last_component, matches

_INPUT_OPS = ("Placeholder", "FIFOQueueV2", "FIFOQueue")


class StaticGraph:
    """A GraphDef that is looked at.

    Args:
        graphdef: a GraphDef, wrapped without copying; the path of a binary one; a tf.Graph; another
            StaticGraph, whose GraphDef is shared; nothing, for an empty graph.

    Attributes:
        node_map: nodes by name; of equal names the last. Like the next three it is made when a
            GraphDef is loaded and after `remove`, `forward_inputs` and `collapse_namespaces`, but
            not after `append`, `extend`, `add` or a change of a node.
        node_outputs: consumers by name, one entry for each input that names the node.
        graph_outputs: nodes with an input and no consumer.
        graph_inputs: placeholders and queues.
    """

    def __init__(self, graphdef: object = None) -> None:
        self.node_map: dict[str, NodeDef] = {}
        self.node_outputs: dict[str, list[NodeDef]] = {}
        self.graph_outputs: Any = {}
        self.graph_inputs: Any = {}
        self._graphdef: GraphDef = new_graphdef()
        if graphdef is None:
            return
        if isinstance(graphdef, str | os.PathLike):
            self.read(graphdef)
        elif isinstance(graphdef, StaticGraph):
            self._graphdef = graphdef._graphdef
            self.node_map = graphdef.node_map
            self.node_outputs = graphdef.node_outputs
            self.graph_outputs = graphdef.graph_outputs
            self.graph_inputs = graphdef.graph_inputs
        else:
            made = graphdef if isinstance(graphdef, GraphDef) else _as_graph_def(graphdef)
            self._graphdef = made
            self._analyse()

    def _analyse(self) -> None:
        wiring = self._wiring()
        self.node_map = wiring.node_map
        self.node_outputs = wiring.consumers
        self.graph_outputs = wiring.outputs
        self.graph_inputs = [node for node in wiring.nodes if node.op in _INPUT_OPS]

    def _wiring(self) -> Wiring[NodeDef]:
        return Wiring(self._graphdef.node)

    @overload
    def __getitem__(self, index: int | str) -> NodeDef: ...
    @overload
    def __getitem__(self, index: slice) -> list[NodeDef]: ...
    def __getitem__(self, index: int | str | slice) -> NodeDef | list[NodeDef]:
        """Return nodes by position, or the one of a name."""
        if isinstance(index, str):
            found = next((node for node in self._graphdef.node if node.name == index), None)
            if found is None:
                raise KeyError(index)
            node: NodeDef = found
            return node
        picked: NodeDef | list[NodeDef] = self._graphdef.node[index]
        return picked

    def __iter__(self) -> Iterator[NodeDef]:
        return iter(self._graphdef.node)

    def __len__(self) -> int:
        return len(self._graphdef.node)

    def as_graph_def(self) -> Any:
        """Return the GraphDef itself."""
        return self._graphdef

    def read(self, filename: str | os.PathLike[str]) -> None:
        """Replace the content by that of a binary GraphDef file."""
        self._graphdef.ParseFromString(Path(filename).read_bytes())
        self._analyse()

    def write(self, filename: str | os.PathLike[str]) -> None:
        """Write a binary GraphDef file."""
        Path(filename).write_bytes(self._graphdef.SerializeToString())

    def write_tensorboard(self, logdir: str | os.PathLike[str]) -> None:
        """Write an event file that TensorBoard shows the graph of; constants stay out of it."""
        write_graph_event(Path(logdir), self._graphdef.SerializeToString())

    def find_nodes_by_op(self, op: str | Container[str]) -> list[NodeDef]:
        """Return the nodes of an op, or of one of several."""
        return [node for node in self if (node.op == op if isinstance(op, str) else node.op in op)]

    def find_nodes_by_name(self, name: str | Iterable[str]) -> list[NodeDef]:
        """Return nodes whose last path component equals or, as a regex, matches a pattern."""
        patterns = [name] if isinstance(name, str) else list(name)
        return [node for node in self if matches(last_component(node.name), patterns)]

    def find_nodes_by_path(self, path: str | Iterable[str]) -> list[NodeDef]:
        """Return nodes whose whole name equals or, as a regex, matches a pattern."""
        patterns = [path] if isinstance(path, str) else list(path)
        return [node for node in self if matches(node.name, patterns)]

    def find_node_chains_by_op(self, chain: Sequence[str]) -> list[list[NodeDef]]:
        """Return chains of nodes with these ops, each from its start to its end."""
        return self._wiring().chains_by_op(chain)

    def find_node_inputs(self, node: NodeDef) -> list[NodeDef]:
        """Return the producers of a node, in input order."""
        return [self.node_map[clean_name(text)] for text in node.input]

    def find_node_inputs_by_name(self, node: NodeDef, name: str | Iterable[str]) -> list[NodeDef]:
        """Return producers whose last path component matches; see `find_nodes_by_name`."""
        patterns = [name] if isinstance(name, str) else list(name)
        return [
            self.node_map[clean_name(text)]
            for text in node.input
            if matches(last_component(text), patterns)
        ]

    def find_node_inputs_by_op(self, node: NodeDef, op: str | Container[str]) -> list[NodeDef]:
        """Return producers of an op, or of one of several."""
        return [
            producer
            for producer in self.find_node_inputs(node)
            if (producer.op == op if isinstance(op, str) else producer.op in op)
        ]


def _as_graph_def(graph: object) -> GraphDef:
    convert = getattr(graph, "as_graph_def", None)
    made = convert() if callable(convert) else None
    if not isinstance(made, GraphDef):
        raise TypeError(f"A graph cannot be made of a {type(graph).__name__}.")
    return made
