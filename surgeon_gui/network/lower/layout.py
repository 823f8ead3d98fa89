"""Reshapes on permuted tensors: when a reshape needs no transpose, and in what layout it ends.

A tensor of logical `shape` lies in memory with dimension i at place `axes[i]`. Dimensions of 1
have no place of their own: moving them costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from surgeon_gui.network.ir import Dims
from surgeon_gui.network.lower.value import Permutation, inverse


def physical(shape: Dims, axes: Permutation) -> Dims:
    """Return the dimensions of the network tensor that holds `shape` with `axes`."""
    return tuple(shape[dim] for dim in inverse(axes))


def memory_order(shape: Dims, axes: Permutation) -> tuple[int, ...]:
    """Return the dimensions larger than 1 in the order in which they lie in memory."""
    return tuple(dim for dim in inverse(axes) if shape[dim] != 1)


def free_axes(shape: Dims, axes: Permutation, wanted: Dims) -> Permutation | None:
    """Return the layout in which reshaping to `wanted` moves no element, or None.

    Dimensions are matched into groups of equal product; each group must lie together and in order.
    """
    if 0 in shape:
        return tuple(range(len(wanted)))
    groups = _groups(shape, wanted)
    if groups is None:
        return None
    order = memory_order(shape, axes)
    group_of = {dim: group for group in groups for dim in group[0]}
    result: list[int] = []
    place = 0
    while place < len(order):
        old, new = group_of[order[place]]
        if tuple(order[place : place + len(old)]) != old:
            return None
        result.extend(new)
        place += len(old)
    return _with_units(result, wanted)


def _groups(shape: Dims, wanted: Dims) -> list[tuple[Dims, Dims]] | None:
    """Pair up the dimensions larger than 1 of both shapes into smallest groups of equal product."""
    olds = [dim for dim, size in enumerate(shape) if size != 1]
    news = [dim for dim, size in enumerate(wanted) if size != 1]
    groups: list[tuple[Dims, Dims]] = []
    i = j = 0
    while i < len(olds) and j < len(news):
        first_old, first_new = i, j
        left, right = shape[olds[i]], wanted[news[j]]
        i, j = i + 1, j + 1
        while left != right:
            if left < right:
                if i == len(olds):
                    return None
                left *= shape[olds[i]]
                i += 1
            else:
                if j == len(news):
                    return None
                right *= wanted[news[j]]
                j += 1
        groups.append((tuple(olds[first_old:i]), tuple(news[first_new:j])))
    return groups if i == len(olds) and j == len(news) else None


def _with_units(order: list[int], wanted: Dims) -> Permutation:
    """Return axes for an order of the larger dimensions; each 1 lies after its neighbour."""
    for dim, size in enumerate(wanted):
        if size == 1:
            order.insert(order.index(dim - 1) + 1 if dim else 0, dim)
    return inverse(order)


def without(axes: Permutation, gone: Sequence[int]) -> Permutation:
    """Return the axes of what is left when the logical dimensions `gone` are reduced away."""
    removed = {axes[dim] for dim in gone}
    kept = [axes[dim] for dim in range(len(axes)) if axes[dim] not in removed]
    return tuple(sorted(kept).index(axis) for axis in kept)
