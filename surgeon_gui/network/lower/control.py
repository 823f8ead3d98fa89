"""TF1 conditionals whose predicate is known."""

from __future__ import annotations

import numpy as np

from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import DEAD, Value


@converter("Switch", "RefSwitch")
def switch(node: Call, b: Lower) -> tuple[Value, Value]:
    """Output 0 is taken when the predicate is false, output 1 when it is true."""
    data, predicate = node.input(0), node.input(1)
    if predicate.array is None:
        raise node.refuse(
            f"Which branch is taken depends on data ({node.node.inputs[1]}).",
            f"Replace {node.node.inputs[1].node} by a constant to keep one branch.",
        )
    taken = bool(predicate.array)
    return (DEAD, data) if taken else (data, DEAD)


@converter("Merge", "RefMerge")
def merge(node: Call, b: Lower) -> tuple[Value, Value]:
    live = [place for place, value in enumerate(node.inputs) if not value.dead]
    if not live:
        return DEAD, DEAD
    if len(live) > 1:
        raise node.refuse(
            f"{len(live)} of its inputs are live: it does not close a conditional.",
            "Cut the graph before it.",
        )
    return node.inputs[live[0]], Value.known(np.int32(live[0]))
