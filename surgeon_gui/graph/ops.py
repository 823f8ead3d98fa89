"""Facts about TensorFlow's operations, as data.

Arities are those of the op definitions in tensorflow/core/ops (2.21).
"""

from __future__ import annotations

from surgeon_gui.graph.model import Node

_CATEGORIES: dict[str, str] = {
    "convolution": """
        Conv2D Conv2DBackpropInput Conv2DBackpropFilter Conv3D Conv3DBackpropInput
        Conv3DBackpropInputV2 Conv3DBackpropFilterV2 DepthwiseConv2dNative
        DepthwiseConv2dNativeBackpropInput DepthwiseConv2dNativeBackpropFilter Dilation2D MatMul
        BatchMatMul BatchMatMulV2 BatchMatMulV3 Einsum _FusedConv2D _FusedMatMul QuantizedConv2D
        QuantizedMatMul SparseMatMul LSTMBlockCell BlockLSTM BlockLSTMV2 CudnnRNN CudnnRNNV2
        CudnnRNNV3 GRUBlockCell
    """,
    "pooling": """
        MaxPool MaxPoolV2 MaxPool3D AvgPool AvgPool3D MaxPoolWithArgmax MaxPoolGrad AvgPoolGrad
        FractionalMaxPool FractionalAvgPool QuantizedMaxPool QuantizedAvgPool
    """,
    "normalisation": """
        FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 FusedBatchNormGrad FusedBatchNormGradV2
        FusedBatchNormGradV3 BatchNormWithGlobalNormalization LRN LRNGrad L2Loss
        QuantizedBatchNormWithGlobalNormalization
    """,
    "activation": """
        Relu Relu6 LeakyRelu Elu Selu Sigmoid Tanh Softmax LogSoftmax Softplus Softsign ReluGrad
        Relu6Grad EluGrad SigmoidGrad TanhGrad LeakyReluGrad SoftplusGrad SoftsignGrad SeluGrad
        QuantizedRelu QuantizedRelu6 ClipByValue
    """,
    "arithmetic": """
        Abs Acos Acosh Add AddN AddV2 All Any ApproximateEqual ArgMax ArgMin Asin Asinh Atan Atan2
        Atanh BesselI0e BesselI1e BiasAdd BiasAddGrad BiasAddV1 BitwiseAnd BitwiseOr BitwiseXor Ceil
        Cos Cosh Cross Cumprod Cumsum Digamma Div DivNoNan Equal Erf Erfc Erfinv EuclideanNorm Exp
        Expm1 FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel
        Floor FloorDiv FloorMod Greater GreaterEqual InTopK InTopKV2 Inv Invert IsFinite IsInf IsNan
        LeftShift Less LessEqual Lgamma Log Log1p LogicalAnd LogicalNot LogicalOr Max Maximum Mean
        Min Minimum Mod Mul MulNoNan Ndtri Neg NextAfter NotEqual Pow Prod RealDiv Reciprocal
        RightShift Rint Round Rsqrt SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum Select
        SelectV2 Sign Sin Sinh SoftmaxCrossEntropyWithLogits SparseSoftmaxCrossEntropyWithLogits
        Sqrt Square SquaredDifference Sub Sum Tan TruncateDiv TruncateMod UnsortedSegmentMax
        UnsortedSegmentSum Xdivy Xlog1py Xlogy Zeta Bincount Bucketize MatrixBandPart MatrixInverse
        Cholesky Svd Qr AccumulateNV2 Conj RGBToHSV HSVToRGB AdjustContrastv2 AdjustHue
        AdjustSaturation RsqrtGrad SqrtGrad InvGrad ReciprocalGrad CTCGreedyDecoder
    """,
    "shape": """
        BatchToSpace BatchToSpaceND Bitcast BroadcastArgs BroadcastGradientArgs BroadcastTo Cast
        Concat ConcatOffset ConcatV2 CropAndResize DepthToSpace Dequantize DynamicPartition
        DynamicStitch ParallelDynamicStitch EnsureShape ExpandDims ExtractImagePatches Fill Gather
        GatherNd GatherV2 InvertPermutation MatrixDiag MatrixDiagPart MatrixDiagPartV2
        MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3 MatrixSetDiag MirrorPad OneHot OnesLike Pack Pad
        PadV2 ParallelConcat QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
        QuantizeV2 Rank Reshape ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
        ResizeBilinearGrad ResizeNearestNeighborGrad Reverse ReverseSequence ReverseV2 Roll
        ScatterNd ScaleAndTranslate Shape ShapeN Size Slice SpaceToBatch SpaceToBatchND SpaceToDepth
        SparseToDense Split SplitV Squeeze StridedSlice StridedSliceGrad TensorScatterAdd
        TensorScatterSub TensorScatterUpdate Tile TopK TopKV2 Transpose ConjugateTranspose Unique
        UniqueV2 UniqueWithCounts Unpack UnravelIndex Where ZerosLike NonMaxSuppression
        NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5
        NonMaxSuppressionWithOverlaps CombinedNonMaxSuppression LowerBound UpperBound LinSpace Range
    """,
    "constant": "Const HostConst ImmutableConst GuaranteeConst",
    "data": """
        Placeholder PlaceholderV2 PlaceholderWithDefault Variable VariableV2 VarHandleOp
        ReadVariableOp ResourceGather Assign AssignAdd AssignSub AssignVariableOp
        AssignAddVariableOp AssignSubVariableOp IsVariableInitialized VarIsInitializedOp RestoreV2
        SaveV2 Restore Save HashTable HashTableV2 LookupTableFind LookupTableFindV2
        LookupTableSizeV2 FIFOQueue FIFOQueueV2 RandomShuffleQueueV2 QueueDequeueV2
        QueueDequeueManyV2 QueueEnqueueV2 QueueEnqueueManyV2 QueueCloseV2 QueueSizeV2 ReaderReadV2
        TFRecordReaderV2 Iterator IteratorV2 IteratorGetNext OneShotIterator ParseExample DecodeRaw
        DecodePng DecodeJpeg DecodeImage DecodeGif DecodeBmp RandomUniform RandomUniformInt
        RandomStandardNormal TruncatedNormal RandomShuffle Multinomial StatelessRandomUniform
        StatelessRandomUniformV2 StringJoin StringSplit AsString ScalarSummary ImageSummary
        HistogramSummary MergeSummary Print PrintV2 _Arg _Retval
    """,
    "control": """
        Switch RefSwitch Merge RefMerge Enter RefEnter Exit RefExit NextIteration RefNextIteration
        LoopCond NoOp Assert CheckNumerics If StatelessIf While StatelessWhile Case StatelessCase
        PartitionedCall StatefulPartitionedCall ControlTrigger TensorArray TensorArrayV2
        TensorArrayV3 TensorArrayRead TensorArrayReadV3 TensorArrayWrite TensorArrayWriteV3
        TensorArrayGather TensorArrayGatherV3 TensorArrayScatter TensorArrayScatterV3
        TensorArraySize TensorArraySizeV3 TensorArrayClose TensorArrayCloseV3 TensorArrayConcatV3
        TensorArraySplitV3 TensorListReserve TensorListStack TensorListFromTensor TensorListGetItem
        TensorListSetItem TensorListLength TensorListPushBack TensorListPopBack EmptyTensorList
        TensorListElementShape Abort PyFunc EagerPyFunc SymbolicGradient Identity IdentityN
        StopGradient PreventGradient Snapshot RefIdentity DeepCopy
    """,
    "plugin": "TFLite_Detection_PostProcess TRTEngineOp",
}

