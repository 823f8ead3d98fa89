"""Attributes the text form of a graph may leave out, because inputs tell them.

Which attributes an op must have and what they describe is in its definition (tensorflow/core/ops).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surgeon_gui.graph.textvalues import dtype_from_text
from surgeon_gui.graph.values import AttrValue, DType, TensorValue

# "T=0" reads: attribute T is the dtype of input 0. `f32` is for what no input tells.
_SIGNATURES: dict[str, str] = {
    "T=-1": "DynamicStitch ParallelDynamicStitch",
    "T=0": """
        AccumulateNV2 Conj InvGrad ReciprocalGrad RsqrtGrad SqrtGrad
        Abs Acos Acosh Add AddN AddV2 ApproximateEqual ArgMax ArgMin AsString Asin Asinh Assign
        AssignAdd AssignSub Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul BatchMatMulV2
        BatchNormWithGlobalNormalization BatchToSpace BatchToSpaceND BesselI0e BesselI1e BiasAdd
        BiasAddGrad BiasAddV1 BitwiseAnd BitwiseOr BitwiseXor BroadcastTo Bucketize Ceil
        CheckNumerics Cholesky ClipByValue ConcatV2 ConjugateTranspose Conv2D Conv2DBackpropFilter
        Conv3D Conv3DBackpropFilterV2 Conv3DBackpropInput Cos Cosh CropAndResize Cross CudnnRNN
        CudnnRNNV2 CudnnRNNV3 Cumprod Cumsum DeepCopy DepthToSpace DepthwiseConv2dNative
        DepthwiseConv2dNativeBackpropFilter Dequantize Digamma Dilation2D Div DivNoNan
        DynamicPartition Einsum Elu EluGrad EnsureShape Enter Equal Erf Erfc Erfinv EuclideanNorm
        Exit Exp ExpandDims Expm1 ExtractImagePatches Floor FloorDiv FloorMod FractionalAvgPool
        FractionalMaxPool FusedBatchNorm FusedBatchNormGrad GRUBlockCell Greater GreaterEqual
        GuaranteeConst Identity Inv Invert IsFinite IsInf IsNan L2Loss LSTMBlockCell LeftShift
        Less LessEqual Lgamma LinSpace Log Log1p LogSoftmax LowerBound MatMul MatrixBandPart
        MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
        MatrixInverse MatrixSetDiag Max MaxPool3D MaxPoolWithArgmax Maximum Mean Merge Min Minimum
        MirrorPad Mod Mul MulNoNan Multinomial Ndtri Neg NextIteration NotEqual OnesLike Pack Pad
        PadV2 ParallelConcat Pow PreventGradient Print Prod Qr QuantizeAndDequantize
        QuantizeAndDequantizeV2 QuantizeAndDequantizeV3 QuantizedAvgPool QuantizedMaxPool
        RandomShuffle Rank RealDiv Reciprocal RefEnter RefExit RefIdentity RefMerge
        RefNextIteration RefSwitch Relu Relu6 Relu6Grad ReluGrad Reshape ResizeArea ResizeBicubic
        ResizeBilinear ResizeNearestNeighbor ResizeNearestNeighborGrad Reverse ReverseSequence
        ReverseV2 RightShift Rint Round Rsqrt ScaleAndTranslate Selu SeluGrad Shape ShapeN Sigmoid
        SigmoidGrad Sign Sin Sinh Size Snapshot Softmax SoftmaxCrossEntropyWithLogits Softplus
        SoftplusGrad Softsign SoftsignGrad SpaceToBatch SpaceToBatchND SpaceToDepth
        SparseSoftmaxCrossEntropyWithLogits SplitV Sqrt Square SquaredDifference Squeeze
        StopGradient Sub Sum Svd Switch Tan Tanh TanhGrad Tile TopK TopKV2 Transpose TruncateDiv
        TruncateMod Unique UniqueV2 UniqueWithCounts Unpack UpperBound Xdivy Xlog1py Xlogy
        ZerosLike Zeta _FusedConv2D _FusedMatMul
        _Retval
    """,
    "dtype=f32": """
        Const HostConst ImmutableConst Placeholder PlaceholderV2 ReadVariableOp TensorArray
        TensorArrayConcatV3 TensorArrayGather TensorArrayGatherV3 TensorArrayRead
        TensorArrayReadV3 TensorArrayV2 TensorArrayV3 VarHandleOp Variable VariableV2
    """,
    "T=1": """
        AvgPoolGrad BlockLSTM BlockLSTMV2 Concat Conv2DBackpropInput Conv3DBackpropInputV2
        DepthwiseConv2dNativeBackpropInput Fill ResizeBilinearGrad ScalarSummary Select SelectV2
        Split TensorArraySplitV3
    """,
    "dtype=f32 Tindices=1": "ResourceGather",
    "T=0 Tindices=1": """
        TensorScatterSub
        SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum TensorScatterAdd
        TensorScatterUpdate UnsortedSegmentMax UnsortedSegmentSum
    """,
    "T=2": """
        Bincount OneHot TensorArrayScatter TensorArrayScatterV3 TensorArrayWrite
        TensorArrayWriteV3
    """,
    "dtype=1": """
        AssignAddVariableOp AssignSubVariableOp AssignVariableOp
    """,
    "dtype=f32 T=0": """
        RandomStandardNormal RandomUniform TruncatedNormal
    """,
    "element_dtype=f32": """
        TensorListGetItem TensorListPopBack TensorListStack
    """,
    "element_dtype=f32 shape_type=0": """
        EmptyTensorList TensorListReserve
    """,
    "T=0 U=3": """
        FusedBatchNormGradV2 FusedBatchNormGradV3
    """,
    "T=0 U=1": """
        FusedBatchNormV2 FusedBatchNormV3
    """,
    "Tparams=0 Tindices=1": """
        Gather GatherNd
    """,
    "Tcond=0": """
        If StatelessIf
    """,
    "dtype=0": """
        IsVariableInitialized PlaceholderWithDefault
    """,
    "Tin=1 Tout=2": """
        LookupTableFind LookupTableFindV2
    """,
    "Tinput=0": """
        QuantizedRelu QuantizedRelu6
    """,
    "T=0 Index=1": """
        Slice StridedSlice
    """,
    "Ta=0 Tb=1 Tout=f32": """
        BatchMatMulV3
    """,
    "T=0 type=f32": """
        Bitcast
    """,
    "SrcT=0 DstT=f32": """
        Cast
    """,
    "Tparams=0 Tindices=1 Taxis=2": """
        GatherV2
    """,
    "Tinput=0 out_type=f32": """
        QuantizedBatchNormWithGlobalNormalization
    """,
    "Tinput=0 Tfilter=1": """
        QuantizedConv2D
    """,
    "T1=0 T2=1": """
        QuantizedMatMul
    """,
    "Tout=1 T=0": """
        RandomUniformInt
    """,
    "T=0 Tshift=1 Taxis=2": """
        Roll
    """,
    "T=1 Tindices=0": """
        ScatterNd
    """,
    "T=2 Tindices=0": """
        SparseToDense
    """,
    "T=4 Index=0": """
        StridedSliceGrad
    """,
    "element_dtype=0 shape_type=1": """
        TensorListFromTensor
    """,
    "element_dtype=1": """
        TensorListPushBack
    """,
    "element_dtype=2": """
        TensorListSetItem
    """,
}

# "Tidx=1:i32" reads: attribute Tidx is the dtype of input 1, and int32 where it is absent.
_OPTIONAL: dict[str, str] = {
    "Tidx=1:i32": """
        All Any ArgMax ArgMin BatchToSpace BroadcastTo Cumprod Cumsum EuclideanNorm Max Mean Min
        Prod ReverseV2 Sum
    """,
    "T=0:f32": """
        LRN LRNGrad LeakyRelu LeakyReluGrad MaxPool MaxPoolGrad MaxPoolV2 NextAfter
        NonMaxSuppressionV5
    """,
    "Tpaddings=1:i32": """
        MirrorPad Pad PadV2 SpaceToBatch
    """,
    "T=0:i32": """
        BroadcastArgs BroadcastGradientArgs InvertPermutation
    """,
    "T=0:f32 T_threshold=3:f32": """
        NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4
    """,
    "Tperm=1:i32": """
        ConjugateTranspose Transpose
    """,
    "Tshape=0:i32": """
        Conv3DBackpropInputV2 StatelessRandomUniformV2
    """,
    "T=1:f32": """
        HistogramSummary ImageSummary
    """,
    "T=1:i32": """
        InTopK InTopKV2
    """,
    "Tidx=0:i32": """
        Range UnravelIndex
    """,
    "Tlen=1:i64": """
        ReverseSequence SplitV
    """,
    "Tnumsegments=2:i32": """
        UnsortedSegmentMax UnsortedSegmentSum
    """,
    "Tblock_shape=1:i32 Tcrops=2:i32": """
        BatchToSpaceND
    """,
    "shape_type=1:i32": """
        ConcatOffset
    """,
    "Tidx=-1:i32": """
        ConcatV2
    """,
    "Tdim=1:i32": """
        ExpandDims
    """,
    "index_type=0:i32": """
        Fill
    """,
    "Tidx=2:i32": """
        LinSpace
    """,
    "Tindex=1:i64": """
        MatrixBandPart
    """,
    "TI=0:i64": """
        OneHot
    """,
    "Tshape=1:i32": """
        Reshape
    """,
    "Tblock_shape=1:i32 Tpaddings=2:i32": """
        SpaceToBatchND
    """,
    "Ta=0:f32 Tb=1:f32": """
        SparseMatMul
    """,
    "Tlabels=1:i64": """
        SparseSoftmaxCrossEntropyWithLogits
    """,
    "T=0:i32 Tseed=1:i64": """
        StatelessRandomUniform
    """,
    "Tshape=2:i32": """
        TensorListGetItem
    """,
    "Tmultiples=1:i32": """
        Tile
    """,
    "Tk=1:i32": """
        TopKV2
    """,
    "Taxis=1:i64": """
        UniqueV2
    """,
    "T=0:bool": """
        Where
    """,
}


def _parsed(signature: str) -> tuple[tuple[str, int | None], ...]:
    pairs = (part.partition("=") for part in signature.split())
    return tuple((key, None if value == "f32" else int(value)) for key, _, value in pairs)


_DTYPE_ATTRS = {op: _parsed(sig) for sig, ops in _SIGNATURES.items() for op in ops.split()}

_DEFAULTED = {
    op: [
        (key, int(index), dtype_from_text(default))
        for part in signature.split()
        for key, index, default in [part.replace(":", "=").split("=")]
    ]
    for signature, ops in _OPTIONAL.items()
    for op in ops.split()
}

# How many inputs do not count towards the attribute N.
_LIST_OPS = {
    "AddN": 0,
    "AccumulateNV2": 0,
    "Merge": 0,
    "RefMerge": 0,
    "Pack": 0,
    "ParallelConcat": 0,
    "ShapeN": 0,
    "Einsum": 0,
    "ConcatV2": 1,
    "Concat": 1,
    "ConcatOffset": 1,
}


def default_attrs(
    op: str, inputs: Sequence[DType | None], attrs: Mapping[str, AttrValue]
) -> dict[str, AttrValue]:
    """Return the attributes that `attrs` lacks and the dtypes of the inputs tell.

    Args:
        op: the operation.
        inputs: dtype of each data input, None where it is not known.
        attrs: what is there already; a constant's value tells its dtype.
    """
    found: dict[str, AttrValue] = {}
    for key, index in _DTYPE_ATTRS.get(op, ()):
        if key in attrs:
            continue
        dtype = inputs[index] if index is not None and _is_there(index, inputs) else None
        if op == "Merge" and dtype is None:
            dtype = next((other for other in inputs if other is not None), None)
        value = attrs.get("value")
        if op == "Const" and isinstance(value, TensorValue):
            dtype = value.dtype
        found[key] = dtype or DType.FLOAT32
    for key, index, default in _DEFAULTED.get(op, ()):
        dtype = inputs[index] if _is_there(index, inputs) else None
        if key not in attrs and dtype not in (None, DType.INVALID, default):
            found[key] = dtype or default
    if op in _LIST_OPS and "N" not in attrs:
        found["N"] = max(len(inputs) - _LIST_OPS[op], 0)
    if op in ("DynamicStitch", "ParallelDynamicStitch") and "N" not in attrs:
        found["N"] = len(inputs) // 2
    return found


def _is_there(index: int, inputs: Sequence[DType | None]) -> bool:
    return -len(inputs) <= index < len(inputs)
