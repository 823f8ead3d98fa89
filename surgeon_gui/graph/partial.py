"""Computing with arrays of which only some elements are known (numpy's masked arrays).

Shape arithmetic needs it: Shape, StridedSlice, Pack and Reshape with an unknown batch leave all
other dimensions known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from surgeon_gui.graph.evaluate import evaluate
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.ops import names_in
from surgeon_gui.graph.values import Array

# Which inputs are moved, element by element, into the output; the others have to be known.
_MOVED: dict[str, slice] = {
    "Pack": slice(None),
    "ConcatV2": slice(0, -1),
    "Concat": slice(1, None),
    "Unpack": slice(0, 1),
    "Split": slice(1, 2),
    "SplitV": slice(0, 1),
    "StridedSlice": slice(0, 1),
    "Slice": slice(0, 1),
    "Gather": slice(0, 1),
    "GatherV2": slice(0, 1),
    "Reshape": slice(0, 1),
    "Squeeze": slice(0, 1),
    "ExpandDims": slice(0, 1),
    "Tile": slice(0, 1),
    "Transpose": slice(0, 1),
    "ReverseV2": slice(0, 1),
    "Fill": slice(1, 2),
    "BroadcastTo": slice(0, 1),
    "Pad": slice(0, 1),
}
_ELEMENTWISE = names_in(
    """
    Add AddV2 Sub Mul Div RealDiv FloorDiv TruncateDiv FloorMod Mod Maximum Minimum Cast Neg Abs
    Ceil Floor Round Rint Sqrt Square Pow Equal NotEqual Less LessEqual Greater GreaterEqual
    LogicalAnd LogicalOr LogicalNot
    """
)
_REDUCING = frozenset({"Prod", "Sum", "Max", "Min", "Mean", "All", "Any"})


def evaluate_partly(node: Node, inputs: Sequence[Array]) -> Sequence[Array | None]:
    """Return the outputs, masked where they depend on an unknown element.

    Raises:
        GraphError: the inputs do not fit the node.
    """
    filled = [
        value.filled(1) if isinstance(value, np.ma.MaskedArray) else value for value in inputs
    ]
    masks = [np.array(np.ma.getmaskarray(value)) for value in inputs]
    if node.op in _ELEMENTWISE:
        hidden: Sequence[Array] | None = (np.logical_or.reduce(np.broadcast_arrays(*masks)),)
    elif node.op in _REDUCING and not masks[1].any():
        hidden = evaluate(node.replace(op="Any"), [masks[0], filled[1]])
    elif node.op in _MOVED:
        moved = _MOVED[node.op]
        rest = masks.copy()
        del rest[moved]
        if any(mask.any() for mask in rest):
            return ()
        exchanged = list(filled)
        exchanged[moved] = masks[moved]
        hidden = evaluate(node, exchanged)
    else:
        return ()
    found = evaluate(node, filled)
    if found is None or hidden is None:
        return ()
    return [
        np.ma.masked_array(value, mask=mask.astype(bool)) if mask.any() else value
        for value, mask in zip(found, hidden, strict=True)
    ]
