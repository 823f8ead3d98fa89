"""What is written in a node or on a closed group, and how large that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.ops import category, is_identity_like
from surgeon_gui.graph.values import DType, Shape, TensorType, TensorValue
from surgeon_gui.view.series import short_label
from surgeon_gui.view.tree import Tree

HEAD = 24.0
ROW = 17.0
PAD = 8.0
BODY_PAD = 4.0
CLOSED_GROUP = 46.0
OPEN_HEAD = 32.0
KINDS = {
    "convolution": "convolution, matrix",
    "normalisation": "normalisation",
    "activation": "activation",
    "pooling": "pooling",
    "arithmetic": "arithmetic",
    "shape": "shape, data",
    "constant": "constant",
    "control": "control flow",
    "plugin": "plugin",
    "other": "other",
}
"""Kinds of op in the order of the legend, and its words for them."""
LIKE = {"data": "shape"}
"""Kinds that share the colour of another."""
_NARROWEST, _WIDEST = 104.0, 250.0
_GROUP_NARROWEST, _GROUP_WIDEST = 150.0, 320.0
_MOST_ROWS = 6
_NOTE = 90.0
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
_LAYERS = {
    **dict.fromkeys(("Convolution", "Deconvolution", "MatrixMultiply", "Einsum"), "convolution"),
    **dict.fromkeys(("Scale", "LRN", "Normalization"), "normalisation"),
    **dict.fromkeys(("Activation", "ParametricReLU", "Softmax"), "activation"),
    **dict.fromkeys(("ElementWise", "Unary", "Reduce", "Cumulative", "TopK"), "arithmetic"),
    **dict.fromkeys(("Shuffle", "Slice", "Concatenation", "Resize", "Shape", "Gather"), "shape"),
    **dict.fromkeys(("Scatter", "OneHot", "ReverseSequence", "Cast", "Select"), "shape"),
    **dict.fromkeys(("Quantize", "Dequantize"), "shape"),
    "Pooling": "pooling",
    "Plugin": "plugin",
}
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
# Attributes that say what an op does as much as a weight would.
_TELLING = {"LeakyRelu": "alpha", "Elu": "alpha"}


class TensorTypes(Protocol):
    """What is known of a graph's tensors (`graph.shapes.Types` is one).

    Where nodes are not nodes but something else, a word for that is in `unit`.
    """

    def type(self, ref: TensorRef) -> TensorType: ...


@dataclass(frozen=True)
class Metrics:
    """How wide writing is, so that boxes can be sized without a font at hand.

    Attributes:
        bold, plain, mono: width per character in the head's, the rows' and the values' font.
        other: width of a character that is not in the table.
    """

    bold: Mapping[str, float] = field(default_factory=dict)
    plain: Mapping[str, float] = field(default_factory=dict)
    mono: Mapping[str, float] = field(default_factory=dict)
    other: float = 7.5

    def width(self, text: str, font: str) -> float:
        """Return the width of `text` in `bold`, `plain` or `mono`."""
        table: Mapping[str, float] = getattr(self, font)
        other = self.other
        return sum(table.get(character, other) for character in text)

    def elided(self, text: str, font: str, room: float) -> str:
        """Return `text`, its middle replaced by an ellipsis if it is wider than `room`."""
        if self.width(text, font) <= room:
            return text
        keep = len(text) - 1
        while keep > 1:
            # The end of a name tells more than its beginning.
            head = keep * 2 // 5
            short = f"{text[:head]}…{text[len(text) - (keep - head) :]}"
            if self.width(short, font) <= room:
                return short
            keep -= 1
        return "…"


@dataclass(frozen=True, slots=True)
class Row:
    """A line in a node: what it is, what it says, and the constant it stands for."""

    left: str
    right: str = ""
    constant: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A node's or closed group's writing and size.

    Attributes:
        head: op of a node, name of a group.
        category: kind of op; empty for a group.
        rows: the lines of the body; a group's single row says how many nodes it has.
        width, height: of the box.
    """

    head: str
    category: str
    rows: tuple[Row, ...]
    width: float
    height: float


