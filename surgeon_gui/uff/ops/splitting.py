"""Ops of several outputs: UFF has one per node, so each is cut out by a slice of its own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph import attrs
from surgeon_gui.graph.values import DType
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import Conversion, repair, take
from surgeon_gui.uff.wiring import WiredNode


@repair("Split")
def split(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    axis, data = take(node, inputs, 2)
    along = conversion.integer(axis, node, "axis")
    count = attrs.whole(node.node, "num_split", 1)
    size = _dims(conversion, node, 1)[along] // max(count, 1)
    return _cut(conversion, node, data, 1, along, [size] * count)


@repair("SplitV")
def split_by_sizes(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    data, lengths, axis = take(node, inputs, 3)
    along = conversion.integer(axis, node, "axis")
    sizes = conversion.integers(lengths, node, "list of sizes")
    if -1 in sizes:
        open_size = _dims(conversion, node, 0)[along] - sum(size for size in sizes if size > 0)
        sizes = [open_size if size == -1 else size for size in sizes]
    return _cut(conversion, node, data, 0, along, sizes)


@repair("Unpack")
def unpack(conversion: Conversion, node: WiredNode, inputs: list[str]) -> Iterable[str]:
    (data,) = take(node, inputs, 1)
    count = attrs.whole(node.node, "num", 1)
    along = attrs.whole(node.node, "axis")
    return _cut(conversion, node, data, 0, along, [1] * count, shrink=True)


def _dims(conversion: Conversion, node: WiredNode, index: int) -> tuple[int, ...]:
    """Return the dimensions of a data input.

    Raises:
        Unsupported: they are not known.
    """
    known = None if conversion.types is None else conversion.types.shape(node.node.inputs[index])
    if known is None or known.dims is None:
        raise Unsupported(
            node.name,
            f"UFF wants each output of a {node.op} cut out by itself, "
            "and the shape of what it cuts is not known.",
            "Fix the shapes of the inputs.",
        )
    return known.dims


def _cut(
    conversion: Conversion,
    node: WiredNode,
    data: str,
    index: int,
    axis: int,
    sizes: list[int],
    *,
    shrink: bool = False,
) -> list[str]:
    port = conversion.parts.get(node.name, 0)
    dims = _dims(conversion, node, index)
    if not -len(dims) <= axis < len(dims) or port >= len(sizes) or min(sizes) < 0:
        raise Unsupported(
            node.name,
            f"It cuts {list(dims)} along axis {axis} into {len(sizes)}, of which output {port} "
            "is read.",
            "Correct the node, or fix the shapes of the inputs.",
        )
    axis %= len(dims)
    start = sum(sizes[:port])
    bounds = []
    for word, value in (("begin", start), ("end", start + sizes[port]), ("strides", 1)):
        array = np.full(len(dims), int(word == "strides"), np.int32)
        array[axis] = value
        name = conversion.fresh_id(f"{node.name}/{word}")
        bounds.append(conversion.add_constant(name, array, DType.INT32))
    conversion.repaired("outputs are cut out by a StridedSlice each", node.name)
    rest = sum(1 << place for place in range(len(dims)) if place != axis)
    conversion.add(
        node.name,
        "StridedSlice",
        [data, *bounds],
        begin_mask=fields.integer(rest),
        end_mask=fields.integer(rest),
        shrink_axis_mask=fields.integer(1 << axis if shrink else 0),
    )
    return [data]
