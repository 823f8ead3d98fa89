"""The surgery of the golden cases, as a preprocess script would do it."""

from __future__ import annotations

from typing import Any

from surgeon_gui.compat import graphsurgeon as gs
from surgeon_gui.compat.graphsurgeon.messages import NodeDef
from surgeon_gui.graph.values import DType


def make_node(description: dict[str, Any]) -> NodeDef:
    """Return the node a case describes."""
    given = dict(description)
    name, op = given.pop("name"), given.pop("op")
    plain = given.pop("attrs_plain", None)
    attrs: dict[str, Any] = given.pop("attrs", None) or plain or {}
    if "dtype" in given:
        given["dtype"] = DType.from_text(given["dtype"])
    create = gs.create_plugin_node if plain is None else gs.create_node
    return create(name, op=op, **given, **attrs)


def operate(graph: gs.DynamicGraph, operation: dict[str, Any]) -> None:
    """Do one operation of a case's `operations`."""
    kind = operation["op"]
    if kind == "collapse_namespaces":
        _collapse(graph, operation)
    elif kind == "append":
        graph.append(make_node(operation["node"]))
    elif kind == "remove":
        graph.remove(_chosen(graph, operation), operation["remove_exclusive_dependencies"])
    else:
        graph.forward_inputs(_chosen(graph, operation))


def _chosen(graph: gs.DynamicGraph, operation: dict[str, Any]) -> list[NodeDef]:
    if "by_op" in operation:
        return graph.find_nodes_by_op(operation["by_op"])
    if operation.get("by") == "graph_outputs":
        return list(graph.graph_outputs)
    return [graph[name] for name in operation["nodes"]]


def _collapse(graph: gs.DynamicGraph, operation: dict[str, Any]) -> None:
    made: dict[str, NodeDef] = {}
    mapping: dict[str, NodeDef] = {}
    for namespace, node in operation["map"]:
        if isinstance(node, str):
            mapping[namespace] = made[node]
        else:
            mapping[namespace] = made[node["name"]] = make_node(node)
    graph.collapse_namespaces(
        mapping,
        exclude_nodes=[graph[name] for name in operation["exclude"]],
        unique_inputs=operation["unique_inputs"],
    )
