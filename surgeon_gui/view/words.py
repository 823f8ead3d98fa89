"""How types, constants, operands and slices are written on the canvas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import DType, TensorType, TensorValue

_FEW = 6
_FEW_REALS = 3

_SHORT = {
    DType.FLOAT32: "f32",
    DType.FLOAT64: "f64",
    DType.FLOAT16: "f16",
    DType.BFLOAT16: "bf16",
    DType.INT8: "i8",
    DType.INT16: "i16",
    DType.INT32: "i32",
    DType.INT64: "i64",
    DType.UINT8: "u8",
    DType.UINT16: "u16",
    DType.UINT32: "u32",
    DType.UINT64: "u64",
    DType.STRING: "str",
}

# What the inputs of an op are called (tensorflow/core/ops, 2.21) where constants often feed them.
_BATCH_NORM = ("x", "scale", "offset", "mean", "variance")
_REDUCTION = ("input", "axis")
_BINARY = ("x", "y")
_INPUTS: dict[str, tuple[str, ...]] = {
    "Conv2D": ("input", "kernel"),
    "Conv3D": ("input", "kernel"),
    "DepthwiseConv2dNative": ("input", "kernel"),
    "Conv2DBackpropInput": ("output shape", "kernel", "input"),
    "MatMul": ("a", "kernel"),
    "BatchMatMul": ("a", "b"),
    "BatchMatMulV2": ("a", "b"),
    "BiasAdd": ("value", "bias"),
    "FusedBatchNorm": _BATCH_NORM,
    "FusedBatchNormV2": _BATCH_NORM,
    "FusedBatchNormV3": _BATCH_NORM,
    "BatchNormWithGlobalNormalization": ("t", "mean", "variance", "beta", "gamma"),
    "Reshape": ("tensor", "shape"),
    "Transpose": ("x", "perm"),
    "Pad": ("input", "paddings"),
    "PadV2": ("input", "paddings", "value"),
    "MirrorPad": ("input", "paddings"),
    "ExpandDims": ("input", "axis"),
    "Split": ("axis", "value"),
    "SplitV": ("value", "sizes", "axis"),
    "StridedSlice": ("input", "begin", "end", "strides"),
    "Slice": ("input", "begin", "size"),
    "Tile": ("input", "multiples"),
    "Fill": ("dims", "value"),
    "Range": ("start", "limit", "delta"),
    "Gather": ("params", "indices"),
    "GatherV2": ("params", "indices", "axis"),
    "ResizeBilinear": ("images", "size"),
    "ResizeNearestNeighbor": ("images", "size"),
    "TopKV2": ("input", "k"),
    "ArgMax": ("input", "axis"),
    "ArgMin": ("input", "axis"),
    "ClipByValue": ("t", "min", "max"),
    "OneHot": ("indices", "depth", "on", "off"),
    "NonMaxSuppressionV2": ("boxes", "scores", "max size", "iou"),
    "NonMaxSuppressionV3": ("boxes", "scores", "max size", "iou", "score"),
    **dict.fromkeys(("Mean", "Sum", "Max", "Min", "Prod", "All", "Any"), _REDUCTION),
    **dict.fromkeys(
        (
            "Add",
            "AddV2",
            "Sub",
            "Mul",
            "Div",
            "RealDiv",
            "Maximum",
            "Minimum",
            "Pow",
            "FloorDiv",
            "FloorMod",
            "Equal",
            "NotEqual",
            "Greater",
            "GreaterEqual",
            "Less",
            "LessEqual",
            "SquaredDifference",
        ),
        _BINARY,
    ),
}
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


def shape_text(kind: TensorType) -> str:
    """`f32 [1,224,224,3]`; empty when the rank is unknown."""
    if kind.shape.dims is None:
        return ""
    dtype = _SHORT.get(kind.dtype, kind.dtype.text)
    return str(kind.shape) if kind.dtype is DType.FLOAT32 else f"{dtype} {kind.shape}"


def constant_text(value: object) -> str:
    """A few values themselves, more by their dimensions: `[-1,2]`, `3×3×3×32`."""
    if not isinstance(value, TensorValue):
        return ""
    few = _FEW_REALS if value.dtype.is_floating else _FEW
    if value.size > few or value.dtype.numpy is None:
        return "×".join(map(str, value.shape))
    flat = [number_text(item) for item in value.array.reshape(-1).tolist()]
    if not value.shape:
        return flat[0] if flat else ""
    if len(value.shape) == 1:
        return f"[{','.join(flat)}]"
    return "×".join(map(str, value.shape))


def count_text(count: int) -> str:
    """A count with its thousands apart: `49 826`."""
    return f"{count:,}".replace(",", "\N{THIN SPACE}")


def number_text(item: object) -> str:
    """One value, in a few characters."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, float):
        return f"{item:.4g}"
    if isinstance(item, bytes):
        text = item[:14].decode(errors="replace")
        return f"“{text}…”" if len(item) > 14 else f"“{text}”"
    return str(item)


def slice_text(node: Node, values: Sequence[object]) -> str | None:
    """Begin, end and strides of a StridedSlice as Python writes them; None for too many."""
    lists = [
        value.array.reshape(-1).tolist()
        for value in values
        if isinstance(value, TensorValue) and value.size <= _FEW
    ]
    if len(lists) != 3:
        return None
    masks = {name: _mask(node, name) for name in _MASKS}
    parts = [_slice_part(at, masks, *bounds) for at, bounds in enumerate(zip(*lists, strict=False))]
    return f"[{', '.join(parts)}]"


def _mask(node: Node, name: str) -> int:
    value = node.attrs.get(name, 0)
    return value if isinstance(value, int) else 0


def _slice_part(at: int, masks: Mapping[str, int], begin: int, end: int, stride: int) -> str:
    """One entry of a slice; the masks say which bounds count (StridedSlice in tensorflow/core)."""
    bit = 1 << at
    if masks["ellipsis_mask"] & bit:
        return "…"
    if masks["new_axis_mask"] & bit:
        return "new"
    if masks["shrink_axis_mask"] & bit:
        return str(begin)
    first = "" if masks["begin_mask"] & bit else str(begin)
    last = "" if masks["end_mask"] & bit else str(end)
    return f"{first}:{last}" if stride == 1 else f"{first}:{last}:{stride}"


def one_line(text: str) -> str:
    """Return `text` with control characters made visible, so that it stays on one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def slot_name(node: Node, slot: int) -> str:
    """What an input of a node is called."""
    names = _INPUTS.get(node.op)
    if names is not None and slot < len(names):
        return names[slot]
    if node.op in ("ConcatV2", "Concat"):
        last = len(node.inputs) - 1 if node.op == "ConcatV2" else 0
        return "axis" if slot == last else f"input {slot}"
    return one_line(node.inputs[slot].node.rpartition("/")[2])
