"""What a check looks at: one node with its operands, types and consumers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import Types
from surgeon_gui.graph.values import DType, TensorType, TensorValue
from surgeon_gui.registry import Registry

Array = npt.NDArray[Any]
Facts = Mapping[str, Any]
CheckFunction = Callable[["Context", Facts], bool | None]

CHECKS: Registry[CheckFunction] = Registry("surgeon_gui.targets.checks")
"""Checks by the `kind` the fact tables use; each returns None where it cannot be decided."""

IDENTITIES = ("Identity", "StopGradient", "PreventGradient")


@dataclass(frozen=True)
class Context:
    """One node under judgement.

    Operand indices count data inputs; negative ones count from the end. Axes include the batch
    dimension. A constant is a Const behind any number of Identity nodes.

    Attributes:
        folded: nodes that the target's converter computes beforehand.
    """

    graph: Graph
    node: Node
    types: Types
    folded: frozenset[str] = frozenset()

    def is_constant(self, index: int) -> bool:
        """Whether an operand is a constant, or a node the converter makes one."""
        ref = self.operand(index)
        return ref is not None and (ref.node in self.folded or self.constant(index) is not None)

    def operand(self, index: int) -> TensorRef | None:
        inputs = self.node.inputs
        return inputs[index] if -len(inputs) <= index < len(inputs) else None

    def type(self, index: int) -> TensorType | None:
        ref = self.operand(index)
        return None if ref is None else self.types.type(ref)

    def rank(self, index: int) -> int | None:
        found = self.type(index)
        return None if found is None else found.shape.rank

    def constant(self, index: int) -> TensorValue | None:
        """The constant an operand is, or None."""
        ref = self.operand(index)
        return None if ref is None else constant_of(self.graph, ref)

    def array(self, index: int) -> Array | None:
        """The operand's elements where they are constant."""
        found = self.constant(index)
        return None if found is None or found.dtype is DType.STRING else np.asarray(found.array)

    def attr(self, name: str) -> Any:
        return self.node.attrs.get(name)

    @property
    def data_format(self) -> str:
        value = self.attr("data_format")
        return value.decode() if isinstance(value, bytes) and value else "NHWC"

    @property
    def spatial_axes(self) -> tuple[int, ...]:
        form = self.data_format
        return tuple(i for i, letter in enumerate(form) if letter not in "NC")

    @property
    def consumers(self) -> Sequence[Node]:
        return self.graph.consumers(self.node.name)


def constant_of(graph: Graph, ref: TensorRef) -> TensorValue | None:
    """Return the constant a tensor is, looking through Identity nodes."""
    for _ in range(len(graph)):
        node = graph.get(ref.node)
        if node is None:
            return None
        if node.op in IDENTITIES and node.inputs:
            ref = node.inputs[0]
            continue
        value = node.attrs.get("value") if node.op == "Const" else None
        return value if isinstance(value, TensorValue) else None
    return None


def holds(facts: Facts, context: Context) -> bool | None:
    """Say whether the condition `facts` holds for the node; None where it cannot be decided.

    A damaged node, whose operands or attributes are not what its op has, decides nothing.
    """
    check = CHECKS.get(str(facts.get("kind")))
    if check is None:
        return None
    try:
        return check(context, facts)
    except (IndexError, TypeError, ValueError, AttributeError):
        return None


def compare(left: float, operator: str, right: float) -> bool:
    """Apply one of the tables' comparison operators."""
    return {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[operator]


def is_shape_arithmetic(node: Node, types: Types) -> bool:
    """Whether a node computes with shapes and constants only, so that no data flows through it."""
    return node.op != "Const" and types.partial(TensorRef(node.name)) is not None
