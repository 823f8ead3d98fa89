"""Elementwise arithmetic, comparisons, reductions, matrix products."""

from __future__ import annotations

from surgeon_gui.graph.attrs import dtype, flag, word
from surgeon_gui.graph.inference.base import (
    SCALAR,
    UNKNOWN,
    Mismatch,
    Types,
    Values,
    broadcast,
    dtype_of,
    infers,
    known,
    meet,
    meet_dims,
    normal_axis,
    ranked,
    same_as,
    scalar,
)
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, Shape, TensorType


@infers(
    """Abs Acos Acosh Asin Asinh Atan Atanh BesselI0e BesselI1e Ceil Cos Cosh Digamma Elu Erf Erfc
    Erfinv Exp Expm1 Floor Inv Invert LeakyRelu Lgamma Log Log1p LogSoftmax Ndtri Neg Reciprocal
    Relu Relu6 Rint Round Rsqrt Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Square Tan
    Tanh ReluGrad Relu6Grad EluGrad SeluGrad SigmoidGrad TanhGrad SoftplusGrad SoftsignGrad
    LeakyReluGrad RsqrtGrad SqrtGrad InvGrad ReciprocalGrad ZerosLike OnesLike ClipByValue Cumsum
    Cumprod FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
    QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 MatrixInverse Cholesky
    MatrixBandPart RandomShuffle Conj"""
)
def unary(node: Node, inputs: Types, values: Values) -> Types:
    return same_as(node, inputs)


@infers("LogicalNot", "IsNan", "IsInf", "IsFinite")
def unary_predicate(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.BOOL, inputs[0].shape),)


@infers(
    """Add AddV2 Sub Mul Div RealDiv FloorDiv TruncateDiv DivNoNan MulNoNan Mod FloorMod
    TruncateMod Maximum Minimum Pow SquaredDifference Atan2 BitwiseAnd BitwiseOr BitwiseXor
    LeftShift RightShift Xdivy Xlogy Xlog1py NextAfter Zeta"""
)
def binary(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), broadcast(inputs[0].shape, inputs[1].shape)),)


@infers(
    """Equal NotEqual Less LessEqual Greater GreaterEqual LogicalAnd LogicalOr
    ApproximateEqual"""
)
def comparison(node: Node, inputs: Types, values: Values) -> Types:
    try:
        found = broadcast(inputs[0].shape, inputs[1].shape)
    except Mismatch:
        if flag(node, "incompatible_shape_error", default=True):
            raise
        found = UNKNOWN
    return (TensorType(DType.BOOL, found),)


@infers("AddN", "AccumulateNV2")
def add_n(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), meet(*(tensor.shape for tensor in inputs))),)


@infers("Cast")
def cast(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype(node, "DstT"), inputs[0].shape),)


