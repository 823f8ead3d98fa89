"""Why an op has no converter, and what to do about it, in words for whoever sees the node."""

from __future__ import annotations

from collections.abc import Sequence

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.ops import is_variable, names_in

_CUT = "Cut the graph before it and compute the rest outside of the network."
_HOST = "Cut the graph after it: make its output the network's input."

GROUPS: tuple[tuple[frozenset[str], str, str, str | None], ...] = (
    (
        names_in("NonMaxSuppressionWithOverlaps"),
        "{op} is given how much boxes overlap, TensorRT's layer computes it from the boxes.",
        "Cut the graph before it, or use NonMaxSuppressionV3.",
        None,
    ),
    (
        names_in("Unique UniqueV2 UniqueWithCounts ListDiff"),
        "The size of the result of {op} depends on data.",
        _CUT,
        None,
    ),
    (
        names_in(
            """TensorArray TensorArrayV2 TensorArrayRead TensorArrayWrite TensorArrayGather
            TensorArrayScatter TensorArraySize TensorArrayConcatV3 TensorArraySplitV3"""
        ),
        "{op} holds the tensors of a loop, which TensorRT has no object for.",
        "Cut the graph before and after the loop, or freeze the model without it.",
        None,
    ),
    (
        names_in("Case StatelessCase SymbolicGradient RemoteCall"),
        "{op} chooses a function while it runs.",
        "Freeze the model again with its functions inlined.",
        None,
    ),
    (
        names_in(
            """RandomUniform RandomStandardNormal TruncatedNormal RandomUniformInt RandomShuffle
            StatelessRandomUniform StatelessRandomUniformV2 StatelessRandomNormal Multinomial
            RandomGamma ParameterizedTruncatedNormal"""
        ),
        "{op} draws other numbers every time, an engine cannot be compared with that.",
        "If this is dropout left over from training, remove it.",
        "remove-dropout",
    ),
    (
        names_in(
            """DecodeJpeg DecodePng DecodeImage DecodeGif DecodeBmp DecodeRaw ParseExample
            ParseExampleV2 ParseSingleExample ReadFile StringJoin StringSplit AsString
            StringToNumber StringLower StringUpper HashTable HashTableV2 LookupTableFind
            LookupTableFindV2 LookupTableSizeV2 Iterator IteratorV2 IteratorGetNext
            OneShotIterator FIFOQueue
            FIFOQueueV2 QueueDequeue QueueDequeueV2 QueueDequeueManyV2 QueueDequeueUpToV2
            RandomShuffleQueueV2 ReaderReadV2 TFRecordReaderV2"""
        ),
        "{op} reads files, strings or queues, which is the program's work, not the GPU's.",
        _HOST,
        None,
    ),
    (
        names_in("PyFunc EagerPyFunc PyFuncStateless"),
        "{op} calls Python code that is not in the graph.",
        "Replace it by TensorFlow ops, or cut the graph before it.",
        None,
    ),
    (
        names_in("QuantizedConv2D QuantizedMatMul QuantizedRelu Requantize"),
        "{op} works on quantized data with a zero point, TensorRT quantizes symmetrically.",
        "Convert the model in float32 and let TensorRT calibrate it.",
        None,
    ),
    (
        names_in("CropAndResize SampleDistortedBoundingBox SampleDistortedBoundingBoxV2"),
        "{op} cuts out regions that depend on data.",
        "Replace it by a plugin such as CropAndResize, or cut the graph before it.",
        None,
    ),
    (
        names_in("FFT FFT2D IFFT RFFT RFFT2D IRFFT ComplexAbs Complex Real Imag"),
        "TensorRT has no complex numbers, which {op} needs.",
        _CUT,
        None,
    ),
    (
        names_in("Bitcast"),
        "TensorRT cannot read a tensor's bits as another dtype.",
        "Use Cast, or cut the graph before it.",
        None,
    ),
    (
        names_in("BitwiseAnd BitwiseOr BitwiseXor"),
        "TensorRT computes with numbers and booleans, not with bits.",
        _CUT,
        None,
    ),
    (
        names_in("TRTEngineOp"),
        "It holds an engine that TF-TRT built already.",
        "Start from the graph before TF-TRT converted it.",
        None,
    ),
)
"""Ops, why not, what to do, and the rule that cures it."""


def refusal(node: Node) -> Unsupported:
    """Return the problem of a node whose op has no converter."""
    if is_variable(node.op):
        return Unsupported(
            node.name,
            f"{node.op} holds a variable: the graph is not frozen.",
            "Freeze the model first: surgeon freeze SOURCE -o OUT.pb.",
        )
    for ops, reason, remedy, rule in GROUPS:
        if node.op in ops:
            return Unsupported(node.name, reason.format(op=node.op), remedy, rule=rule)
    if node.op.endswith("_TRT"):
        return Unsupported(
            node.name,
            f"{node.op} is a plugin, whose output's shape is not known here.",
            "Export UFF for a TensorRT that has this plugin, or cut the graph before it.",
        )
    return Unsupported(
        node.name,
        f"No TensorRT layer computes {node.op}.",
        "Replace the node by a plugin or by ops TensorRT has, or cut the graph before it.",
    )


def loop_problem(node: Node) -> Unsupported:
    """Return the one problem of a TF1 while loop, put on the node that controls it."""
    return Unsupported(
        node.name,
        "It controls a while loop, which runs as often as the data says.",
        "Cut the graph before and after the loop, or freeze the model without it.",
    )


# What takes elements one by one, or rows: how many there are makes no difference.
_ANY_SIZE = names_in(
    """Identity IdentityN StopGradient Cast Squeeze Reshape Abs Neg Exp Log Sqrt Square Relu Relu6
    Sigmoid Tanh Floor Ceil LogicalNot"""
)
_PICKS = names_in("GatherV2 Gather GatherNd ResourceGather")
"""What may be told by such a tensor which rows to take."""


def open_size_problem(node: Node, open_inputs: Sequence[int]) -> Unsupported | None:
    """Return the problem of a node that reads a tensor whose size depends on data.

    Args:
        node: the node.
        open_inputs: the places of its inputs that are such tensors.
    """
    shaped = node.op == "Reshape" and list(open_inputs) != [0]
    picks = node.op in _PICKS and list(open_inputs) == [1] and not node.attrs.get("batch_dims")
    if not open_inputs or (node.op in _ANY_SIZE and not shaped) or picks:
        return None
    ref = node.inputs[open_inputs[0]]
    return Unsupported(
        node.name,
        f"How many elements {ref} has depends on data, and {node.op} must know.",
        f"Make {ref} an output and compute the rest outside of the network; a suppression can set "
        "pad_to_max_output_size instead.",
    )
