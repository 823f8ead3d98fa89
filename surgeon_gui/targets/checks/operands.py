"""Checks on operands: which are constant, and what values they hold."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.targets.checks.context import CHECKS, Context, Facts, compare

_AXIS_FIRST = ("Concat", "Split")
_AXIS_LAST = ("ConcatV2", "GatherV2", "SplitV")


def _const(context: Context, index: int, facts: Facts) -> bool | None:
    if not context.is_constant(index):
        return False
    rank = facts.get("rank")
    return rank is None or context.rank(index) in (None, rank)


@CHECKS.register("input_const")
def input_const(context: Context, facts: Facts) -> bool | None:
    return _const(context, facts["index"], facts)


@CHECKS.register("input_not_const")
def input_not_const(context: Context, facts: Facts) -> bool | None:
    return not _const(context, facts["index"], facts)


@CHECKS.register("inputs_const")
def inputs_const(context: Context, facts: Facts) -> bool | None:
    return all(_const(context, index, facts) for index in facts["indices"])


def _count(context: Context) -> int:
    return len(context.node.inputs)


def _constants(context: Context) -> list[bool]:
    return [context.is_constant(index) for index in range(_count(context))]


@CHECKS.register("no_input_const")
def no_input_const(context: Context, facts: Facts) -> bool | None:
    return not any(_constants(context))


@CHECKS.register("any_input_const")
def any_input_const(context: Context, facts: Facts) -> bool | None:
    return any(_constants(context))


@CHECKS.register("not_all_const")
def not_all_const(context: Context, facts: Facts) -> bool | None:
    return not all(_constants(context))


def _axis_operand(context: Context) -> int | None:
    if context.node.op in _AXIS_FIRST:
        return 0
    return _count(context) - 1 if context.node.op in _AXIS_LAST else None


@CHECKS.register("no_data_input_const")
def no_data_input_const(context: Context, facts: Facts) -> bool | None:
    axis = _axis_operand(context)
    return not any(constant for index, constant in enumerate(_constants(context)) if index != axis)


@CHECKS.register("axis_input_not_const")
def axis_input_not_const(context: Context, facts: Facts) -> bool | None:
    axis = _axis_operand(context)
    return axis is not None and not context.is_constant(axis)


@CHECKS.register("const_rank")
def const_rank(context: Context, facts: Facts) -> bool | None:
    found = context.constant(facts["input"])
    return None if found is None else len(found.shape) == facts["value"]


@CHECKS.register("const_dim")
def const_dim(context: Context, facts: Facts) -> bool | None:
    found = context.constant(facts["input"])
    if found is None or facts["dim"] >= len(found.shape):
        return None
    return compare(found.shape[facts["dim"]], facts["op"], facts["value"])


@CHECKS.register("const_count")
def const_count(context: Context, facts: Facts) -> bool | None:
    found = context.array(facts["input"])
    if found is None:
        return None
    return compare(int(np.count_nonzero(found == facts["value"])), facts["op"], facts["count"])


@CHECKS.register("const_min")
def const_min(context: Context, facts: Facts) -> bool | None:
    found = context.array(facts["input"])
    return None if found is None or not found.size else bool(found.min() >= facts["value"])


@CHECKS.register("const_max")
def const_max(context: Context, facts: Facts) -> bool | None:
    found = context.array(facts["input"])
    return None if found is None or not found.size else bool(found.max() <= facts["value"])


@CHECKS.register("const_set_in")
def const_set_in(context: Context, facts: Facts) -> bool | None:
    found = context.array(facts["input"])
    if found is None:
        return None
    return sorted(int(item) for item in found.flat) in [sorted(item) for item in facts["values"]]


@CHECKS.register("const_eq_last_input")
def const_eq_last_input(context: Context, facts: Facts) -> bool | None:
    """The last operand is a constant and holds this number only."""
    found = context.array(-1)
    return None if found is None or not found.size else bool((found == facts["value"]).all())


@CHECKS.register("const_encoding")
def const_encoding(context: Context, facts: Facts) -> bool | None:
    """Which TensorProto field holds the values: the UFF converter reads only some of them."""
    value = context.attr("value")
    if not isinstance(value, TensorValue):
        return None
    message = value.to_message()
    if message.tensor_content or message.dtype == DType.STRING.value:
        return True
    listed = [
        descriptor.name
        for descriptor, _ in message.ListFields()
        if descriptor.name.endswith("_val")
    ]
    return not listed or any(name in facts["allowed"] for name in listed)


@CHECKS.register("if_other_const_rank_ge")
def if_other_const_rank_ge(context: Context, facts: Facts) -> bool | None:
    """If one operand is constant, the other has at least this rank."""
    constant = _constants(context)
    if len(constant) != 2 or constant[0] == constant[1]:
        return True
    rank = context.rank(0 if constant[1] else 1)
    return None if rank is None else rank >= facts["value"]


@CHECKS.register("pad_symmetric")
def pad_symmetric(context: Context, facts: Facts) -> bool | None:
    found = context.array(facts["input"])
    return None if found is None else bool((found[:, 0] == found[:, 1]).all())


@CHECKS.register("pad_axes_only")
def pad_axes_only(context: Context, facts: Facts) -> bool | None:
    """Only H and W are padded; or (`max2_not_batch`) at most two axes, the batch not among them."""
    found = context.array(facts["input"])
    if found is None:
        return None
    padded = [axis for axis, pads in enumerate(found) if pads.any()]
    if facts.get("axes") == "max2_not_batch":
        return len(padded) <= 2 and 0 not in padded
    spatial = context.spatial_axes if len(found) == 4 else ()
    return all(axis in spatial for axis in padded)