def kind_of(op: str) -> str:
    """The category a node is coloured by; what only passes a tensor on counts as data.

    A layer of TensorRT is known by its kind, the first word of `Activation RELU`.
    """
    if is_identity_like(op):
        return "data"
    found = category(op)
    return _LAYERS.get(op.partition(" ")[0], found) if found == "other" else found


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
    flat = [_number(item) for item in value.array.reshape(-1).tolist()]
    if not value.shape:
        return flat[0] if flat else ""
    if len(value.shape) == 1:
        return f"[{','.join(flat)}]"
    return "×".join(map(str, value.shape))


def _number(item: object) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, float):
        return f"{item:.4g}"
    if isinstance(item, bytes):
        text = item[:14].decode(errors="replace")
        return f"“{text}…”" if len(item) > 14 else f"“{text}”"
    return str(item)


class Labels:
    """Labels of a tree's items, each made once.

    Args:
        tree: the items.
        metrics: the fonts' widths.
        types: what is known of the tensors.

    Attributes:
        unit: what a node is called.
    """

    def __init__(self, tree: Tree, metrics: Metrics, types: TensorTypes | None) -> None:
        self._tree, self._metrics, self._types = tree, metrics, types
        self.unit: str = getattr(types, "unit", "node")
        self._known: dict[int, Label] = {}

    def get(self, item: int) -> Label:
        found = self._known.get(item)
        if found is None:
            found = self._node(item) if item >= 0 else self._group(item)
            self._known[item] = found
        return found

    def tensor(self, item: int) -> str:
        """The dtype and shape of a node's first output, as an edge's label."""
        node = self._tree.graph.nodes[self._tree.nodes[item]]
        return shape_text(self._type(node))

    def short_name(self, item: int) -> str:
        """The last part of an item's name, cut to be written beside an edge."""
        last = self._tree.label(item).rpartition("/")[2]
        return self._metrics.elided(one_line(last), "mono", _NOTE)

    def _group(self, item: int) -> Label:
        group = self._tree.group(item)
        metrics = self._metrics
        count = f"{group.count:,} {self.unit}{'s' * (group.count != 1)}".replace(",", "\u2009")
        if group.series:
            count = f"{len(group.series)}× · {count}"
        beside = metrics.width(count, "plain") + 16 + 2 * 12 + 16
        name = one_line(group.label)
        if group.series and metrics.width(name, "bold") + beside > _GROUP_WIDEST:
            name = one_line(short_label(group.label))
        width = min(max(metrics.width(name, "bold") + beside, _GROUP_NARROWEST), _GROUP_WIDEST)
        name = metrics.elided(name, "bold", width - beside)
        return Label(name, "", (Row(count),), _even(width), CLOSED_GROUP)

    def _node(self, item: int) -> Label:
        tree = self._tree
        position = tree.nodes[item]
        node = tree.graph.nodes[position]
        rows = [self._name_row(item, node)]
        if node.encoded_attrs is None and not node.is_const:
            # Layers hold their weights themselves.
            weights = [pair for pair in node.attrs.items() if isinstance(pair[1], TensorValue)]
            rows.extend(Row(name, constant_text(value)) for name, value in weights)
        telling = node.attrs.get(_TELLING[node.op]) if node.op in _TELLING else None
        if telling is not None:
            rows.append(Row(_TELLING[node.op], _number(telling)))
        folded = tree.folding.rows.get(position, ())
        if node.op == "StridedSlice" and (row := self._slice_row(node, folded)) is not None:
            rows.append(row)
            folded = tuple(pair for pair in folded if pair[0] == 0)
        shown = folded if len(folded) <= _MOST_ROWS else folded[: _MOST_ROWS - 1]
        for slot, constant in shown:
            source = tree.graph.nodes[constant]
            rows.append(
                Row(_slot_name(node, slot), constant_text(source.attrs.get("value")), source.name)
            )
        if len(folded) > len(shown):
            rows.append(Row(f"and {len(folded) - len(shown)} more constants"))
        return self._sized(node.op, kind_of(node.op), [row for row in rows if row.left])

    def _slice_row(self, node: Node, folded: tuple[tuple[int, int], ...]) -> Row | None:
        """Begin, end and strides of a StridedSlice as Python writes them, if all are constant."""
        constants = {slot: self._tree.graph.nodes[constant] for slot, constant in folded}
        if not {1, 2, 3} <= set(constants):
            return None
        values = [constants[slot].attrs.get("value") for slot in (1, 2, 3)]
        lists = [
            value.array.reshape(-1).tolist()
            for value in values
            if isinstance(value, TensorValue) and value.size <= _FEW
        ]
        if len(lists) != 3:
            return None
        masks = {name: _mask(node, name) for name in _MASKS}
        parts = [
            _slice_part(at, masks, *bounds) for at, bounds in enumerate(zip(*lists, strict=False))
        ]
        return Row("slice", f"[{', '.join(parts)}]", constants[1].name)

    def _name_row(self, item: int, node: Node) -> Row:
        name = one_line(self._tree.label(item))
        shape = shape_text(self._type(node))
        # The head says the op already: `norm/FusedBatchNorm` is `norm`.
        outer, _, last = name.rpartition("/")
        if outer and last == node.op:
            name = outer
        if name == node.op:
            return Row("output", shape) if shape else Row("")
        return Row(name, shape)

    def _type(self, node: Node) -> TensorType:
        if self._types is not None:
            return self._types.type(TensorRef(node.name))
        shape = node.attrs.get("shape") if node.op == "Placeholder" else None
        dtype = node.attrs.get("dtype") if node.op == "Placeholder" else None
        return TensorType(
            dtype if isinstance(dtype, DType) else DType.FLOAT32,
            shape if isinstance(shape, Shape) else Shape(),
        )

    def _sized(self, head: str, kind: str, rows: list[Row]) -> Label:
        metrics = self._metrics
        head = one_line(head)
        width = metrics.width(head, "bold") + 2 * PAD + 12
        for row in rows:
            right = metrics.width(row.right, "mono")
            between = 14 if row.right else 0
            width = max(width, metrics.width(row.left, "plain") + between + right + 2 * PAD)
        width = min(max(width, _NARROWEST), _WIDEST)
        fitted = []
        for row in rows:
            least_left = min(metrics.width(row.left, "plain") + 10, (width - 2 * PAD) * 0.4)
            most = width - 2 * PAD - (least_left if row.left else 0.0)
            right_text = metrics.elided(row.right, "mono", most)
            between = 10 if right_text else 0
            room = width - 2 * PAD - between - metrics.width(right_text, "mono")
            fitted.append(Row(metrics.elided(row.left, "plain", room), right_text, row.constant))
        height = HEAD + (len(fitted) * ROW + 2 * BODY_PAD if fitted else 0.0)
        head = metrics.elided(head, "bold", width - 2 * PAD)
        return Label(head, kind, tuple(fitted), _even(width), height)


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


def _slot_name(node: Node, slot: int) -> str:
    names = _INPUTS.get(node.op)
    if names is not None and slot < len(names):
        return names[slot]
    if node.op in ("ConcatV2", "Concat"):
        last = len(node.inputs) - 1 if node.op == "ConcatV2" else 0
        return "axis" if slot == last else f"input {slot}"
    return one_line(node.inputs[slot].node.rpartition("/")[2])


def _even(width: float) -> float:
    """Round up to an even number, so that middles fall on whole pixels."""
    return float(-(-int(width + 1) // 2) * 2)
