"""Non-maximum suppression: which boxes stay of those that overlap.

TensorRT's layer lists as many boxes as it keeps. Where TensorFlow pads its result, zeros follow to
the size that is known; otherwise that size stays open, and few ops can read the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Tensor
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation, SampleMode
from surgeon_gui.network.layers.algebra import MAX_K
from surgeon_gui.network.lower.arithmetic import choose
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.reduction import top_k
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_MOST_BOXES = 5000
"""The most boxes that TensorRT's layer considers (INMSLayer.topk_box_limit)."""

_LOWEST = float(np.finfo(np.float32).min)
"""Below every score: TensorFlow's threshold where none is given."""


@dataclass(frozen=True)
class _Limits:
    """How many boxes stay per class, from which overlap on one goes, above which score."""

    most: int
    overlap: float
    score: float


def _number(node: Call, index: int, what: str) -> float:
    return float(node.constant(index, what).reshape(()))


def _kept(
    node: Call, b: Lower, boxes: Value, scores: Value, limits: _Limits
) -> tuple[Tensor, Tensor]:
    """Return indices int32[-1, 3] (batch, class, box) by falling score, and how many there are.

    Boxes are [batch, box, 4], two opposite corners; scores [batch, box, class].
    """
    if boxes.shape != (*scores.shape[:2], 4):
        raise node.refuse(
            f"Boxes of {list(boxes.shape)} and scores of {list(scores.shape)} do not go together.",
            "Check the shapes of the inputs.",
        )
    count = boxes.shape[1]
    if count > _MOST_BOXES:
        b.note(f"TensorRT considers the {_MOST_BOXES} boxes of the highest scores, of {count}.")
    threshold = max(limits.score, _LOWEST)
    read = [b.scalar(limits.most, DType.INT32)]
    read += [b.scalar(number, DType.FLOAT32) for number in (limits.overlap, threshold)]
    kind = layers.NMS(topk_box_limit=min(count, _MOST_BOXES))
    data = [b.logical(b.live(value)) for value in (boxes, scores, *read)]
    indices, found = b.add_all(kind, *data)
    return indices, found


_SCORED = ("NonMaxSuppressionV3", "NonMaxSuppressionV4", "NonMaxSuppressionV5")


@converter("NonMaxSuppression", "NonMaxSuppressionV2", *_SCORED)
def non_max_suppression(node: Call, b: Lower) -> tuple[Value, ...]:
    """TensorRT for RTX builds no such layer, other TensorRT do."""
    boxes, scores = b.live(node.input(0)), b.live(node.input(1))
    if node.op == "NonMaxSuppression":
        overlap = node.number("iou_threshold", 0.5)
    else:
        overlap = _number(node, 3, "the overlap")
    lowest = _number(node, 4, "the score threshold") if node.op in _SCORED else _LOWEST
    if node.op == "NonMaxSuppressionV5" and _number(node, 5, "sigma"):
        raise node.refuse(
            "It lowers the scores of overlapping boxes (soft_nms_sigma is not 0); "
            "TensorRT's layer drops the boxes.",
            "Set soft_nms_sigma to 0, or cut the graph before it.",
        )
    limits = _Limits(node.constant_int(2, "how many boxes stay"), overlap, lowest)
    if boxes.rank != 2 or scores.shape != boxes.shape[:1] or limits.most < 1:
        raise node.refuse(
            f"It keeps {limits.most} of the boxes {list(boxes.shape)} by the scores "
            f"{list(scores.shape)}.",
            "Check its inputs.",
        )
    count = boxes.shape[0]
    wide, tall = b.view(boxes, (1, count, 4)), b.view(scores, (1, count, 1))
    rows, found = _kept(node, b, wide, tall, limits)
    column = b.constant(Value.known(np.int32(2)))
    picked = b.add(layers.Gather(axis=1), rows, column, suffix="boxes")
    if not node.flag("pad_to_max_output_size", False):
        indices = Value.of(picked, DType.INT32)
        values = b.add(layers.Gather(axis=0), b.logical(scores), picked, suffix="scores")
        selected = Value.of(values, scores.dtype)
    else:
        fill = layers.Slice(start=(0,), size=(limits.most,), stride=(1,), mode=SampleMode.FILL)
        indices = Value.of(b.add(fill, picked, suffix="padded"), DType.INT32)
        every = layers.Gather(axis=0)
        values = b.add(every, b.logical(scores), b.logical(indices), suffix="scores")
        places = Value.known(np.arange(limits.most, dtype=np.int32))
        valid = b.elementwise(Op.LESS, places, Value.of(found, DType.INT32), suffix="valid")
        selected = _or_zero(b, valid, Value.of(values, scores.dtype), "selected")
    total = Value.of(found, DType.INT32)
    if node.op == "NonMaxSuppressionV5":
        return indices, selected, total
    return (indices, total) if node.op == "NonMaxSuppressionV4" else (indices,)


