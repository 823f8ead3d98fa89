"""Checks on names, edges and consumers."""

from __future__ import annotations

from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.targets.checks.context import CHECKS, Context, Facts


@CHECKS.register("consumer_op_in")
def consumer_op_in(context: Context, facts: Facts) -> bool | None:
    return any(consumer.op in facts["values"] for consumer in context.consumers)


@CHECKS.register("only_feeds")
def only_feeds(context: Context, facts: Facts) -> bool | None:
    return all(consumer.op in facts["consumers"] for consumer in context.consumers)


def _used_ports(context: Context) -> set[int]:
    return {
        ref.port
        for consumer in context.consumers
        for ref in consumer.inputs
        if ref.node == context.node.name
    }


@CHECKS.register("only_output")
def only_output(context: Context, facts: Facts) -> bool | None:
    return _used_ports(context) <= {facts["index"]}


@CHECKS.register("no_nonzero_output_index")
def no_nonzero_output_index(context: Context, facts: Facts) -> bool | None:
    return all(ref.port == 0 for ref in context.node.inputs)


@CHECKS.register("nonzero_output_index")
def nonzero_output_index(context: Context, facts: Facts) -> bool | None:
    return any(ref.port for ref in context.node.inputs)


@CHECKS.register("has_control_inputs")
def has_control_inputs(context: Context, facts: Facts) -> bool | None:
    return bool(context.node.controls)


@CHECKS.register("no_control_inputs")
def no_control_inputs(context: Context, facts: Facts) -> bool | None:
    return not context.node.controls


@CHECKS.register("name_parent_contains")
def name_parent_contains(context: Context, facts: Facts) -> bool | None:
    parts = context.node.name.split("/")
    return len(parts) > 1 and facts["value"].lower() in parts[-2].lower()


@CHECKS.register("namespace_in")
def namespace_in(context: Context, facts: Facts) -> bool | None:
    return context.node.name.split("/")[0] in facts["values"]


@CHECKS.register("node_name_in")
def node_name_in(context: Context, facts: Facts) -> bool | None:
    return context.node.name in facts["values"]


@CHECKS.register("graph_has_namespace")
def graph_has_namespace(context: Context, facts: Facts) -> bool | None:
    prefix = f"{facts['value']}/"
    return any(node.name.startswith(prefix) for node in context.graph)


@CHECKS.register("unused_output")
def unused_output(context: Context, facts: Facts) -> bool | None:
    """No node reads the output, nor is it an output of the graph."""
    index = facts["index"]
    asked = {ref.port for ref in context.graph.outputs or () if ref.node == context.node.name}
    return index not in _used_ports(context) | asked


@CHECKS.register("duplicate_consts")
def duplicate_consts(context: Context, facts: Facts) -> bool | None:
    """Another constant of the graph holds the same bytes."""
    value = context.attr("value")
    if context.node.op != "Const" or not isinstance(value, TensorValue):
        return False
    content = _content(value)
    return any(
        node.op == "Const"
        and node is not context.node
        and isinstance(other := node.attrs.get("value"), TensorValue)
        and (other.dtype, other.shape) == (value.dtype, value.shape)
        and _content(other) == content
        for node in context.graph
    )


def _content(value: TensorValue) -> bytes | None:
    return None if value.dtype is DType.STRING else value.array.tobytes()
