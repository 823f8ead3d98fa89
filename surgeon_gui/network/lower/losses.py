"""Cross entropies, as evaluation graphs keep them."""

from __future__ import annotations

import numpy as np

from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.layers import ReduceOperation, UnaryOperation
from surgeon_gui.network.lower.activation import log_softmax
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value


@converter("SoftmaxCrossEntropyWithLogits", "SparseSoftmaxCrossEntropyWithLogits")
def softmax_cross_entropy(node: Call, b: Lower) -> tuple[Value, Value]:
    """The loss -sum(labels * log(softmax(logits))) per row, and its gradient softmax - labels."""
    logits, labels = b.live(node.input(0)), node.input(1)
    if logits.rank != 2:
        raise node.refuse(f"Its logits have rank {logits.rank}, not 2.")
    if node.op.startswith("Sparse"):
        steps = np.arange(logits.shape[1], dtype=labels.dtype.numpy).reshape(1, -1)
        column = b.view(labels, (labels.size, 1))
        same = b.elementwise(Op.EQUAL, column, Value.known(steps, labels.dtype), suffix="same")
        labels = b.cast(same, logits.dtype, suffix="labels")
    logarithms = log_softmax(b, logits)
    products = b.elementwise(Op.PROD, labels, logarithms, suffix="products")
    total = b.reduce(ReduceOperation.SUM, products, (1,), False, suffix="total")
    softmax = b.unary(UnaryOperation.EXP, logarithms, suffix="softmax")
    gradient = b.elementwise(Op.SUB, softmax, labels, suffix="gradient")
    return b.unary(UnaryOperation.NEG, total, suffix="loss"), gradient
