"""Moving about in two pictures in step: where a place of one is in the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Scene units around a pair within which only it counts.
_NEAR = 60.0

Point = tuple[float, float]


class Pairing:
    """Things that are in both of two pictures, and how far they lie apart there.

    Args:
        here: where the things are in the first picture.
        there: where the same things are in the second.
    """

    def __init__(self, here: Sequence[Point], there: Sequence[Point]) -> None:
        self._here = np.array(here, dtype=np.float64).reshape(-1, 2)
        self._away = np.array(there, dtype=np.float64).reshape(-1, 2) - self._here

    def __len__(self) -> int:
        return len(self._here)

    def counterpart(self, x: float, y: float) -> Point:
        """Return the place of the second picture that a place of the first corresponds to.

        It moves as the things nearby do; between things that moved apart it moves smoothly, so
        that a view that follows another does not jump. Without pairs it is the same place.
        """
        if not len(self._here):
            return x, y
        apart = ((self._here - (x, y)) ** 2).sum(axis=1)
        weights = 1.0 / (apart + _NEAR**2) ** 2
        dx, dy = (weights[:, None] * self._away).sum(axis=0) / weights.sum()
        return x + float(dx), y + float(dy)
