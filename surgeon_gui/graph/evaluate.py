"""Computing a node on the CPU with numpy, exactly as TensorFlow would."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from surgeon_gui.errors import GraphError
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array
from surgeon_gui.registry import Registry

Evaluator = Callable[[Node, Sequence[Array]], "Sequence[Array] | Array"]
"""Takes a node and its input arrays; returns its output arrays, or the only one."""


class NotKnown(Exception):
    """A variant of an op that its evaluator leaves to others."""


EVALUATORS: Registry[Evaluator] = Registry("surgeon_gui.graph.kernels")
evaluates = EVALUATORS.register


LARGEST_RESULT = 1 << 28
"""Most elements a node may be evaluated to; a small graph can ask for terabytes."""


def room_for(shape: Sequence[int]) -> None:
    """Refuse a result no folding should make.

    Raises:
        ValueError: `shape` has more than `LARGEST_RESULT` elements.
    """
    size = math.prod(max(int(dim), 0) for dim in shape)
    if size > LARGEST_RESULT:
        raise ValueError(f"the result would have {size} elements")


def has_evaluator(op: str) -> bool:
    return op in EVALUATORS


def evaluate(node: Node, inputs: Sequence[Array]) -> tuple[Array, ...] | None:
    """Return the node's outputs for these inputs, None where no evaluator knows the op or variant.

    Integers are exact, with TensorFlow's division, rounding, wrapping and casts; floats are rounded
    as the dtype demands, though sums may be taken in another order.

    Raises:
        GraphError: the inputs do not fit the node.
    """
    evaluator = EVALUATORS.get(node.op)
    if evaluator is None:
        return None
    try:
        with np.errstate(all="ignore"):
            found = evaluator(node, inputs)
    except NotKnown:
        return None
    except (ValueError, IndexError, TypeError, KeyError, ArithmeticError, MemoryError) as error:
        raise GraphError(
            f"{node.op} cannot be computed: {error}.",
            where=node.name,
            hint="Check its inputs' shapes and attributes.",
        ) from error
    outputs = [found] if isinstance(found, np.ndarray | np.generic) else found
    return tuple(np.asarray(output) for output in outputs)