_CATEGORY: dict[str, str] = {
    op: category for category, ops in _CATEGORIES.items() for op in ops.split()
}


def names_in(text: str) -> frozenset[str]:
    """Return the words of a text as a set: a table of names that is pleasant to read."""
    return frozenset(text.split())


# Output 0 is input 0; what else they do (a check, a gradient barrier) changes no number.
_IDENTITY_LIKE = names_in(
    """
    Identity StopGradient PreventGradient CheckNumerics Snapshot RefIdentity GuaranteeConst
    DeepCopy EnsureShape
    """
)

# Order of the two (AddN: all) inputs does not matter.
_COMMUTATIVE = names_in(
    """
    Add AddV2 AddN Mul Maximum Minimum Equal NotEqual LogicalAnd LogicalOr SquaredDifference
    BitwiseAnd BitwiseOr BitwiseXor ApproximateEqual
    """
)

_STATEFUL = names_in(
    """
    Placeholder PlaceholderV2 Variable VariableV2 VarHandleOp ReadVariableOp Assign AssignAdd
    AssignSub AssignVariableOp AssignAddVariableOp AssignSubVariableOp IsVariableInitialized
    VarIsInitializedOp RestoreV2 SaveV2 Restore Save HashTable HashTableV2 LookupTableFind
    LookupTableFindV2 FIFOQueue FIFOQueueV2 RandomShuffleQueueV2 QueueDequeueV2
    QueueDequeueManyV2 QueueEnqueueV2 QueueEnqueueManyV2 QueueCloseV2 QueueSizeV2 ReaderReadV2
    TFRecordReaderV2 Iterator IteratorV2 IteratorGetNext OneShotIterator RandomUniform
    RandomUniformInt RandomStandardNormal TruncatedNormal RandomShuffle Multinomial Print
    PrintV2 Assert If While Case StatefulPartitionedCall TensorArrayV3 TensorArrayReadV3
    TensorArrayWriteV3 TensorArrayGatherV3 TensorArrayScatterV3 TensorArraySizeV3
    TensorArrayCloseV3 PyFunc EagerPyFunc Abort TensorArray TensorArrayV2 TensorArrayConcatV3
    TensorArraySplitV3 CudnnRNN CudnnRNNV2 CudnnRNNV3 LookupTableSizeV2 DeepCopy
    ResourceApplyAdam ResourceApplyMomentum SampleDistortedBoundingBox
    SampleDistortedBoundingBoxV2 _Arg _Retval ScalarSummary ImageSummary HistogramSummary
    MergeSummary ApplyMomentum ApplyAdam ApplyGradientDescent
    """
)

