"""Integers bit by bit, as far as arithmetic can say it; counts and permutations of integers."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.evaluate import LARGEST_RESULT
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, held_dtype


@converter("Invert")
def invert(node: Call, b: Lower) -> Value:
    """All bits turned: -1 - x in two's complement, the largest number less x without sign."""
    data = node.input(0)
    top = int(np.iinfo(np.dtype(data.dtype.numpy)).max)
    signed = np.dtype(data.dtype.numpy).kind == "i"
    return b.elementwise(Op.SUB, b.scalar(-1 if signed else top, data.dtype), data)


@converter("LeftShift", "RightShift")
def shift(node: Call, b: Lower) -> Value:
    """Multiplied or divided by a power of two; TensorFlow shifts by the width less one at most."""
    data = node.input(0)
    bits = np.clip(node.constant(1, "the shift"), 0, np.iinfo(np.dtype(data.dtype.numpy)).bits - 1)
    left = node.op == "LeftShift"
    if left and held_dtype(data.dtype) is not data.dtype:
        raise node.refuse(
            f"{node.op} of {data.dtype.text} loses the bits that do not fit, TensorRT computes "
            "in a wider integer.",
            "Cast the input to int32.",
        )
    top = np.iinfo(np.dtype(data.dtype.numpy)).bits - 1
    if np.any(bits == top) and np.dtype(data.dtype.numpy).kind == "i":
        raise node.refuse(
            f"It shifts {data.dtype.text} by all of its {top} bits, for which no factor exists.",
            "Replace it by a comparison with zero.",
        )
    powers = np.left_shift(np.ones_like(bits), bits)
    factor = Value.known(powers, data.dtype)
    return b.elementwise(Op.PROD if left else Op.FLOOR_DIV, data, factor)


@converter("InvertPermutation")
def invert_permutation(node: Call, b: Lower) -> Value:
    """Where each number stands: the sum of places times whether the number is there."""
    data = node.input(0)
    places = np.arange(data.size, dtype=data.dtype.numpy)
    row, column = places.reshape(1, -1), places.reshape(-1, 1)
    same = b.elementwise(
        Op.EQUAL, b.view(data, (1, data.size)), Value.known(column, data.dtype), suffix="same"
    )
    numbers = b.cast(same, data.dtype, suffix="numbers")
    placed = b.elementwise(Op.PROD, numbers, Value.known(row, data.dtype), suffix="placed")
    return b.reduce(ReduceOperation.SUM, placed, (1,), False)


@converter("Bincount", "DenseBincount")
def count_bins(node: Call, b: Lower) -> Value:
    """Compared with 0, 1, 2 … and added up; numbers past the last bin count nowhere."""
    data, weights = node.input(0), node.input(2)
    bins = node.constant_int(1, "the number of bins")
    if bins * data.size > LARGEST_RESULT:
        raise node.refuse(f"{data.size} numbers in {bins} bins are more than can be worked with.")
    if node.op == "Bincount" or data.rank == 0:
        data = b.view(data, (data.size,))
    steps = np.arange(bins, dtype=data.dtype.numpy)
    wide = b.view(data, (*data.shape, 1))
    same = b.elementwise(Op.EQUAL, wide, Value.known(steps, data.dtype), suffix="same")
    counts = b.cast(same, weights.dtype, suffix="numbers")
    binary = node.op == "DenseBincount" and node.flag("binary_output", False)
    if weights.size and not binary:
        counts = b.elementwise(
            Op.PROD, counts, b.view(weights, (*data.shape, 1)), suffix="weighted"
        )
    how = ReduceOperation.MAX if binary else ReduceOperation.SUM
    return b.reduce(how, counts, (data.rank - 1,), False)
