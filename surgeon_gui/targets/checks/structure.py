"""Checks on names, edges and consumers."""

from __future__ import annotations

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
