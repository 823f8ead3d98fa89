"""What is written in a node or on a closed group, and how large that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.ops import category, is_identity_like
from surgeon_gui.graph.values import DType, Shape, TensorType, TensorValue
from surgeon_gui.view.series import short_label
from surgeon_gui.view.tree import Tree
from surgeon_gui.view.words import (
    constant_text,
    count_text,
    number_text,
    one_line,
    shape_text,
    slice_text,
    slot_name,
)

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
        width, other = table.get, self.other
        return sum([width(character, other) for character in text])

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


@cache
def kind_of(op: str) -> str:
    """The category a node is coloured by; what only passes a tensor on counts as data.

    A layer of TensorRT is known by its kind, the first word of `Activation RELU`.
    """
    if is_identity_like(op):
        return "data"
    found = category(op)
    return _LAYERS.get(op.partition(" ")[0], found) if found == "other" else found


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

    def kind(self, item: int) -> str:
        """The category of its label, which need not be made for it."""
        if item < 0:
            return ""
        return kind_of(self._tree.graph.nodes[self._tree.nodes[item]].op)

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
        count = f"{count_text(group.count)} {self.unit}{'s' * (group.count != 1)}"
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
            rows.append(Row(_TELLING[node.op], number_text(telling)))
        folded = tree.folding.rows.get(position, ())
        if node.op == "StridedSlice" and (row := self._slice_row(node, folded)) is not None:
            rows.append(row)
            folded = tuple(pair for pair in folded if pair[0] == 0)
        shown = folded if len(folded) <= _MOST_ROWS else folded[: _MOST_ROWS - 1]
        for slot, constant in shown:
            source = tree.graph.nodes[constant]
            rows.append(
                Row(slot_name(node, slot), constant_text(source.attrs.get("value")), source.name)
            )
        if len(folded) > len(shown):
            rows.append(Row(f"and {len(folded) - len(shown)} more constants"))
        return self._sized(node.op, kind_of(node.op), [row for row in rows if row.left])

    def _slice_row(self, node: Node, folded: tuple[tuple[int, int], ...]) -> Row | None:
        """Begin, end and strides of a StridedSlice as Python writes them, if all are constant."""
        constants = {slot: self._tree.graph.nodes[constant] for slot, constant in folded}
        if not {1, 2, 3} <= set(constants):
            return None
        text = slice_text(node, [constants[slot].attrs.get("value") for slot in (1, 2, 3)])
        return None if text is None else Row("slice", text, constants[1].name)

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


def _even(width: float) -> float:
    """Round up to an even number, so that middles fall on whole pixels."""
    return float(-(-int(width + 1) // 2) * 2)
