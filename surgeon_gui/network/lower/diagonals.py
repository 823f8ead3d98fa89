"""Diagonals, bands, and other things a mask that is known beforehand picks out."""

from __future__ import annotations

import numpy as np

from surgeon_gui.network.layers import ReduceOperation
from surgeon_gui.network.lower.arithmetic import choose
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


def _only_main(node: Call, first: int) -> None:
    """Refuse what the later versions add: other diagonals, other sizes."""
    for index in range(first, len(node.inputs)):
        values = node.constant(index, "the diagonals").reshape(-1)
        plain = (0,) if index == first else (0, -1)
        if any(value not in plain for value in values):
            raise node.refuse(
                f"{node.op} with diagonals other than the main one is not supported.",
                "Replace it by products with constant masks.",
            )


@converter("MatrixBandPart")
def band_part(node: Call, b: Lower) -> Value:
    data = node.input(0)
    below = node.constant_int(1, "the lower band")
    above = node.constant_int(2, "the upper band")
    rows, columns = data.shape[-2:]
    row, column = np.indices((rows, columns))
    kept = ((below < 0) | (row - column <= below)) & ((above < 0) | (column - row <= above))
    return choose(b, Value.known(kept), data, b.scalar(0, data.dtype))


@converter("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def diagonal(node: Call, b: Lower) -> Value:
    _only_main(node, 1)
    data = node.input(0)
    size = data.shape[-1]
    wide = b.view(data, (*data.shape, 1))
    return choose(b, Value.known(np.eye(size, dtype=np.bool_)), wide, b.scalar(0, data.dtype))


@converter("MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3")
def diagonal_part(node: Call, b: Lower) -> Value:
    _only_main(node, 1)
    data = node.input(0)
    size = min(data.shape[-2:])
    square = b.slice(data, (0,) * data.rank, (*data.shape[:-2], size, size), suffix="square")
    eye = Value.known(np.eye(size, dtype=np.bool_))
    kept = choose(b, eye, square, b.scalar(0, data.dtype), suffix="kept")
    return b.reduce(ReduceOperation.SUM, kept, (data.rank - 1,), False)


@converter("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")
def set_diagonal(node: Call, b: Lower) -> Value:
    _only_main(node, 2)
    data, values = node.input(0), node.input(1)
    rows, columns = data.shape[-2:]
    along = (*values.shape, 1) if rows <= columns else (*values.shape[:-1], 1, values.shape[-1])
    eye = Value.known(np.eye(rows, columns, dtype=np.bool_))
    return choose(b, eye, b.view(values, along), data)