_VARIABLES = names_in(
    """
    Variable VariableV2 VarHandleOp ReadVariableOp Assign AssignVariableOp TemporaryVariable
    AutoReloadVariable ResourceGather
    """
)

_OUTPUTS: dict[str, int] = {
    op: count
    for count, ops in {
        0: """
            NoOp Assert ControlTrigger Abort SaveV2 Save AssignVariableOp AssignAddVariableOp
            AssignSubVariableOp QueueEnqueueV2 QueueEnqueueManyV2 QueueCloseV2
            TensorArrayCloseV3 TensorArrayClose PrintV2 ResourceApplyMomentum ResourceApplyAdam
            _Retval WriteScalarSummary
        """,
        2: """
            TopK TopKV2 Switch RefSwitch Merge RefMerge Unique UniqueV2 NonMaxSuppressionV4
            MaxPoolWithArgmax TensorArrayV3 SparseSoftmaxCrossEntropyWithLogits
            SoftmaxCrossEntropyWithLogits BroadcastGradientArgs TensorListPopBack ListDiff Qr
            TensorArrayConcatV3 SelfAdjointEigV2 ReaderReadV2 RequantizationRange
        """,
        3: """
            UniqueWithCounts UniqueWithCountsV2 NonMaxSuppressionV5 Svd StringSplit
            QuantizedBatchNormWithGlobalNormalization SampleDistortedBoundingBox
            SampleDistortedBoundingBoxV2 QuantizeV2 QuantizedConv2D QuantizedMatMul
            QuantizedRelu QuantizedRelu6 QuantizedMaxPool QuantizedAvgPool QuantizedReshape
            QuantizedBiasAdd QuantizedConcat Requantize FractionalMaxPool FractionalAvgPool
            QuantizeDownAndShrinkRange FakeQuantWithMinMaxVarsGradient
            FakeQuantWithMinMaxVarsPerChannelGradient
        """,
        4: """
            CombinedNonMaxSuppression CTCGreedyDecoder TFLite_Detection_PostProcess GRUBlockCell
            CudnnRNN
        """,
        5: """
            FusedBatchNorm FusedBatchNormV2 FusedBatchNormGrad FusedBatchNormGradV2
            FusedBatchNormGradV3 CudnnRNNV2 CudnnRNNV3
        """,
        6: """
            FusedBatchNormV3
        """,
        7: """
            LSTMBlockCell BlockLSTM BlockLSTMV2
        """,
    }.items()
    for op in ops.split()
}

