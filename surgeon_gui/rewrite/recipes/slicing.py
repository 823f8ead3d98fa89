"""Rewrites of slices and repetitions into what UFF knows."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph import attrs
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Shape
from surgeon_gui.rewrite.actions import action
from surgeon_gui.rewrite.maker import Maker
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement
from surgeon_gui.rewrite.subject import Mismatch

_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
_PLAIN = dict.fromkeys(_MASKS, 0)
MOST_COPIES = 64
"""Copies a Tile is spelt out to; more would make a graph nobody can read."""


def _open_dims(shape: Shape) -> list[int] | None:
    """Return the dimensions when at most the first is unknown."""
    if shape.dims is None or any(dim < 0 for dim in shape.dims[1:]):
        return None
    return list(shape.dims)


@action
def slice_to_strided(place: Place) -> Replacement | Mismatch:
    """Make Slice(x, begin, size) a StridedSlice with constant ends; an open batch stays whole."""
    begin, size = place.value("begin"), place.value("size")
    dims = _open_dims(place.shape("x"))
    root = place.match.root
    if begin is None or size is None:
        return Mismatch(root, "Where it begins, or its size, is not constant.")
    if dims is None:
        return Mismatch(root, f"The shape of its input is {place.shape('x')}.")
    starts = [int(item) for item in begin.reshape(-1)]
    sizes = [int(item) for item in size.reshape(-1)]
    ends = [
        dim if count < 0 else start + count
        for start, count, dim in zip(starts, sizes, dims, strict=True)
    ]
    whole_batch = dims[0] < 0 and starts[0] == 0 and sizes[0] < 0
    if ends[0] < 0 and not whole_batch:
        return Mismatch(root, "It cuts a batch of unknown size.")
    maker = Maker(place)
    inputs = [
        place.tensor("x"),
        maker.indices("begin", *starts),
        maker.indices("end", *(max(end, 0) for end in ends)),
        maker.indices("strides", *[1] * len(dims)),
    ]
    return maker.last("StridedSlice", inputs, {**_PLAIN, "end_mask": int(whole_batch)})


@action
def plain_strided_slice(place: Place) -> Replacement | Mismatch:
    """State a StridedSlice without masks, but for an open batch; Reshape adds and drops axes."""
    root = place.node("root")
    masks = {key: attrs.whole(root, key) for key in _MASKS}
    dims = _open_dims(place.shape("x"))
    made = _open_dims(place.shape("root"))
    if dims is None or made is None:
        return Mismatch(root.name, f"The shape of its input is {place.shape('x')}.")
    open_batch = dims[0] < 0
    allowed = {**_PLAIN, "begin_mask": int(open_batch), "end_mask": int(open_batch)}
    if all(masks[key] in (0, allowed[key]) for key in _MASKS):
        return Mismatch(root.name, "It has no mask that matters.")
    found = _ranges(place, dims, masks)
    if isinstance(found, Mismatch):
        return found
    maker = Maker(place)
    inputs = [place.tensor("x"), *(maker.indices(label, *found[label]) for label in found)]
    stated = {**_PLAIN, "begin_mask": int(open_batch), "end_mask": int(open_batch)}
    if not masks["new_axis_mask"] and not masks["shrink_axis_mask"]:
        return maker.last("StridedSlice", inputs, stated)
    sliced = maker.node("slice", "StridedSlice", inputs, stated)
    if made and made[0] < 0 and not open_batch:
        return Mismatch(root.name, "The shape it makes is unknown.")
    return maker.last("Reshape", [sliced, maker.indices("shape", *made)])


def _ranges(
    place: Place, dims: list[int], masks: dict[str, int]
) -> dict[str, list[int]] | Mismatch:
    """Return begin, end and stride of each axis of the input, all within it."""
    root = place.match.root
    stated = [place.value(name) for name in ("begin", "end", "strides")]
    if any(item is None for item in stated):
        return Mismatch(root, "Where it begins or ends is not constant.")
    begin, end, strides = (
        [int(n) for n in item.reshape(-1)] for item in stated if item is not None
    )
    found: dict[str, list[int]] = {"begin": [], "end": [], "strides": []}
    consumed = sum(
        not (masks["new_axis_mask"] | masks["ellipsis_mask"]) >> at & 1 for at in range(len(begin))
    )
    for at in range(len(begin)):
        bit = 1 << at
        if masks["ellipsis_mask"] & bit:
            for _ in range(len(dims) - consumed):
                _append(found, 0, dims[len(found["begin"])], 1)
            continue
        if masks["new_axis_mask"] & bit:
            continue
        axis = len(found["begin"])
        dim = dims[axis]
        everything = masks["begin_mask"] & bit and masks["end_mask"] & bit and strides[at] == 1
        shrink = bool(masks["shrink_axis_mask"] & bit)
        if dim < 0 and (shrink or not everything):
            return Mismatch(root, "It cuts a batch of unknown size.")
        if dim < 0:
            _append(found, 0, 0, 1)
            continue
        if strides[at] < 0:
            return Mismatch(root, "It runs backwards.")
        if shrink:
            start = begin[at] + dim if begin[at] < 0 else begin[at]
            _append(found, start, start + 1, 1)
            continue
        low = 0 if masks["begin_mask"] & bit else _within(begin[at], dim)
        high = dim if masks["end_mask"] & bit else _within(end[at], dim)
        _append(found, low, high, strides[at])
    while len(found["begin"]) < len(dims):
        axis = len(found["begin"])
        _append(found, 0, max(dims[axis], 0), 1)
    return found


def _append(found: dict[str, list[int]], begin: int, end: int, stride: int) -> None:
    found["begin"].append(begin)
    found["end"].append(max(end, 0))
    found["strides"].append(stride)


def _within(position: int, dim: int) -> int:
    return min(max(position + dim if position < 0 else position, 0), dim)


@action
def tile_to_concat(place: Place) -> Replacement | Mismatch:
    """Make a Tile concatenations of copies, one for each axis that is repeated."""
    root = place.node("root")
    multiples = place.value("multiples")
    if multiples is None:
        return Mismatch(root.name, "How often it repeats is not constant.")
    counts = {axis: int(count) for axis, count in enumerate(multiples.reshape(-1)) if count != 1}
    if any(count < 1 for count in counts.values()) or sum(counts.values()) > MOST_COPIES:
        return Mismatch(root.name, f"It makes {int(np.prod(multiples))} copies.")
    maker = Maker(place)
    current: TensorRef = place.tensor("x")
    if not counts:
        return maker.last("Identity", [current])
    *first, last = counts.items()
    for axis, count in first:
        inputs = [current] * count
        current = maker.node(f"axis{axis}", "ConcatV2", [*inputs, _axis(maker, axis)], {"N": count})
    axis, count = last
    return maker.last("ConcatV2", [*[current] * count, _axis(maker, axis)], {"N": count})


def _axis(maker: Maker, axis: int) -> TensorRef:
    return maker.const("axis", np.array(axis, np.int32))


_INDEX_INPUTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "ArgMax": ("Tidx", (1,)),
    "ArgMin": ("Tidx", (1,)),
    "ConcatV2": ("Tidx", (-1,)),
    "ExpandDims": ("Tdim", (1,)),
    "GatherV2": ("Taxis", (2,)),
    "Max": ("Tidx", (1,)),
    "Mean": ("Tidx", (1,)),
    "Min": ("Tidx", (1,)),
    "Pad": ("Tpaddings", (1,)),
    "PadV2": ("Tpaddings", (1,)),
    "Prod": ("Tidx", (1,)),
    "Reshape": ("Tshape", (1,)),
    "Slice": ("Index", (1, 2)),
    "StridedSlice": ("Index", (1, 2, 3)),
    "Sum": ("Tidx", (1,)),
    "Tile": ("Tmultiples", (1,)),
    "Transpose": ("Tperm", (1,)),
}
"""The attribute that names the dtype of an op's index operands, and where those stand."""


@action
def narrow_indices(place: Place) -> Replacement | Mismatch:
    """Write constant int64 operands (axes, shapes, bounds) as int32, where their values fit."""
    root = place.node("root")
    key, positions = _INDEX_INPUTS.get(root.op, ("", ()))
    if attrs.dtype(root, key).text != "int64":
        return Mismatch(root.name, "Its indices are not int64.")
    maker = Maker(place)
    inputs = list(root.inputs)
    for at in positions:
        value = place.subject.value(inputs[at])
        if value is None:
            return Mismatch(root.name, f"{inputs[at]} is not constant.")
        # A bound such as the greatest int64 means "to the end"; so does the greatest int32.
        limits = np.iinfo(np.int32)
        clipped = np.clip(value, limits.min, limits.max)
        if root.op not in ("StridedSlice",) and not np.array_equal(clipped, value):
            return Mismatch(root.name, f"The values of {inputs[at]} need 64 bits.")
        label = f"indices{at % len(inputs)}" if len(positions) > 1 else "indices"
        inputs[at] = maker.const(label, clipped.astype(np.int32))
    kept = {name: value for name, value in root.attrs.items() if name != key}
    return maker.last(root.op, inputs, kept)
