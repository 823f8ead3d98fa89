"""Diagonals, bands, and other things a mask that is known beforehand picks out."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.logic import chosen
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.slicing import counted
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
    if TensorRef(b.node.name) in b.growing:
        return _open_band(b, data, below, above)
    row, column = np.indices((rows, columns))
    kept = ((below < 0) | (row - column <= below)) & ((above < 0) | (column - row <= above))
    return chosen(b, Value.known(kept), data, b.scalar(0, data.dtype))


def _open_band(b: Lower, data: Value, below: int, above: int) -> Value:
    """Compare the numbers of rows and columns."""
    row, column = _rows_and_columns(b, *data.shape[-2:])
    result = data
    for distance, first, second in ((below, row, column), (above, column, row)):
        if distance >= 0:
            last = b.elementwise(Op.SUM, second, b.scalar(distance, DType.INT32), suffix="last")
            outside = b.elementwise(Op.GREATER, first, last, suffix="outside")
            result = chosen(b, outside, b.scalar(0, data.dtype), result)
    return result


def _diagonal_mask(b: Lower, rows: int, columns: int) -> Value:
    """Return where row and column are the same."""
    if TensorRef(b.node.name) in b.growing:
        row, column = _rows_and_columns(b, rows, columns)
        return b.elementwise(Op.EQUAL, row, column, suffix="diagonal")
    return Value.known(np.eye(rows, columns, dtype=np.bool_))


def _rows_and_columns(b: Lower, rows: int, columns: int) -> tuple[Value, Value]:
    """Return the numbers of rows and of columns, of which there may be any number."""
    return b.view(counted(b, rows), (rows, 1)), b.view(counted(b, columns), (1, columns))


@converter("MatrixDiag", "MatrixDiagV2", "MatrixDiagV3")
def diagonal(node: Call, b: Lower) -> Value:
    _only_main(node, 1)
    data = node.input(0)
    size = data.shape[-1]
    wide = b.view(data, (*data.shape, 1))
    return chosen(b, _diagonal_mask(b, size, size), wide, b.scalar(0, data.dtype))


@converter("MatrixDiagPart", "MatrixDiagPartV2", "MatrixDiagPartV3")
def diagonal_part(node: Call, b: Lower) -> Value:
    _only_main(node, 1)
    data = node.input(0)
    size = min(data.shape[-2:])
    square = b.slice(data, (0,) * data.rank, (*data.shape[:-2], size, size), suffix="square")
    eye = _diagonal_mask(b, size, size)
    kept = chosen(b, eye, square, b.scalar(0, data.dtype))
    return b.reduce(ReduceOperation.SUM, kept, (data.rank - 1,), False)


@converter("MatrixSetDiag", "MatrixSetDiagV2", "MatrixSetDiagV3")
def set_diagonal(node: Call, b: Lower) -> Value:
    _only_main(node, 2)
    data, values = node.input(0), node.input(1)
    rows, columns = data.shape[-2:]
    along = (*values.shape, 1) if rows <= columns else (*values.shape[:-1], 1, values.shape[-1])
    eye = _diagonal_mask(b, rows, columns)
    return chosen(b, eye, b.view(values, along), data)
