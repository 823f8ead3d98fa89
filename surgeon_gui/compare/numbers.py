"""How far the elements of two constants of one dtype and shape are apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.values import Array, TensorValue

# Elements looked at together: what is made on the way stays small beside the constant.
_CHUNK = 1 << 20


@dataclass(frozen=True)
class NumbersDiff:
    """What is different between the elements of two constants.

    Attributes:
        size: elements of each.
        different: how many differ in a bit.
        most: the largest absolute difference, NaN where one of them is NaN; None for elements
            that are no numbers, and where none differ.
    """

    size: int
    different: int
    most: float | None

    @property
    def words(self) -> str:
        """`3 of 12 numbers differ, by 0.25 at most`; empty where none differ."""
        if not self.different:
            return ""
        verb = "differs" if self.different == 1 else "differ"
        if self.most is None:
            return f"{self.different} of {self.size} values {verb}"
        return f"{self.different} of {self.size} numbers {verb}, by {self.most:.4g} at most"


def compare_numbers(before: TensorValue, after: TensorValue) -> NumbersDiff:
    """Compare the elements of two constants.

    Raises:
        ValueError: dtype or shape differ.
        OpenError: an array cannot be read.
    """
    if (before.dtype, before.shape) != (after.dtype, after.shape):
        raise ValueError("The constants are of different kinds.")
    one, other = before.array.reshape(-1), after.array.reshape(-1)
    if one.dtype.kind == "O" or one.dtype.kind == "b":
        return NumbersDiff(before.size, int(np.count_nonzero(one != other)), None)
    different, most = 0, 0.0
    wide = np.complex128 if one.dtype.kind == "c" else np.float64
    for start in range(0, one.size, _CHUNK):
        first, second = one[start : start + _CHUNK], other[start : start + _CHUNK]
        apart = _bits(first) != _bits(second)
        if apart.ndim > 1:
            apart = apart.any(axis=1)
        if apart.any():
            different += int(np.count_nonzero(apart))
            with np.errstate(invalid="ignore", over="ignore"):
                by = np.abs(second[apart].astype(wide) - first[apart].astype(wide))
            most = float(np.maximum(most, by.max()))
    return NumbersDiff(before.size, different, most if different else None)


def _bits(values: Array) -> Array:
    """Return elements as integers of their size, so that NaN equals NaN; large ones as bytes."""
    size = values.dtype.itemsize
    if size <= 8:
        return values.view(f"u{size}")
    return values.view(np.uint8).reshape(-1, size)
