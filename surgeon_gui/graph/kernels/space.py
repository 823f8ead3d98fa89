"""Blocks of space to batch or depth and back, resizing, selection of boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surgeon_gui.graph.attrs import dtype, flag, real, whole, word
from surgeon_gui.graph.evaluate import NotKnown, evaluates, room_for
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array, DType


@evaluates("SpaceToBatchND")
def space_to_batch(node: Node, inputs: Sequence[Array]) -> Array:
    x, block, amounts = inputs[0], inputs[1].tolist(), inputs[2].tolist()
    count = len(block)
    rest = x.ndim - 1 - count
    room_for([size + sum(both) for size, both in zip(x.shape[1:], amounts, strict=False)])
    x = np.pad(x, [(0, 0), *map(tuple, amounts), *[(0, 0)] * rest])
    shape = [x.shape[0]]
    for size, part in zip(x.shape[1 : 1 + count], block, strict=True):
        shape += [size // part, part]
    x = x.reshape(*shape, *x.shape[1 + count :])
    parts = [2 + 2 * index for index in range(count)]
    whole_axes = [1 + 2 * index for index in range(count)]
    x = x.transpose(*parts, 0, *whole_axes, *range(1 + 2 * count, x.ndim))
    return x.reshape(-1, *x.shape[count + 1 :])


@evaluates("BatchToSpaceND")
def batch_to_space(node: Node, inputs: Sequence[Array]) -> Array:
    x, block, crops = inputs[0], inputs[1].tolist(), inputs[2].tolist()
    count = len(block)
    x = x.reshape(*block, x.shape[0] // int(np.prod(block)), *x.shape[1:])
    order = [count]
    for index in range(count):
        order += [count + 1 + index, index]
    x = x.transpose(*order, *range(2 * count + 1, x.ndim))
    sizes = [x.shape[1 + 2 * i] * x.shape[2 + 2 * i] for i in range(count)]
    x = x.reshape(x.shape[0], *sizes, *x.shape[1 + 2 * count :])
    cuts = [slice(before, size - after) for (before, after), size in zip(crops, sizes, strict=True)]
    return x[(slice(None), *cuts)]


@evaluates("DepthToSpace", "SpaceToDepth")
def depth_space(node: Node, inputs: Sequence[Array]) -> Array:
    layout, block = word(node, "data_format", "NHWC"), whole(node, "block_size", 1)
    if layout not in ("NHWC", "NCHW"):
        raise NotKnown(f"the layout {layout} is not known here")
    x = inputs[0] if layout == "NHWC" else inputs[0].transpose(0, 2, 3, 1)
    n, h, w, c = x.shape
    if node.op == "DepthToSpace":
        x = x.reshape(n, h, w, block, block, c // block**2).transpose(0, 1, 3, 2, 4, 5)
        x = x.reshape(n, h * block, w * block, c // block**2)
    else:
        x = x.reshape(n, h // block, block, w // block, block, c).transpose(0, 1, 3, 2, 4, 5)
        x = x.reshape(n, h // block, w // block, c * block**2)
    return x if layout == "NHWC" else x.transpose(0, 3, 1, 2)


def _source(node: Node, size: int, target: int) -> Array:
    """Return where each output row lies among the input rows (image_resizer_state.h)."""
    index = np.arange(target, dtype=np.float32)
    if flag(node, "align_corners") and target > 1:
        return index * np.float32((size - 1) / np.float32(target - 1))
    scale = np.float32(size) / np.float32(target)
    if flag(node, "half_pixel_centers"):
        return (index + np.float32(0.5)) * scale - np.float32(0.5)
    return index * scale


@evaluates("ResizeNearestNeighbor")
def resize_nearest(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0]
    room_for([x.shape[0], x.shape[3], *np.ravel(inputs[1]).tolist()])
    rows = []
    for axis, target in enumerate(np.ravel(inputs[1]).tolist(), start=1):
        size = x.shape[axis]
        if flag(node, "half_pixel_centers"):
            scale = np.float32(size) / np.float32(target)
            place = np.floor((np.arange(target, dtype=np.float32) + np.float32(0.5)) * scale)
        else:
            place = _source(node, size, target)
            # Corners aligned: halves go away from zero, as C's roundf does.
            aligned = flag(node, "align_corners")
            place = np.floor(place + np.float32(0.5)) if aligned else np.floor(place)
        rows.append(np.clip(place.astype(np.int64), 0, size - 1))
    return x[:, rows[0]][:, :, rows[1]]


@evaluates("ResizeBilinear")
def resize_bilinear(node: Node, inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.float32)
    heights, widths = np.ravel(inputs[1]).tolist()
    room_for([x.shape[0], x.shape[3], heights, widths])
    for axis, target in ((2, widths), (1, heights)):
        size = x.shape[axis]
        place = _source(node, size, target)
        low = np.floor(place)
        share = (place - low).astype(np.float32)
        first = np.clip(low.astype(np.int64), 0, size - 1)
        second = np.clip(np.ceil(place).astype(np.int64), 0, size - 1)
        share = share.reshape([-1 if index == axis else 1 for index in range(4)])
        near, far = np.take(x, first, axis), np.take(x, second, axis)
        x = near + (far - near) * share
    return x


@evaluates("TopK", "TopKV2")
def top_k(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    x = inputs[0]
    count = int(inputs[1]) if node.op == "TopKV2" else whole(node, "k")
    if count > x.shape[-1]:
        raise ValueError(f"k is {count}, of {x.shape[-1]} elements")
    # Stable on the negated order, so that the lower index comes first among equals.
    order = np.argsort(-x.astype(np.float64) if x.dtype.kind != "f" else -x, kind="stable")
    picked = order[..., :count]
    index = dtype(node, "index_type", default=DType.INT32).numpy or np.dtype(np.int32)
    return np.take_along_axis(x, picked, -1), picked.astype(index)


def _overlap(box: Array, others: Array) -> Array:
    """Return intersection over union of a box (y1, x1, y2, x2, any corners) with others."""
    low, high = np.minimum(box[:2], box[2:]), np.maximum(box[:2], box[2:])
    lows, highs = np.minimum(others[:, :2], others[:, 2:]), np.maximum(others[:, :2], others[:, 2:])
    sides = np.maximum(np.minimum(high, highs) - np.maximum(low, lows), 0)
    shared = sides.prod(axis=1)
    area, areas = (high - low).prod(), (highs - lows).prod(axis=1)
    union = area + areas - shared
    return np.where((area <= 0) | (areas <= 0), 0, shared / np.where(union == 0, 1, union))


@evaluates("NonMaxSuppression", "NonMaxSuppressionV2", "NonMaxSuppressionV3", "NonMaxSuppressionV4")
def non_max_suppression(node: Node, inputs: Sequence[Array]) -> Sequence[Array]:
    boxes, scores, limit = inputs[0].astype(np.float32), inputs[1], int(inputs[2])
    if node.op == "NonMaxSuppression":
        overlap, least = np.float32(real(node, "iou_threshold", 0.5)), -np.inf
    else:
        overlap = np.float32(inputs[3])
        least = float(inputs[4]) if len(inputs) > 4 else -np.inf
    order = np.argsort(-scores.astype(np.float32), kind="stable")
    kept: list[int] = []
    for index in order.tolist():
        if len(kept) == limit or scores[index] <= least:
            break
        if not kept or (_overlap(boxes[index], boxes[kept]) <= overlap).all():
            kept.append(index)
    found = np.array(kept, dtype=np.int32)
    if node.op != "NonMaxSuppressionV4":
        return [found]
    count = np.array(found.size, dtype=np.int32)
    if flag(node, "pad_to_max_output_size"):
        found = np.pad(found, (0, max(limit - found.size, 0)))
    return found, count


@evaluates("Dequantize")
def dequantize(node: Node, inputs: Sequence[Array]) -> Array:
    """The three modes of dequantize_op.cc."""
    kind = dtype(node, "T")
    bits = inputs[0].dtype.itemsize * 8
    low, high = np.float32(inputs[1]), np.float32(inputs[2])
    x = inputs[0].astype(np.float32)
    mode = word(node, "mode", "MIN_COMBINED")
    signed = inputs[0].dtype.kind == "i"
    if whole(node, "axis", -1) != -1 or kind in (DType.QINT32,):
        raise NotKnown("this dequantization is not known")
    if mode == "SCALED":
        top = np.float32(2 ** (bits - 1) - 1 if signed else 2**bits - 1)
        bottom = -top if flag(node, "narrow_range") else -np.float32(2 ** (bits - 1))
        scale = high / top if not signed else np.maximum(low / bottom, high / top)
        return (x * scale).astype(np.float32)
    offset = np.float32(2 ** (bits - 1)) if signed else np.float32(0)
    if mode == "MIN_COMBINED":
        return ((x + offset) * ((high - low) / np.float32(2**bits - 1)) + low).astype(np.float32)
    if high == low:
        return np.full_like(x, low)
    steps = 2.0**bits
    width = (float(high) - float(low)) * (steps / (steps - 1))
    per_step = width / steps
    start = np.round(float(low) / per_step) * per_step
    return ((x + offset) * np.float32(per_step) + np.float32(start)).astype(np.float32)
