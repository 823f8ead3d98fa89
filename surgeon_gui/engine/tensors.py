"""An engine's inputs and outputs, by name or, in engines of an implicit batch, by binding number.

Tensors have had names in TensorRT's runtime since 8.5. Engines with an implicit batch still need
the calls by number, which TensorRT 8.6 has and later versions do not; later versions have no such
engines either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from surgeon_gui.engine.dtypes import dtype_of
from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import RunFailed, UsageError
from surgeon_gui.graph.values import DType

Dims = tuple[int, ...]


@dataclass(frozen=True)
class IoTensor:
    """An input or output.

    Attributes:
        name: its name.
        is_input: an input, else an output.
        dtype: of its elements.
        shape: -1 where it depends on the run.
        on_host: TensorRT reads its values on the CPU, as of shapes.
    """

    name: str
    is_input: bool
    dtype: DType
    shape: Dims
    on_host: bool = False


class Interface(Protocol):
    """How one engine's tensors are reached; contexts are IExecutionContext."""

    tensors: tuple[IoTensor, ...]

    def corners(self, name: str, profile: int) -> tuple[Dims, Dims, Dims] | None:
        """Return an input's smallest, best and largest shape; None where it is fixed."""

    def set_shape(self, context: Any, name: str, shape: Dims) -> None:
        """Choose an input's shape for the runs to come."""

    def shape(self, context: Any, name: str) -> Dims:
        """Return an output's shape for the inputs' shapes chosen; -1 where only a run tells."""

    def bind(self, context: Any, name: str, address: int) -> None:
        """Tell where a tensor's memory is."""

    def enqueue(self, context: Any, stream: int) -> None:
        """Queue one run."""


class NamedInterface:
    """See `Interface`: tensors by name."""

    def __init__(self, engine: Any, flavour: Flavour) -> None:
        self._engine = engine
        modes = flavour.module.TensorIOMode
        places = flavour.module.TensorLocation
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        self.tensors = tuple(
            IoTensor(
                name,
                engine.get_tensor_mode(name) == modes.INPUT,
                dtype_of(engine.get_tensor_dtype(name)),
                tuple(engine.get_tensor_shape(name)),
                engine.get_tensor_location(name) == places.HOST,
            )
            for name in names
        )

    def corners(self, name: str, profile: int) -> tuple[Dims, Dims, Dims] | None:
        engine = self._engine
        if min(engine.get_tensor_shape(name), default=0) >= 0:
            return None
        low, best, high = map(tuple, engine.get_tensor_profile_shape(name, profile))
        return low, best, high

    def set_shape(self, context: Any, name: str, shape: Dims) -> None:
        if not context.set_input_shape(name, shape):
            raise _refused(name, shape)

    def shape(self, context: Any, name: str) -> Dims:
        return tuple(context.get_tensor_shape(name))

    def bind(self, context: Any, name: str, address: int) -> None:
        if not context.set_tensor_address(name, address):
            raise RunFailed("TensorRT refuses the memory of this tensor.", where=name)

    def enqueue(self, context: Any, stream: int) -> None:
        if not context.execute_async_v3(stream):
            raise RunFailed("TensorRT did not start the run.")


class NumberedInterface:
    """See `Interface`: an implicit batch, tensors by binding number.

    Shapes have the batch in front, as everywhere else in this program.
    """

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._batch = 1
        self._addresses: dict[int, list[int]] = {}
        self._numbers = {
            engine.get_binding_name(index): index for index in range(engine.num_bindings)
        }
        self.tensors = tuple(
            IoTensor(
                name,
                engine.binding_is_input(index),
                dtype_of(engine.get_binding_dtype(index)),
                (-1, *engine.get_binding_shape(index)),
            )
            for name, index in self._numbers.items()
        )

    def _inner(self, name: str) -> Dims:
        return tuple(self._engine.get_binding_shape(self._numbers[name]))

    def corners(self, name: str, profile: int) -> tuple[Dims, Dims, Dims] | None:
        inner = self._inner(name)
        return (1, *inner), (1, *inner), (self._engine.max_batch_size, *inner)

    def set_shape(self, context: Any, name: str, shape: Dims) -> None:
        if shape[1:] != self._inner(name):
            raise _refused(name, shape)
        self._batch = shape[0]

    def shape(self, context: Any, name: str) -> Dims:
        return (self._batch, *self._inner(name))

    def bind(self, context: Any, name: str, address: int) -> None:
        addresses = self._addresses.setdefault(id(context), [0] * len(self._numbers))
        addresses[self._numbers[name]] = address

    def enqueue(self, context: Any, stream: int) -> None:
        if not context.execute_async(self._batch, self._addresses[id(context)], stream):
            raise RunFailed("TensorRT did not start the run.")


def interface_of(engine: Any, flavour: Flavour) -> Interface:
    """Return the way to an engine's tensors."""
    if getattr(engine, "has_implicit_batch_dimension", False):
        return NumberedInterface(engine)
    return NamedInterface(engine, flavour)


def chosen_shape(
    tensor: IoTensor, wanted: Dims | None, corners: tuple[Dims, Dims, Dims] | None
) -> Dims:
    """Return the shape to run an input with: the one wanted, else the profile's best.

    Raises:
        UsageError: the engine does not take it.
    """
    if corners is None:
        if wanted is not None and wanted != tensor.shape:
            raise UsageError(
                f"The engine takes {_text(tensor.shape)} here, not {_text(wanted)}.",
                where=tensor.name,
            )
        return tensor.shape
    low, best, high = corners
    if wanted is None:
        return best
    fits = len(wanted) == len(low) and all(
        least <= have <= most for least, have, most in zip(low, wanted, high, strict=True)
    )
    if not fits:
        raise UsageError(
            f"The engine takes {_text(low)} to {_text(high)} here, not {_text(wanted)}.",
            where=tensor.name,
            hint="Choose a shape between them, or build with another profile.",
        )
    return wanted


def _text(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "a scalar"


def _refused(name: str, shape: Dims) -> UsageError:
    return UsageError(f"TensorRT refuses the shape {_text(shape)}.", where=name)