def _or_zero(b: Lower, valid: Value, value: Value, suffix: str) -> Value:
    """Return the value where it is valid, 0 elsewhere."""
    return choose(b, valid, value, b.scalar(0, value.dtype), suffix=suffix)


@converter("CombinedNonMaxSuppression")
def combined_non_max_suppression(node: Call, b: Lower) -> tuple[Value, ...]:
    """The scores that stay are sorted over all classes; those suppressed come last."""
    boxes, scores = b.live(node.input(0)), b.live(node.input(1))
    batch, count, shared = boxes.shape[:3]
    classes = scores.shape[2]
    most, total = (node.constant_int(place, "how many boxes stay") for place in (2, 3))
    limits = _Limits(most, _number(node, 4, "the overlap"), _number(node, 5, "the score threshold"))
    size = min(total, most * classes) if node.flag("pad_per_class", False) else total
    k = min(size, classes * count)
    if k > MAX_K or most < 1 or total < 1 or shared not in (1, classes):
        raise node.refuse(
            f"It keeps {size} of {count} boxes for {classes} classes; TensorRT keeps 1 to {MAX_K}.",
            f"Set max_total_size to {MAX_K} or less.",
        )
    by_class = b.view(b.permute(scores, (0, 2, 1)), (batch, classes, count))
    if shared == 1:
        rows = b.view(boxes, (batch, count, 4))
        indices, _ = _kept(node, b, rows, scores, limits)
    else:
        # Boxes of their own for each class: each class becomes a batch of its own.
        rows = b.view(b.permute(boxes, (0, 2, 1, 3)), (batch * classes, count, 4))
        by_class = b.view(by_class, (batch * classes, 1, count))
        alone = b.view(by_class, (batch * classes, count, 1))
        indices, _ = _kept(node, b, rows, alone, limits)
    every = b.logical(by_class)
    nd = layers.Gather(mode=layers.GatherMode.ND)
    updates = b.add(nd, every, indices, suffix="kept")
    nothing = np.full(by_class.shape, _LOWEST, np.float32)
    blank = b.constant(Value.known(nothing))
    scatter = layers.Scatter(mode=layers.ScatterMode.ND)
    dense = Value.of(b.add(scatter, blank, indices, updates, suffix="scores"), DType.FLOAT32)
    flat = b.view(dense, (batch, classes * count))
    best, places = top_k(b, flat, k, 1, layers.TopKOperation.MAX)
    valid = b.elementwise(Op.GREATER, best, b.scalar(_LOWEST, DType.FLOAT32), suffix="valid")
    step = b.scalar(count, DType.INT32)
    label = b.elementwise(Op.FLOOR_DIV, places, step, suffix="class")
    if shared == 1:
        skipped = b.elementwise(Op.PROD, label, step, suffix="skipped")
        place = b.elementwise(Op.SUB, places, skipped, suffix="box")
    else:
        place, rows = places, b.view(rows, (batch, classes * count, 4))
    paired = layers.Gather(axis=1, num_elementwise_dims=1)
    found = b.add(paired, b.logical(rows), b.logical(place), suffix="boxes")
    corners = Value.of(found, boxes.dtype)
    if node.flag("clip_boxes", True):
        corners = b.activation(layers.ActivationType.CLIP, corners, 0.0, 1.0, suffix="clipped")
    counted = b.cast(valid, DType.INT32, suffix="counted")
    results = [
        _or_zero(b, b.view(valid, (batch, k, 1)), corners, "valid_boxes"),
        _or_zero(b, valid, best, "valid_scores"),
        _or_zero(b, valid, b.cast(label, DType.FLOAT32, suffix="label"), "valid_classes"),
    ]
    padded = [
        b.slice(
            value,
            (0,) * value.rank,
            (batch, size, *value.shape[2:]),
            mode=SampleMode.FILL,
            suffix=f"padded_{place}",
        )
        for place, value in enumerate(results)
    ]
    return (*padded, b.reduce(ReduceOperation.SUM, counted, (1,), False, suffix="count"))