@infers("Bitcast")
def bitcast(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype(node, "type")
    source, dims = inputs[0].dtype.numpy, inputs[0].shape.dims
    if target.numpy is None or source is None or dims is None:
        return (TensorType(target, UNKNOWN),)
    ratio = (source.itemsize, target.numpy.itemsize)
    if ratio[0] == ratio[1]:
        return (TensorType(target, Shape(dims)),)
    if ratio[0] > ratio[1]:
        return (TensorType(target, Shape((*dims, ratio[0] // ratio[1]))),)
    if not dims:
        raise Mismatch("a scalar cannot become a wider dtype")
    return (TensorType(target, Shape(dims[:-1])),)


@infers("Select", "SelectV2")
def select(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs, index=1)
    if node.op == "SelectV2":
        return (TensorType(target, broadcast(*(tensor.shape for tensor in inputs[:3]))),)
    return (TensorType(target, meet(inputs[1].shape, inputs[2].shape)),)


@infers("Sum", "Mean", "Max", "Min", "Prod", "All", "Any", "EuclideanNorm")
def reduce(node: Node, inputs: Types, values: Values) -> Types:
    target = DType.BOOL if node.op in ("All", "Any") else dtype_of(node, inputs)
    keep = flag(node, "keep_dims") or flag(node, "keepdims")
    dims = inputs[0].shape.dims
    axes = known(values[1]) if len(values) > 1 else None
    if dims is None:
        scalar_axes = axes is not None and not axes
        return (TensorType(target, inputs[0].shape if keep or scalar_axes else UNKNOWN),)
    if axes is None:
        count = inputs[1].shape.size
        if keep:
            return (TensorType(target, Shape((-1,) * len(dims))),)
        if count == 1 or count == len(dims) == 1:
            return (TensorType(target, Shape((-1,) * (len(dims) - 1))),)
        return (TensorType(target, UNKNOWN),)
    reduced = {normal_axis(axis, len(dims)) for axis in axes}
    if keep:
        out = tuple(1 if axis in reduced else dim for axis, dim in enumerate(dims))
    else:
        out = tuple(dim for axis, dim in enumerate(dims) if axis not in reduced)
    return (TensorType(target, Shape(out)),)


@infers("ArgMax", "ArgMin")
def arg_extreme(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype(node, "output_type", default=DType.INT64)
    dims = inputs[0].shape.dims
    if dims is None:
        return (TensorType(target, UNKNOWN),)
    axis = scalar(values, 1)
    if axis is None:
        return (TensorType(target, Shape((-1,) * max(len(dims) - 1, 0))),)
    axis = normal_axis(axis, len(dims))
    return (TensorType(target, Shape(dims[:axis] + dims[axis + 1 :])),)


@infers("L2Loss")
def to_scalar(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), SCALAR),)


@infers("MatMul", "SparseMatMul", "_FusedMatMul")
def mat_mul(node: Node, inputs: Types, values: Values) -> Types:
    first, second = ranked(inputs[0].shape, 2), ranked(inputs[1].shape, 2)
    if flag(node, "transpose_a"):
        first = first[::-1]
    if flag(node, "transpose_b"):
        second = second[::-1]
    meet_dims(first[1], second[0])
    target = DType.FLOAT32 if node.op == "SparseMatMul" else dtype_of(node, inputs)
    return (TensorType(target, Shape((first[0], second[1]))),)


@infers("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")
def batch_mat_mul(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs, "Tout", "T")
    first, second = inputs[0].shape.dims, inputs[1].shape.dims
    if first is None or second is None:
        return (TensorType(target, UNKNOWN),)
    if len(first) < 2 or len(second) < 2:
        raise Mismatch("needs inputs of rank 2 or more")
    if flag(node, "adj_x"):
        first = (*first[:-2], first[-1], first[-2])
    if flag(node, "adj_y"):
        second = (*second[:-2], second[-1], second[-2])
    meet_dims(first[-1], second[-2])
    batch = broadcast(Shape(first[:-2]), Shape(second[:-2])).dims or ()
    return (TensorType(target, Shape((*batch, first[-2], second[-1]))),)


@infers("Einsum")
def einsum(node: Node, inputs: Types, values: Values) -> Types:
    target = dtype_of(node, inputs)
    left, arrow, right = word(node, "equation").replace(" ", "").partition("->")
    labels = left.split(",")
    if not arrow or "." in left or len(labels) != len(inputs):
        return (TensorType(target, UNKNOWN),)
    sizes: dict[str, int] = {}
    for text, tensor in zip(labels, inputs, strict=True):
        for label, dim in zip(text, ranked(tensor.shape, len(text)), strict=True):
            sizes[label] = meet_dims(sizes.get(label, -1), dim)
    return (TensorType(target, Shape(tuple(sizes[label] for label in right))),)


@infers("BroadcastGradientArgs")
def broadcast_gradient(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), Shape((-1,))),) * 2


@infers("SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits")
def cross_entropy(node: Node, inputs: Types, values: Values) -> Types:
    batch, classes = ranked(inputs[0].shape, 2)
    target = dtype_of(node, inputs)
    return TensorType(target, Shape((batch,))), TensorType(target, Shape((batch, classes)))


@infers("SegmentSum", "SegmentMean", "SegmentMax", "SegmentMin", "SegmentProd")
def segment(node: Node, inputs: Types, values: Values) -> Types:
    dims = inputs[0].shape.dims
    return (
        TensorType(dtype_of(node, inputs), UNKNOWN if dims is None else Shape((-1, *dims[1:]))),
    )


@infers("Bucketize")
def bucketize(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.INT32, inputs[0].shape),)


@infers("InTopK", "InTopKV2")
def in_top_k(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.BOOL, Shape((ranked(inputs[0].shape, 2)[0],))),)


@infers("Cross")
def cross(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), meet(inputs[0].shape, inputs[1].shape)),)
