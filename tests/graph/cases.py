"""Single-op cases: an op, its attributes in text form, its input arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(7)


class Case(NamedTuple):
    op: str
    attrs: str
    inputs: tuple[Array, ...]


def case(op: str, *inputs: Any, attrs: str = "") -> Case:
    return Case(op, attrs, tuple(np.asarray(value) for value in inputs))


def words(text: str) -> list[str]:
    return text.split()


def floats(*shape: int, low: float = -3.0, high: float = 3.0) -> Array:
    return RANDOM.uniform(low, high, shape).astype(np.float32)


def i32(*values: Any) -> Array:
    return np.array(values[0] if len(values) == 1 else values, dtype=np.int32)


def ints(*shape: int, low: int = -9, high: int = 9) -> Array:
    return RANDOM.integers(low, high, shape).astype(np.int32)


X = floats(2, 3, 4)
IMAGE = floats(2, 7, 6, 4)
SIGNED = i32([-7, -6, -1, 0, 1, 5, 7, 8])
DIVISORS = i32([2, -4, 3, 5, -2, 2, -3, 8])
SPECIAL = np.array([-np.inf, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5, np.inf, np.nan], dtype=np.float32)
UNIT = floats(3, 5, low=-0.9, high=0.9)
BOOLS = np.array([[True, False, True], [False, False, True]])

UNARY = [
    case(op, floats(3, 5))
    for op in [
        "Abs",
        "Ceil",
        "Cos",
        "Cosh",
        "Erf",
        "Erfc",
        "Exp",
        "Expm1",
        "Floor",
        "Inv",
        "Neg",
        "OnesLike",
        "Reciprocal",
        "Relu",
        "Relu6",
        "Rint",
        "Round",
        "Selu",
        "Elu",
        "Sigmoid",
        "Sign",
        "Sin",
        "Sinh",
        "Softplus",
        "Softsign",
        "Square",
        "Tan",
        "Tanh",
        "ZerosLike",
        "Atan",
        "Asinh",
        "Identity",
        "StopGradient",
        "Snapshot",
        "Softmax",
        "LogSoftmax",
        "L2Loss",
        "LeakyRelu",
    ]
]
POSITIVE = [case(op, floats(3, 5, low=0.1)) for op in ["Log", "Log1p", "Rsqrt", "Sqrt", "Lgamma"]]
BOUNDED = [case(op, UNIT) for op in ["Acos", "Asin", "Atanh"]]
EDGES = [
    case(op, SPECIAL)
    for op in [
        "Abs",
        "Ceil",
        "Floor",
        "Rint",
        "Round",
        "Sign",
        "Relu",
        "Relu6",
        "Sigmoid",
        "Tanh",
        "IsNan",
        "IsInf",
        "IsFinite",
    ]
]
INTEGER_UNARY = [
    case(op, SIGNED)
    for op in words(
        """
        Abs Neg Sign Square Invert Relu
        """
    )
]
BINARY = [
    case(op, X, floats(4, low=0.5))
    for op in [
        "Add",
        "AddV2",
        "Sub",
        "Mul",
        "RealDiv",
        "Div",
        "Maximum",
        "Minimum",
        "SquaredDifference",
        "Atan2",
        "FloorDiv",
        "FloorMod",
        "Mod",
        "DivNoNan",
        "Less",
        "LessEqual",
        "Greater",
        "GreaterEqual",
        "Equal",
        "NotEqual",
    ]
]
INTEGER_BINARY = [
    case(op, SIGNED, DIVISORS)
    for op in [
        "Add",
        "Sub",
        "Mul",
        "Div",
        "FloorDiv",
        "FloorMod",
        "Mod",
        "TruncateDiv",
        "TruncateMod",
        "Maximum",
        "Minimum",
        "BitwiseAnd",
        "BitwiseOr",
        "BitwiseXor",
        "Less",
        "Equal",
        "SquaredDifference",
    ]
]
WRAPPING = [
    case(op, np.array([2**31 - 1, -(2**31)], np.int32), i32([2, -1]))
    for op in ["Add", "Mul", "Sub"]
]
LOGIC = [case(op, BOOLS, ~BOOLS) for op in ["LogicalAnd", "LogicalOr"]]
OTHER_ELEMENTWISE = [
    case("LogicalNot", BOOLS),
    case("Pow", floats(3, 5, low=0.1), floats(5)),
    case("Pow", SIGNED, i32([2] * 8)),
    case("MulNoNan", SPECIAL, np.zeros(9, np.float32)),
    case("DivNoNan", SPECIAL, np.zeros(9, np.float32)),
    case("Xdivy", floats(4), floats(4, low=0.5)),
    case("Xlogy", floats(4), floats(4, low=0.5)),
    case("LeftShift", SIGNED, i32([1] * 8)),
    case("RightShift", SIGNED, i32([1] * 8)),
    case("AddN", X, X, X),
    case("ClipByValue", X, np.float32(-1), np.float32(1)),
    case("ApproximateEqual", X, X + np.float32(1e-6)),
    case("LeakyRelu", X, attrs="alpha=0.05"),
    case("Select", BOOLS, floats(2, 3), floats(2, 3)),
    case("Select", np.array([True, False]), floats(2, 3), floats(2, 3)),
    case("SelectV2", BOOLS, floats(3), np.float32(2)),
    case("Cast", floats(6) * 100, attrs="DstT=i32"),
    case("Cast", floats(6), attrs="DstT=f16"),
    case("Cast", floats(6), attrs="DstT=bf16"),
    case("Cast", floats(6), attrs="DstT=f64"),
    case("Cast", SIGNED, attrs="DstT=bool"),
    case("Cast", SIGNED, attrs="DstT=u8"),
    case("Cast", SIGNED, attrs="DstT=f32"),
    case("Cast", BOOLS, attrs="DstT=i64"),
    case("Bitcast", floats(3, 4), attrs="type=i32"),
    case("Bitcast", floats(3, 4), attrs="type=u8"),
    case("FakeQuantWithMinMaxArgs", X, attrs="min=-1.0, max=2.5, num_bits=8, narrow_range=false"),
    case("FakeQuantWithMinMaxVars", X, np.float32(-1.3), np.float32(2), attrs="num_bits=8"),
    case("FakeQuantWithMinMaxVars", X, np.float32(-1), np.float32(2), attrs="narrow_range=true"),
    case("CheckNumerics", X, attrs='message="m"'),
    case("EnsureShape", X, attrs="shape=[2, ?, 4]"),
]
REDUCTIONS = [
    case(op, X, axes, attrs=f"keep_dims={keep}, Tidx=i32")
    for op in words(
        """
        Sum Mean Max Min Prod EuclideanNorm
        """
    )
    for axes, keep in ((i32([0, -1]), "true"), (i32(1), "false"), (i32([]), "false"))
]
MORE_REDUCTIONS = [
    case("Mean", SIGNED, i32(0)),
    case("Prod", SIGNED, i32([0])),
    case("Sum", np.zeros((0, 3), np.float32), i32(0)),
    case("Max", np.zeros((0, 3), np.float32), i32(0)),
    case("All", BOOLS, i32(1)),
    case("Any", BOOLS, i32([0, 1]), attrs="keep_dims=true"),
    case("ArgMax", X, i32(-1), attrs="output_type=i32"),
    case("ArgMin", X, i32(1)),
    case("Cumsum", X, i32(1)),
    case("Cumsum", X, i32(-1), attrs="exclusive=true, reverse=true"),
    case("Cumprod", X, i32(0), attrs="exclusive=true"),
    case("MatMul", floats(3, 4), floats(4, 5)),
    case("MatMul", floats(4, 3), floats(5, 4), attrs="transpose_a=true, transpose_b=true"),
    case("BatchMatMulV2", floats(2, 1, 3, 4), floats(5, 4, 2)),
    case("BatchMatMul", floats(2, 4, 3), floats(2, 5, 4), attrs="adj_x=true, adj_y=true"),
    case("Einsum", floats(2, 3, 4), floats(4, 5), attrs='equation="bij,jk->bik"'),
]
STRIDED = [
    case("StridedSlice", X, begin, end, strides, attrs=attrs)
    for begin, end, strides, attrs in (
        (i32([0, 1]), i32([1, 3]), i32([1, 1]), ""),
        (i32([1, 0, 2]), i32([2, 3, 0]), i32([1, 2, -1]), ""),
        (i32([0, 0]), i32([0, 2]), i32([1, 1]), "begin_mask=1, end_mask=1"),
        (i32([0, -1]), i32([0, 0]), i32([1, 1]), "ellipsis_mask=1, shrink_axis_mask=2"),
        (
            i32([0, 0, 1]),
            i32([0, 0, 3]),
            i32([1, 1, 1]),
            "new_axis_mask=1, begin_mask=2, end_mask=2",
        ),
        (i32([-1]), i32([0]), i32([1]), "shrink_axis_mask=1"),
        (i32([5]), i32([-9]), i32([-1]), "end_mask=1"),
        (
            i32([0, 0, 0, 1]),
            i32([2, 0, 0, 9]),
            i32([1, 1, 1, 2]),
            "ellipsis_mask=2, new_axis_mask=4",
        ),
    )
]
ARRAY = [
    case("Shape", X),
    case("Shape", X, attrs="out_type=i64"),
    case("ShapeN", X, floats(3)),
    case("Size", X),
    case("Rank", X),
    case("Reshape", X, i32([4, -1])),
    case("Reshape", np.zeros((0, 3), np.float32), i32([0, 5])),
    case("Squeeze", floats(1, 3, 1), attrs="squeeze_dims=[-1]"),
    case("Squeeze", floats(1, 3, 1)),
    case("ExpandDims", X, i32(-2)),
    case("Transpose", X, i32([2, 0, 1])),
    case("ConcatV2", X, floats(2, 1, 4), i32(-2)),
    case("Concat", i32(1), X, floats(2, 1, 4)),
    case("ConcatOffset", i32(1), i32([2, 3]), i32([2, 5]), i32([2, 1])),
    case("Pack", X, X, attrs="axis=-1"),
    case("Unpack", X, attrs="axis=1, num=3"),
    case("Split", i32(2), X, attrs="num_split=2"),
    case("SplitV", X, i32([1, -1]), i32(1), attrs="num_split=2, Tlen=i32"),
    case("Slice", X, i32([0, 1, 1]), i32([1, -1, 2])),
    case("GatherV2", X, i32([[2, 0]]), i32(1)),
    case("GatherV2", X, i32([[2, 0], [1, 1]]), i32(1), attrs="batch_dims=1"),
    case("Gather", X, i32([1, 0, 1])),
    case("GatherNd", X, i32([[0, 2], [1, 1]])),
    case("ScatterNd", i32([[1], [3], [1]]), floats(3, 2), i32([5, 2])),
    case("TensorScatterUpdate", floats(5, 2), i32([[1], [3]]), floats(2, 2)),
    case("TensorScatterAdd", floats(5, 2), i32([[1], [1]]), floats(2, 2)),
    case("Tile", X, i32([2, 1, 3])),
    case("Fill", i32([2, 3]), np.float32(1.5)),
    case("BroadcastTo", floats(3, 1), i32([2, 3, 4])),
    case("BroadcastArgs", i32([3, 1]), i32([2, 1, 4])),
    case("Pad", X, i32([[1, 0], [0, 2], [1, 1]])),
    case("PadV2", X, i32([[1, 0], [0, 2], [1, 1]]), np.float32(7)),
    case("MirrorPad", X, i32([[1, 0], [0, 2], [1, 1]]), attrs='mode="REFLECT"'),
    case("MirrorPad", X, i32([[1, 0], [0, 2], [1, 1]]), attrs='mode="SYMMETRIC"'),
    case("ReverseV2", X, i32([0, -1])),
    case("ReverseSequence", floats(3, 4), np.array([2, 4], np.int64)[[0, 1, 0]], attrs="seq_dim=1"),
    case("Roll", X, i32([1, -2]), i32([0, 2])),
    case("Range", i32(2), i32(11), i32(3)),
    case("Range", i32(5), i32(-4), i32(-2)),
    case("Range", np.float32(0), np.float32(1), np.float32(0.1)),
    case("LinSpace", np.float32(-1), np.float32(2), i32(7)),
    case("OneHot", i32([[0, 2], [-1, 5]]), i32(3), np.float32(1), np.float32(-1)),
    case("OneHot", i32([0, 2]), i32(3), np.float32(1), np.float32(0), attrs="axis=0"),
    case("Where", BOOLS),
    case("Where", i32([0, 3, 0, -1])),
    case("Unique", i32([4, 1, 4, 7, 1])),
    case("UniqueWithCounts", i32([4, 1, 4, 7, 1])),
    case("InvertPermutation", i32([2, 0, 1, 3])),
    case("DynamicStitch", i32([0, 3]), i32([2, 1]), floats(2, 2), floats(2, 2)),
    case("MatrixDiag", floats(2, 3)),
    case("MatrixDiagPart", floats(2, 3, 3)),
    case("MatrixBandPart", floats(3, 4), np.int64(1), np.int64(-1)),
    case("SpaceToBatchND", IMAGE, i32([2, 3]), i32([[1, 0], [0, 0]])),
    case("BatchToSpaceND", floats(6, 4, 2, 3), i32([2, 3]), i32([[1, 0], [0, 2]])),
    case("SpaceToDepth", floats(1, 4, 6, 2), attrs="block_size=2"),
    case("DepthToSpace", floats(1, 2, 3, 8), attrs="block_size=2"),
    case("TopKV2", i32([[3, 1, 3, 2], [0, 9, 9, 9]]), i32(2)),
    case("TopKV2", floats(2, 6), i32(3)),
    case("IdentityN", X, floats(2), attrs="T=[f32, f32]"),
    case("RandomUniform", i32([2, 3])),
]
KERNEL = floats(3, 2, 4, 5)
CONVOLUTIONS = [
    case(
        "Conv2D", IMAGE, floats(3, 2, 4, 5), attrs=f'strides=[1, {s}, {s}, 1], padding="{padding}"'
    )
    for s in (1, 2, 3)
    for padding in ("SAME", "VALID")
]
NN = [
    case(
        "Conv2D",
        floats(1, 9, 9, 2),
        floats(3, 3, 2, 3),
        attrs='strides=[1, 1, 1, 1], padding="SAME", dilations=[1, 2, 3, 1]',
    ),
    case(
        "Conv2D",
        floats(1, 5, 5, 2),
        floats(3, 3, 2, 3),
        attrs='strides=[1, 2, 2, 1], padding="EXPLICIT", explicit_paddings=[0,0,1,2,0,1,0,0]',
    ),
    case(
        "Conv3D",
        floats(1, 4, 5, 5, 2),
        floats(2, 3, 3, 2, 3),
        attrs='strides=[1, 1, 2, 2, 1], padding="SAME"',
    ),
    case(
        "DepthwiseConv2dNative",
        IMAGE,
        floats(3, 3, 4, 2),
        attrs='strides=[1, 2, 2, 1], padding="SAME"',
    ),
    case(
        "Conv2DBackpropInput",
        i32([2, 7, 6, 3]),
        floats(3, 3, 3, 4),
        floats(2, 4, 3, 4),
        attrs='strides=[1, 2, 2, 1], padding="SAME"',
    ),
    case(
        "Conv2DBackpropInput",
        i32([1, 9, 8, 3]),
        floats(3, 2, 3, 4),
        floats(1, 4, 4, 4),
        attrs='strides=[1, 2, 2, 1], padding="VALID"',
    ),
    *(
        case(
            op,
            IMAGE,
            attrs=f'ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding="{padding}"',
        )
        for op in ("MaxPool", "AvgPool")
        for padding in ("SAME", "VALID")
    ),
    case(
        "AvgPool3D",
        floats(1, 4, 5, 5, 2),
        attrs='ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="SAME"',
    ),
    case(
        "MaxPool3D",
        floats(1, 4, 5, 5, 2),
        attrs='ksize=[1, 2, 2, 2, 1], strides=[1, 2, 2, 2, 1], padding="SAME"',
    ),
    case("BiasAdd", IMAGE, floats(4)),
    case("BiasAdd", IMAGE, floats(7), attrs='data_format="NCHW"'),
    *(
        case(
            op,
            IMAGE,
            floats(4),
            floats(4),
            floats(4),
            floats(4, low=0.2),
            attrs="is_training=false, epsilon=0.001",
        )
        for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
    ),
    case("LRN", floats(1, 2, 2, 9), attrs="depth_radius=2, alpha=0.5, beta=0.75, bias=2.0"),
]
RESIZES = [
    case(op, IMAGE, i32(size), attrs=attrs)
    for op in ("ResizeNearestNeighbor", "ResizeBilinear")
    for size in ([14, 12], [5, 9], [3, 2])
    for attrs in ("", "align_corners=true", "half_pixel_centers=true")
]
CORNERS = RANDOM.uniform(0, 1, (20, 4)).astype(np.float32)
BOXES = np.sort(CORNERS.reshape(20, 2, 2), axis=1).reshape(20, 4)
DETECTION = [
    case("NonMaxSuppression", BOXES, floats(20), i32(6), attrs="iou_threshold=0.3"),
    case("NonMaxSuppressionV2", BOXES, floats(20), i32(6), np.float32(0.4)),
    case("NonMaxSuppressionV3", BOXES, floats(20), i32(9), np.float32(0.4), np.float32(0.1)),
    case(
        "NonMaxSuppressionV4",
        BOXES,
        floats(20),
        i32(15),
        np.float32(0.1),
        np.float32(0.1),
        attrs="pad_to_max_output_size=true",
    ),
]

CASES = [
    *UNARY, *POSITIVE, *BOUNDED, *EDGES, *INTEGER_UNARY, *BINARY, *INTEGER_BINARY, *WRAPPING,
    *LOGIC, *OTHER_ELEMENTWISE, *REDUCTIONS, *MORE_REDUCTIONS, *STRIDED, *ARRAY, *CONVOLUTIONS,
    *NN, *RESIZES, *DETECTION,
]  # fmt: skip
