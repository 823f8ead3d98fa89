"""NodeDef and GraphDef messages, TensorFlow's own or ours, told apart by nothing but their type.

TensorFlow is never imported here; where a script has imported it already, new graphs are made of
its messages, so that the script can hand them to TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, MutableSequence
from typing import Any, Protocol, runtime_checkable

from surgeon_gui.proto import graphdef_pb2 as pb


@runtime_checkable
class NodeDef(Protocol):
    """A NodeDef message of any origin."""

    name: str
    op: str
    device: str

    @property
    def input(self) -> MutableSequence[str]: ...
    @property
    def attr(self) -> Any: ...
    def SerializeToString(self) -> bytes: ...
    def CopyFrom(self, other: Any) -> None: ...


@runtime_checkable
class GraphDef(Protocol):
    """A GraphDef message of any origin."""

    @property
    def node(self) -> Any: ...
    def SerializeToString(self) -> bytes: ...
    def ParseFromString(self, data: bytes) -> int: ...


def new_graphdef() -> GraphDef:
    """Return an empty GraphDef: TensorFlow's where it is loaded, else ours."""
    module = sys.modules.get("tensorflow.core.framework.graph_pb2")
    made = pb.GraphDef() if module is None else module.GraphDef()
    if not isinstance(made, GraphDef):
        raise TypeError("tensorflow.core.framework.graph_pb2 holds no GraphDef message")
    return made


def new_nodedef() -> NodeDef:
    """Return an empty NodeDef: TensorFlow's where it is loaded, else ours."""
    module = sys.modules.get("tensorflow.core.framework.node_def_pb2")
    made = pb.NodeDef() if module is None else module.NodeDef()
    if not isinstance(made, NodeDef):
        raise TypeError("tensorflow.core.framework.node_def_pb2 holds no NodeDef message")
    return made


def append_copy(graphdef: GraphDef, node: NodeDef) -> NodeDef:
    """Add a copy of a node, which may be of the other origin; return the copy."""
    added: Any = graphdef.node.add()
    if type(added) is type(node):
        added.CopyFrom(node)
    else:
        added.ParseFromString(node.SerializeToString())
    copied: NodeDef = added
    return copied


def as_nodes(nodes: NodeDef | str | Iterable[NodeDef | str]) -> list[NodeDef | str]:
    """Return one node or name, or several, as a list."""
    if isinstance(nodes, str | NodeDef):
        return [nodes]
    return list(nodes)


def name_of(node: NodeDef | str) -> str:
    return node if isinstance(node, str) else node.name
