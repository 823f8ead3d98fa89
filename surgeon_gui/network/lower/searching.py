"""Between which numbers of a sorted list a number lies: how many of them are below it."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation, UnaryOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


@converter("Bucketize")
def bucketize(node: Call, b: Lower) -> Value:
    """The boundaries that are not above the number are counted."""
    data = b.cast(node.input(0), DType.FLOAT32)
    edges = Value.known(np.array(node.floats("boundaries"), np.float32))
    if not edges.size:
        return Value.known(np.zeros(data.shape, np.int32))
    above = b.elementwise(Op.LESS, b.view(data, (*data.shape, 1)), edges, suffix="above")
    return _counted(b, b.unary(UnaryOperation.NOT, above, suffix="below"), DType.INT32)


@converter("LowerBound", "UpperBound")
def bound(node: Call, b: Lower) -> Value:
    """As `tf.searchsorted`: the lower bound counts what is less, the upper what is equal too."""
    known, wanted = node.input(0), node.input(1)
    rows, length = known.shape
    known = b.view(known, (rows, 1, length))
    wanted = b.view(wanted, (*wanted.shape, 1))
    if node.op == "LowerBound":
        below = b.elementwise(Op.LESS, known, wanted, suffix="below")
    else:
        above = b.elementwise(Op.GREATER, known, wanted, suffix="above")
        below = b.unary(UnaryOperation.NOT, above, suffix="below")
    return _counted(b, below, node.dtype("out_type", DType.INT32))


def _counted(b: Lower, flags: Value, dtype: DType) -> Value:
    """Return how many flags along the last dimension are set."""
    numbers = b.cast(flags, DType.INT32, suffix="numbers")
    count = b.reduce(ReduceOperation.SUM, numbers, (flags.rank - 1,), False, suffix="count")
    return b.cast(count, dtype)
