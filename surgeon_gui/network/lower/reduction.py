"""Reductions, arg-max, top-k, cumulative sums."""

from __future__ import annotations

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation, TopKOperation, UnaryOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_REDUCTIONS = {
    "Sum": ReduceOperation.SUM,
    "Prod": ReduceOperation.PROD,
    "Max": ReduceOperation.MAX,
    "Min": ReduceOperation.MIN,
    "Mean": ReduceOperation.AVG,
}
_LARGEST_K = 3840


@converter(*_REDUCTIONS)
def reduction(node: Call, b: Lower) -> Value:
    data = node.input(0)
    axes = node.axes(1, data.rank)
    if node.op == "Mean" and not data.dtype.is_floating:
        raise node.refuse(
            f"TensorRT has no mean of {data.dtype.text}.", "Cast the input to float32 first."
        )
    return b.reduce(_REDUCTIONS[node.op], data, axes, node.flag("keep_dims", False))


@converter("All", "Any")
def logical_reduction(node: Call, b: Lower) -> Value:
    """TensorRT reduces numbers only: 0 and 1 stand for the booleans."""
    data = node.input(0)
    op = ReduceOperation.MIN if node.op == "All" else ReduceOperation.MAX
    numbers = b.cast(b.live(data), DType.INT32, suffix="numbers")
    axes = node.axes(1, data.rank)
    reduced = b.reduce(op, numbers, axes, node.flag("keep_dims", False), suffix="reduced")
    return b.cast(reduced, DType.BOOL, suffix="")


@converter("EuclideanNorm")
def euclidean_norm(node: Call, b: Lower) -> Value:
    data = node.input(0)
    squared = b.elementwise(Op.PROD, data, data, suffix="square")
    axes = node.axes(1, data.rank)
    total = b.reduce(
        ReduceOperation.SUM, squared, axes, node.flag("keep_dims", False), suffix="sum"
    )
    return b.unary(UnaryOperation.SQRT, total)


@converter("ArgMax", "ArgMin")
def arg_extreme(node: Call, b: Lower) -> Value:
    data = b.live(node.input(0))
    dtype = node.dtype("output_type", DType.INT64)
    axis = node.axis(node.constant_int(1, "the dimension"), data.rank)
    op = TopKOperation.MAX if node.op == "ArgMax" else TopKOperation.MIN
    _, indices = top_k(b, data, 1, axis, op)
    kept = tuple(dim for place, dim in enumerate(data.shape) if place != axis)
    return b.cast(b.view(indices, kept), dtype)


@converter("TopKV2", "TopK")
def top_k_v2(node: Call, b: Lower) -> tuple[Value, Value]:
    data = b.live(node.input(0))
    k = node.constant_int(1, "k") if node.op == "TopKV2" else node.integer("k")
    if k > _LARGEST_K:
        raise node.refuse(
            f"It keeps {k} elements, TensorRT at most {_LARGEST_K}.",
            f"Set k to {_LARGEST_K} or less.",
        )
    values, indices = top_k(b, data, k, data.rank - 1, TopKOperation.MAX)
    return values, b.cast(indices, node.dtype("index_type", DType.INT32))


def top_k(b: Lower, data: Value, k: int, axis: int, op: TopKOperation) -> tuple[Value, Value]:
    """Return the values and int32 indices of the k most extreme elements along `axis`."""
    shape = (*data.shape[:axis], k, *data.shape[axis + 1 :])
    wide = b.view(data, (1, *data.shape)) if data.rank == 1 else data
    kind = layers.TopK(op=op, k=k, axis=wide.axes[axis + wide.rank - data.rank])
    values, indices = b.add_all(kind, b.tensor(wide))
    return (
        b.view(Value.of(values, data.dtype, wide.axes), shape),
        b.view(Value.of(indices, DType.INT32, wide.axes), shape),
    )


@converter("Cumsum")
def cumulative_sum(node: Call, b: Lower) -> Value:
    data = b.live(node.input(0))
    axis = node.axis(node.constant_int(1, "the axis"), data.rank)
    kind = layers.Cumulative(
        op=layers.CumulativeOperation.SUM,
        axis=data.axes[axis],
        exclusive=node.flag("exclusive", False),
        reverse=node.flag("reverse", False),
    )
    return b.pointwise(kind, data)
