"""A node as its converter sees it: inputs as values, attributes with their types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorValue
from surgeon_gui.network.lower.value import Value

Array = npt.NDArray[Any]


class Call:
    """One node with the values of its inputs."""

    __slots__ = ("inputs", "node")

    def __init__(self, node: Node, inputs: tuple[Value, ...]) -> None:
        self.node = node
        self.inputs = inputs

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def op(self) -> str:
        return self.node.op

    def refuse(
        self, reason: str, remedy: str | None = None, *, rule: str | None = None
    ) -> Unsupported:
        """Return the error that says why this node cannot be lowered."""
        return Unsupported(self.node.name, reason, remedy, rule=rule)

    def input(self, index: int) -> Value:
        """Return the value of an input.

        Raises:
            Unsupported: the node has fewer inputs.
        """
        if not -len(self.inputs) <= index < len(self.inputs):
            raise self.refuse(
                f"{self.op} should have an input {index}, the node has {len(self.inputs)} inputs.",
                "Connect the missing input or remove the node.",
            )
        return self.inputs[index]

    def constant(self, index: int, what: str) -> Array:
        """Return the numbers of an input that must not depend on the network's inputs.

        Args:
            index: which input.
            what: how to call it: `the paddings`.

        Raises:
            Unsupported: they do depend on them.
        """
        array = self.input(index).array
        if array is None:
            producer = self.node.inputs[index]
            raise self.refuse(
                f"{self.op} must know {what} when the network is built, "
                f"but {producer} computes it from data.",
                f"Replace {producer.node} by a constant.",
            )
        return array

    def constant_ints(self, index: int, what: str) -> tuple[int, ...]:
        """Return the elements of a constant integer input, flat."""
        return tuple(int(item) for item in self.constant(index, what).reshape(-1))

    def constant_int(self, index: int, what: str) -> int:
        """Return the single element of a constant integer input."""
        items = self.constant_ints(index, what)
        if len(items) != 1:
            raise self.refuse(
                f"{what[0].upper()}{what[1:]} should be one number, not {len(items)}."
            )
        return items[0]

    def axis(self, axis: int, rank: int) -> int:
        """Return `axis` counted from the front.

        Raises:
            Unsupported: it is outside the rank.
        """
        if not -rank <= axis < rank:
            raise self.refuse(f"Axis {axis} is outside a tensor of rank {rank}.")
        return axis % rank

    def axes(self, index: int, rank: int) -> tuple[int, ...]:
        """Return the axes a constant input lists, counted from the front, ascending."""
        listed = self.constant_ints(index, "the axes")
        return tuple(sorted({self.axis(axis, rank) for axis in listed}))

    def _attr(self, name: str, kind: type | tuple[type, ...], default: object) -> Any:
        value = self.node.attrs.get(name, default)
        if not isinstance(value, kind):
            problem = "is missing" if value is None else "has the wrong type"
            raise self.refuse(f"Its attribute {name} {problem}.", f"Set the attribute {name}.")
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        return int(self._attr(name, int, default))

    def number(self, name: str, default: float | None = None) -> float:
        return float(self._attr(name, (float, int), default))

    def flag(self, name: str, default: bool | None = None) -> bool:
        return bool(self._attr(name, (bool, int), default))

    def text(self, name: str, default: str | None = None) -> str:
        value = self._attr(name, bytes, None if default is None else default.encode())
        return str(value.decode(errors="replace"))

    def dtype(self, name: str, default: DType | None = None) -> DType:
        value: DType = self._attr(name, DType, default)
        return value

    def ints(self, name: str, default: tuple[int, ...] | None = None) -> tuple[int, ...]:
        """Return a list attribute of integers; a missing or empty one is `default`, if given."""
        value = self._attr(name, tuple, default)
        return tuple(int(item) for item in value) if value or default is None else default

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._attr(name, tuple, ())
        return tuple(item.decode(errors="replace") for item in value)

    def floats(self, name: str) -> tuple[float, ...]:
        return tuple(float(item) for item in self._attr(name, tuple, ()))

    def shape(self, name: str) -> Shape:
        """Return a shape attribute; a missing one is of unknown rank."""
        value: Shape = self._attr(name, Shape, Shape(None))
        return value

    def tensor(self, name: str) -> TensorValue:
        value: TensorValue = self._attr(name, TensorValue, None)
        return value

    def spatial(self, name: str, data_format: str, *, optional: bool = False) -> tuple[int, ...]:
        """Return the spatial items of a list attribute with one item per dimension.

        A missing one is all 1 when it is `optional`.

        Raises:
            Unsupported: the batch or channel item is not 1.
        """
        values = self.ints(name, (1,) * len(data_format) if optional else None)
        if len(values) != len(data_format):
            raise self.refuse(
                f"Its attribute {name} has {len(values)} items, "
                f"{data_format} has {len(data_format)} dimensions."
            )
        by_letter = dict(zip(data_format, values, strict=True))
        if by_letter["N"] != 1 or by_letter["C"] != 1:
            raise self.refuse(
                f"Its {name} {list(values)} step over batch or channels; "
                "TensorRT windows are spatial only."
            )
        return tuple(
            value for letter, value in zip(data_format, values, strict=True) if letter not in "NC"
        )

    def ref(self, port: int = 0) -> TensorRef:
        return TensorRef(self.node.name, port)


def as_scalar(value: Value) -> float | None:
    """Return the number when `value` is one known number, maybe with dimensions of 1."""
    if value.array is None or value.array.size != 1 or value.array.dtype.kind not in "fiub":
        return None
    return float(np.asarray(value.array).reshape(-1)[0])
