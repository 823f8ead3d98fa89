"""Sliding windows: the padding TensorFlow's convolutions and pools mean."""

from __future__ import annotations

from surgeon_gui.network.ir import Dims
from surgeon_gui.network.lower.call import Call

FORMATS = {3: "NWC", 4: "NHWC", 5: "NDHWC"}


def data_format(node: Call, rank: int) -> str:
    """Return the node's data_format, which must have `rank` letters.

    Raises:
        Unsupported: it is one TensorRT has no layout for.
    """
    found = node.text("data_format", FORMATS.get(rank, "NHWC"))
    if sorted(found) not in (sorted("NCW"), sorted("NCHW"), sorted("NCDHW")):
        raise node.refuse(
            f"The data format {found} is not supported.", "Use NHWC or NCHW for this node."
        )
    if len(found) != rank:
        raise node.refuse(f"A {found} tensor should have rank {len(found)}, this one has {rank}.")
    return found


def spatial_of(shape: Dims, layout: str) -> Dims:
    """Return the spatial dimensions of a shape."""
    return tuple(dim for letter, dim in zip(layout, shape, strict=True) if letter not in "NC")


def channel_of(layout: str) -> int:
    """Return which dimension the channels are."""
    return layout.index("C")


def padding(
    node: Call, size: Dims, window: Dims, stride: Dims, dilation: Dims, layout: str
) -> tuple[Dims, Dims]:
    """Return what is padded before and after each spatial dimension.

    SAME gives ceil(size / stride) outputs and puts the odd element at the end.

    Raises:
        Unsupported: an unknown padding scheme, or less data than one window needs.
    """
    scheme = node.text("padding", "VALID")
    if scheme == "VALID":
        zeros = (0,) * len(size)
        _check_fits(node, size, window, stride, dilation)
        return zeros, zeros
    if scheme == "EXPLICIT":
        pads = node.ints("explicit_paddings")
        if len(pads) != 2 * len(layout):
            raise node.refuse(f"explicit_paddings has {len(pads)} items, not {2 * len(layout)}.")
        pairs = [
            pads[2 * dim : 2 * dim + 2] for dim, letter in enumerate(layout) if letter not in "NC"
        ]
        return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    if scheme != "SAME":
        raise node.refuse(f"The padding scheme {scheme} is not known.")
    before, after = [], []
    for dim, width, step, spread in zip(size, window, stride, dilation, strict=True):
        reach = (width - 1) * spread + 1
        total = max((-(-dim // step) - 1) * step + reach - dim, 0)
        before.append(total // 2)
        after.append(total - total // 2)
    return tuple(before), tuple(after)


def _check_fits(node: Call, size: Dims, window: Dims, stride: Dims, dilation: Dims) -> None:
    """Refuse what TensorFlow refuses as a negative number of windows."""
    for dim, width, step, spread in zip(size, window, stride, dilation, strict=True):
        reach = (width - 1) * spread + 1
        if dim >= 0 and dim - reach + step < 0:
            raise node.refuse(
                f"Its window reaches over {reach} elements, and its input has {dim} there "
                f"({list(size)} in all).",
                "Give the graph's inputs a larger shape: --shape, or Set shape in the window.",
            )
