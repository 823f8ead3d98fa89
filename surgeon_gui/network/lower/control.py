"""TF1 conditionals and loops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.branches import predicate_of
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.logic import chosen
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import DEAD, Guard, Value


@converter("Switch", "RefSwitch")
def switch(node: Call, b: Lower) -> tuple[Value, Value]:
    """Output 0 is taken when the predicate is false, output 1 when it is true.

    While the predicate depends on data both branches are computed, and Merge selects.
    """
    data, predicate = node.input(0), node.input(1)
    if predicate.array is not None:
        return (DEAD, data) if bool(predicate.array) else (data, DEAD)
    ref = predicate_of(b.scope, node.node)
    return (
        replace(data, guards=data.guards | {(ref, False)}),
        replace(data, guards=data.guards | {(ref, True)}),
    )


@converter("Merge", "RefMerge")
def merge(node: Call, b: Lower) -> tuple[Value, Value]:
    live = [place for place, value in enumerate(node.inputs) if not value.dead]
    if not live:
        return DEAD, DEAD
    if len(live) == 1:
        return node.inputs[live[0]], Value.known(np.int32(live[0]))
    if len(live) == 2:
        found = _sides(node.inputs[live[0]], node.inputs[live[1]])
        if found is not None:
            return _select(node, b, found[0], found[1])
    raise node.refuse(
        f"{len(live)} of its inputs are live and no one predicate decides between them.",
        "Cut the graph before it, or replace the predicate by a constant.",
    )


def _sides(first: Value, second: Value) -> tuple[TensorRef, bool] | None:
    """Return the predicate that decides, and whether the first input is its true branch."""
    for ref, side in first.guards - second.guards:
        if (ref, not side) in second.guards:
            return ref, side
    for ref, side in second.guards - first.guards:
        if all(ref != other for other, _ in first.guards):
            return ref, not side
    for ref, side in first.guards - second.guards:
        return ref, side
    return None


def _select(node: Call, b: Lower, ref: TensorRef, first_if: bool) -> tuple[Value, Value]:
    condition = b.values[ref]
    first, second = node.inputs
    if first.shape != second.shape:
        raise node.refuse(
            f"Its branches have different shapes, {list(first.shape)} and {list(second.shape)}, "
            "and which one is taken depends on data.",
            f"Replace {ref.node} by a constant to keep one branch.",
        )
    b.note("Both branches of this conditional are computed, and one result is selected.")
    guards: frozenset[Guard] = frozenset(
        guard for guard in first.guards | second.guards if guard[0] != ref
    )
    then, other = (first, second) if first_if else (second, first)
    result = chosen(b, condition, then, other)
    index = b.cast(b.live(condition), DType.INT32, suffix="index")
    if first_if:
        index = b.elementwise(Op.SUB, b.scalar(1, DType.INT32), index, suffix="other_index")
    return replace(result, guards=guards), replace(index, guards=guards)


@converter("LoopCond")
def loop_condition(node: Call, b: Lower) -> Value:
    """It decides whether the loop around it goes on."""
    return node.input(0)
