"""Finding NaN and infinities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from surgeon_gui.compare.report import NonFinite
from surgeon_gui.graph.values import Array


def non_finite(arrays: Mapping[str, Array]) -> tuple[NonFinite, ...]:
    """Return those of the arrays, in their order, that hold NaN or infinities, with how many."""
    found = []
    for name, array in arrays.items():
        values = array.astype(np.float32) if array.dtype.kind == "V" else array
        if values.dtype.kind not in "fc":
            continue
        nans = int(np.count_nonzero(np.isnan(values)))
        infinities = int(np.count_nonzero(np.isinf(values)))
        if nans or infinities:
            found.append(NonFinite(name, nans, infinities, int(values.size)))
    return tuple(found)
