"""Comparisons, logic, selection by a condition."""

from __future__ import annotations

from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import UnaryOperation
from surgeon_gui.network.lower.arithmetic import choose
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_LOGICAL = {"LogicalAnd": Op.AND, "LogicalOr": Op.OR}


@converter("Greater", "Less")
def compare(node: Call, b: Lower) -> Value:
    op = Op.GREATER if node.op == "Greater" else Op.LESS
    return b.elementwise(op, node.input(0), node.input(1))


@converter("GreaterEqual", "LessEqual")
def compare_or_equal(node: Call, b: Lower) -> Value:
    """Two comparisons, not a negated one: NaN compares false with everything."""
    left, right = node.input(0), node.input(1)
    strict = Op.GREATER if node.op == "GreaterEqual" else Op.LESS
    return b.elementwise(
        Op.OR,
        b.elementwise(strict, left, right, suffix="strict"),
        b.elementwise(Op.EQUAL, left, right, suffix="equal"),
    )


@converter("Equal", "NotEqual")
def equal(node: Call, b: Lower) -> Value:
    left, right = node.input(0), node.input(1)
    different = node.op == "NotEqual"
    if left.dtype is DType.BOOL:
        result = b.elementwise(Op.XOR, left, right, suffix="" if different else "different")
        return result if different else b.unary(UnaryOperation.NOT, result)
    result = b.elementwise(Op.EQUAL, left, right, suffix="equal" if different else "")
    return b.unary(UnaryOperation.NOT, result) if different else result


@converter("ApproximateEqual")
def approximate_equal(node: Call, b: Lower) -> Value:
    left, right = node.input(0), node.input(1)
    difference = b.elementwise(Op.SUB, left, right, suffix="difference")
    size = b.unary(UnaryOperation.ABS, difference, suffix="size")
    return b.elementwise(Op.LESS, size, b.scalar(node.number("tolerance", 1e-5), left.dtype))


@converter(*_LOGICAL)
def logical(node: Call, b: Lower) -> Value:
    return b.elementwise(_LOGICAL[node.op], node.input(0), node.input(1))


@converter("LogicalNot")
def logical_not(node: Call, b: Lower) -> Value:
    return b.unary(UnaryOperation.NOT, node.input(0))


@converter("IsNan", "IsInf")
def is_special(node: Call, b: Lower) -> Value:
    op = UnaryOperation.ISNAN if node.op == "IsNan" else UnaryOperation.ISINF
    return b.unary(op, node.input(0))


@converter("IsFinite")
def is_finite(node: Call, b: Lower) -> Value:
    data = node.input(0)
    special = b.elementwise(
        Op.OR,
        b.unary(UnaryOperation.ISNAN, data, suffix="nan"),
        b.unary(UnaryOperation.ISINF, data, suffix="inf"),
        suffix="special",
    )
    return b.unary(UnaryOperation.NOT, special)


@converter("SelectV2")
def select_v2(node: Call, b: Lower) -> Value:
    condition, then, other = (node.input(index) for index in range(3))
    return chosen(b, condition, then, other)


@converter("Select")
def select(node: Call, b: Lower) -> Value:
    """A vector condition chooses whole rows."""
    condition, then, other = (node.input(index) for index in range(3))
    if condition.rank == 1 and then.rank > 1:
        condition = b.view(condition, (*condition.shape, *(1,) * (then.rank - 1)))
    return chosen(b, condition, then, other)


def chosen(b: Lower, condition: Value, then: Value, other: Value) -> Value:
    """Return `then` where `condition`, else `other`; booleans are selected as numbers."""
    if condition.array is not None and condition.array.size == 1:
        taken = then if condition.array.reshape(-1)[0] else other
        if taken.shape == b.broadcast_shape(condition.shape, then.shape, other.shape):
            return taken
    if then.dtype is not DType.BOOL:
        return choose(b, condition, then, other)
    numbers = choose(
        b, condition, b.cast(then, DType.INT32), b.cast(other, DType.INT32), suffix="numbers"
    )
    return b.cast(numbers, DType.BOOL, suffix="")
