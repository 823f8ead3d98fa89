"""Layers that hold networks of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Kind, LayerError, Network, TensorSpec


@dataclass(frozen=True, eq=False, kw_only=True)
class Loop(Kind):
    """While the condition holds, the state becomes what the body makes of it.

    TensorRT has no such layer but several that stand around the body's (ILoop): a recurrence for
    each tensor of the state, a trip limit, and an output for each last value.

    Inputs: the state before the first turn, then what both networks read and no turn changes.
    Outputs: the state after the last turn. Both networks have the inputs of the layer.

    Attributes:
        condition: computes one bool of rank 0, before each turn.
        body: computes the state after a turn, of the same dtypes and dimensions.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, None)
    condition: Network
    body: Network

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        for network in (self.condition, self.body):
            if not _same(network.inputs, inputs):
                raise LayerError("A loop's networks read other tensors than the loop.")
        if not _same(self.condition.output_tensors, [TensorSpec(DType.BOOL, ())]):
            raise LayerError("A loop's condition is one bool.")
        state = self.body.output_tensors
        if not _same(state, inputs[: len(state)]):
            raise LayerError("A turn of a loop changes the dtype or the dimensions of its state.")
        return [TensorSpec(tensor.dtype, tensor.shape) for tensor in state]


@dataclass(frozen=True, eq=False, kw_only=True)
class Conditional(Kind):
    """What one of two networks computes; the other is not run.

    TensorRT has no such layer but several that stand around the branches (IIfConditional).

    Inputs: a bool of rank 0, then what the networks read. Both have these inputs, less the bool.

    Attributes:
        then: computes the outputs where the bool is true.
        other: computes them where it is false, of the same dtypes and dimensions.
    """

    arity: ClassVar[tuple[int, int | None]] = (1, None)
    then: Network
    other: Network

    @property
    def accepts(self) -> frozenset[DType]:
        return frozenset({DType.BOOL})

    def infer(self, inputs: Sequence[TensorSpec]) -> list[TensorSpec]:
        if inputs[0].shape != ():
            raise LayerError("A conditional is decided by one bool.")
        for network in (self.then, self.other):
            if not _same(network.inputs, inputs[1:]):
                raise LayerError("A conditional's networks read other tensors than it does.")
        made = self.then.output_tensors
        if not _same(made, self.other.output_tensors):
            raise LayerError("A conditional's branches make other dtypes or dimensions.")
        return [TensorSpec(tensor.dtype, tensor.shape) for tensor in made]


def _same(left: Sequence[TensorSpec], right: Sequence[TensorSpec]) -> bool:
    return [(item.dtype, item.shape) for item in left] == [
        (item.dtype, item.shape) for item in right
    ]
