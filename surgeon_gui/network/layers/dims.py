"""Arithmetic on dimensions that the layer kinds share."""

from __future__ import annotations

from collections.abc import Sequence

from surgeon_gui.network.ir import Dims, LayerError
from surgeon_gui.network.layers.enums import PaddingMode


def spatial_size(
    size: int, window: int, stride: int, dilation: int, pads: int, mode: PaddingMode
) -> int:
    """Return how many windows fit into `size`; -1 while that is unknown."""
    if size < 0:
        return -1
    if mode in (PaddingMode.SAME_UPPER, PaddingMode.SAME_LOWER):
        return -(-size // stride)
    room = size + pads - ((window - 1) * dilation + 1)
    if mode is PaddingMode.EXPLICIT_ROUND_UP:
        return -(-room // stride) + 1
    return room // stride + 1


def window_padding(
    size: int, window: int, stride: int, dilation: int, pre: int, post: int, mode: PaddingMode
) -> tuple[int, int]:
    """Return the padding before and after that `mode` amounts to for a known `size`."""
    if mode is PaddingMode.EXPLICIT_ROUND_DOWN:
        return pre, post
    outputs = spatial_size(size, window, stride, dilation, pre + post, mode)
    total = max(0, (outputs - 1) * stride + (window - 1) * dilation + 1 - size)
    if mode is PaddingMode.EXPLICIT_ROUND_UP:
        return pre, max(post, total - pre)
    small, large = total // 2, total - total // 2
    return (small, large) if mode is PaddingMode.SAME_UPPER else (large, small)


def broadcast_dims(left: Dims, right: Dims) -> Dims:
    """Return the dims of an element-wise result: equal ranks, dimensions equal or 1.

    Raises:
        LayerError: they do not go together.
    """
    if len(left) != len(right):
        raise LayerError(f"Ranks {len(left)} and {len(right)} differ; TensorRT wants equal ranks.")
    dims = []
    for one, other in zip(left, right, strict=True):
        if one == 1:
            dims.append(other)
        elif other == 1 or one == other:
            dims.append(one)
        elif one < 0 or other < 0:
            dims.append(max(one, other))
        else:
            raise LayerError(f"Shapes {list(left)} and {list(right)} do not broadcast.")
    return tuple(dims)


def checked_axis(axis: int, rank: int) -> int:
    if not 0 <= axis < rank:
        raise LayerError(f"Axis {axis} is outside a tensor of rank {rank}.")
    return axis


def permuted(shape: Dims, permutation: tuple[int, ...] | None) -> Dims:
    if permutation is None:
        return shape
    if sorted(permutation) != list(range(len(shape))):
        raise LayerError(f"{permutation} is no permutation of rank {len(shape)}.")
    return tuple(shape[axis] for axis in permutation)


def permutation_is_identity(permutation: Sequence[int]) -> bool:
    return list(permutation) == list(range(len(permutation)))