# Ops whose number of outputs is the length of a list attribute, or an integer attribute.
_COUNT_ATTR: dict[str, str] = {
    "Split": "num_split",
    "SplitV": "num_split",
    "Unpack": "num",
    "ShapeN": "N",
    "ConcatOffset": "N",
    "DynamicPartition": "num_partitions",
    "IdentityN": "T",
    "PartitionedCall": "Tout",
    "StatefulPartitionedCall": "Tout",
    "If": "Tout",
    "StatelessIf": "Tout",
    "Case": "Tout",
    "StatelessCase": "Tout",
    "While": "T",
    "StatelessWhile": "T",
    "PyFunc": "Tout",
    "EagerPyFunc": "Tout",
    "SymbolicGradient": "Tout",
    "QueueDequeueV2": "component_types",
    "QueueDequeueManyV2": "component_types",
    "IteratorGetNext": "output_types",
    "RestoreV2": "dtypes",
    "TRTEngineOp": "OutT",
    "Batch": "T",
}


# Operations only UFF has; the others are named as TensorFlow's.
_UFF_CATEGORY: dict[str, str] = {
    op: category
    for category, ops in {
        "convolution": "Conv ConvTranspose FullyConnected",
        "pooling": "Pool",
        "normalisation": "BatchNorm",
        "activation": "Activation",
        "arithmetic": "Binary Unary Reduce",
        "shape": "Flatten Stack",
        "data": "Input MarkOutput",
    }.items()
    for op in ops.split()
}


def category(op: str) -> str:
    """Return what kind of op it is.

    One of: convolution, pooling, normalisation, activation, arithmetic, shape, constant, data,
    control, plugin, other. TensorRT plugin names (`…_TRT`) are plugins, and so are UFF's custom
    operations (`_…`), unless TensorFlow has the op they are named after.
    """
    found = _CATEGORY.get(op) or _UFF_CATEGORY.get(op)
    if found is not None:
        return found
    if op.startswith("_") and op[1:] in _CATEGORY:
        return _CATEGORY[op[1:]]
    return "plugin" if op.endswith("_TRT") or op.startswith("_") else "other"


def known_ops() -> frozenset[str]:
    """Return the names of all ops this table knows."""
    return frozenset(_CATEGORY)


def is_known_op(op: str) -> bool:
    return op in _CATEGORY


def is_commutative(op: str) -> bool:
    return op in _COMMUTATIVE


def is_identity_like(op: str) -> bool:
    """Whether output 0 is input 0 unchanged, when nothing is wrong."""
    return op in _IDENTITY_LIKE


def is_stateful(op: str) -> bool:
    """Whether the op reads or changes something outside its inputs, so it must not be folded."""
    return op in _STATEFUL


def is_variable(op: str) -> bool:
    """Whether the op belongs to a variable, so a graph with it is not frozen."""
    return op in _VARIABLES


def output_count(node: Node) -> int:
    """Return how many outputs the node has; 1 for an op this table does not know."""
    attr = _COUNT_ATTR.get(node.op)
    if attr is not None:
        value = node.attrs.get(attr)
        if isinstance(value, tuple):
            return len(value)
        return value if isinstance(value, int) else 1
    return _OUTPUTS.get(node.op, 1)
