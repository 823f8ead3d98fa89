"""Lower: what a converter builds with. It knows the node at hand and keeps layouts lazy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims, Kind, NetworkBuilder, Source, Tensor
from surgeon_gui.network.layers import (
    ActivationType,
    ElementWiseOperation,
    ReduceOperation,
    UnaryOperation,
)
from surgeon_gui.network.lower.layout import free_axes, memory_order, physical, without
from surgeon_gui.network.lower.scope import Scope
from surgeon_gui.network.lower.value import Permutation, Value, held_dtype, inverse, is_identity

Array = npt.NDArray[Any]


class Lower:
    """Adds layers for the node at hand.

    Attributes:
        scope: the nodes of the graph being lowered.
        shapes: dimensions the user gave for inputs, by node name.
        values: what is known of every tensor lowered so far.
        node: the node at hand; new layers are named after it.
        growing: dimensions of tensors that follow an open one, -1 there: layers compute these
            tensors, even from constants.
    """

    def __init__(
        self,
        scope: Scope,
        shapes: dict[str, Shape],
        owners: Mapping[str, str] | None = None,
        growing: Mapping[TensorRef, Dims] | None = None,
    ) -> None:
        self.scope = scope
        self.shapes = shapes
        self.growing = growing or {}
        self.builder = NetworkBuilder()
        self.values: dict[TensorRef, Value] = {}
        self.notes: dict[str, str] = {}
        self.node: Node = Node("", "")
        self._owners = owners or {}
        self._constants: dict[tuple[int, Dims, Permutation], tuple[Array, Tensor]] = {}
        self._views: dict[tuple[str, Permutation, Dims, Permutation], Tensor] = {}
        self._weights: dict[tuple[int, Permutation, Dims], tuple[Array, Array]] = {}
        self._outer = 0
        self._captured: dict[str, tuple[Tensor, Tensor]] = {}

    # Adding layers

    def add(self, kind: Kind, *inputs: Tensor, suffix: str = "") -> Tensor:
        """Append a layer named after the node at hand; return its first output."""
        return self.add_all(kind, *inputs, suffix=suffix)[0]

    def add_all(self, kind: Kind, *inputs: Tensor, suffix: str = "") -> tuple[Tensor, ...]:
        name = f"{self.node.name}/{suffix}" if suffix else self.node.name
        here = tuple(self.here(tensor) for tensor in inputs)
        return self.builder.add(kind, here, name=name, origin=(self.origin,))

    def here(self, tensor: Tensor) -> Tensor:
        """Return a tensor as the network at hand knows it.

        What a loop's network reads from outside becomes an input of that network.
        """
        if tensor in self.builder or not self._outer:
            return tensor
        found = self._captured.get(tensor.name)
        if found is None:
            made = self.builder.add_input(self.free(tensor.name), tensor.dtype, tensor.shape)
            found = self._captured[tensor.name] = (tensor, made)
        return found[1]

    def free(self, name: str) -> str:
        """Return a name for an input that no tensor of the network at hand has."""
        while self.builder.has(name):
            name += "_"
        return name

    @contextmanager
    def inside(self) -> Iterator[NetworkBuilder]:
        """Add layers to a network of their own, until the end of the block."""
        kept = (self.builder, self._constants, self._views, self._captured)
        self._outer += 1
        self.builder, self._constants, self._views, self._captured = NetworkBuilder(), {}, {}, {}
        try:
            yield self.builder
        finally:
            self._outer -= 1
            self.builder, self._constants, self._views, self._captured = kept

    @property
    def captured(self) -> list[tuple[Tensor, Tensor]]:
        """What the network at hand reads from outside: the tensor there, the input here."""
        return list(self._captured.values())

    @property
    def origin(self) -> str:
        """The node of the user's graph that the node at hand belongs to."""
        return self._owners.get(self.node.name, self.node.name)

    def note(self, text: str) -> None:
        """Record something the user should know about the node at hand; the first note stays."""
        self.notes.setdefault(self.origin, text)

    # Constants

    def held(self, dtype: DType) -> DType:
        """Return the network's dtype for a GraphDef dtype.

        Raises:
            Unsupported: TensorRT has nothing to hold it.
        """
        found = held_dtype(dtype)
        if found is None:
            raise Unsupported(
                self.node.name,
                f"TensorRT has no tensors of dtype {dtype.text}.",
                "Cut the graph so that this tensor is not needed.",
            )
        return found

    def weights(self, array: Array, order: Permutation, shape: Dims = ()) -> Array:
        """Return `array` transposed and reshaped, a view: `settle` copies what is kept, once."""
        key = (id(array), order, shape)
        found = self._weights.get(key)
        if found is None:
            held = array.astype(np.float32) if array.dtype == np.float64 else array
            view = held.transpose(order)
            found = self._weights[key] = (array, view.reshape(shape) if shape else view)
        return found[1]

    def _held_array(self, value: Value) -> Array:
        assert value.array is not None
        wanted = self.held(value.dtype).numpy
        assert wanted is not None
        if value.dtype is DType.FLOAT64 and value.array.size:
            largest = float(
                np.max(np.abs(value.array), initial=0.0, where=np.isfinite(value.array))
            )
            if largest > np.finfo(np.float32).max:
                raise Unsupported(
                    self.node.name,
                    f"A float64 constant reaches {largest:g}, which float32 cannot hold.",
                    "Replace the constant by a smaller one.",
                )
            self.note("float64 is computed in float32: TensorRT has no double precision.")
        return value.array.astype(wanted, copy=False)

    def constant(
        self, value: Value, shape: Dims | None = None, axes: Permutation | None = None
    ) -> Tensor:
        """Return a Constant layer's output: `value` reshaped to `shape`, held with `axes`."""
        assert value.array is not None
        shape = value.shape if shape is None else shape
        axes = tuple(range(len(shape))) if axes is None else axes
        key = (id(value.array), shape, axes)
        found = self._constants.get(key)
        if found is None:
            array = self._held_array(value).reshape(shape).transpose(inverse(axes))
            kind = layers.Constant(weights_=np.ascontiguousarray(array).reshape(array.shape))
            found = self._constants[key] = (value.array, self.add(kind, suffix="constant"))
        return found[1]

    def scalar(self, number: float, dtype: DType) -> Value:
        """Return a known number of rank 0."""
        return Value.known(np.array(number, dtype=dtype.numpy), dtype)

    # Layouts

    def view(self, value: Value, shape: Dims, axes: Permutation | None = None) -> Value:
        """Return `value` reshaped, held with `axes`; None: whatever layout costs least."""
        if value.array is not None:
            return Value(value.dtype, shape, array=value.array.reshape(shape))
        assert value.tensor is not None
        if axes is None and shape == value.shape:
            return value
        free = free_axes(value.shape, value.axes, shape)
        target = axes or free or tuple(range(len(shape)))
        wanted = physical(shape, target)
        key = (value.tensor.name, value.axes, shape, target)
        tensor = self._views.get(key)
        if tensor is None:
            if free is not None and memory_order(shape, free) == memory_order(shape, target):
                if wanted == value.tensor.shape:
                    return Value(value.dtype, shape, tensor=value.tensor, axes=target)
                kind = layers.Shuffle(reshape_dims=wanted)
                tensor = self.add(kind, value.tensor, suffix="reshape")
            else:
                tensor = self._transposed(value, shape, target)
            self._views[key] = tensor
        return Value(value.dtype, shape, tensor=tensor, axes=target)

    def _transposed(self, value: Value, shape: Dims, axes: Permutation) -> Tensor:
        assert value.tensor is not None
        first, second = value.axes, inverse(axes)
        if shape == value.shape:
            order = tuple(first[dim] for dim in second)
            return self.add(layers.Shuffle(first_transpose=order), value.tensor, suffix="transpose")
        return self.add(
            layers.Shuffle(
                first_transpose=None if is_identity(first) else first,
                reshape_dims=shape,
                second_transpose=None if is_identity(second) else second,
            ),
            value.tensor,
            suffix="reshape",
        )

    def permute(self, value: Value, order: Sequence[int]) -> Value:
        """Return `value` with dimension i taken from dimension `order[i]`; adds no layer."""
        shape = tuple(value.shape[dim] for dim in order)
        if value.array is not None:
            return Value(value.dtype, shape, array=value.array.transpose(order))
        return Value(
            value.dtype,
            shape,
            tensor=value.tensor,
            axes=tuple(value.axes[dim] for dim in order),
        )

    def tensor(self, value: Value, axes: Permutation | None = None) -> Tensor:
        """Return a network tensor holding `value` with `axes`; None: as it lies.

        Raises:
            Unsupported: it is no tensor but a list.
        """
        if value.is_list:
            raise Unsupported(
                self.node.name, "It reads a list of tensors.", "Cut the graph around the loop."
            )
        if value.array is not None:
            return self.constant(value, axes=axes)
        if axes is not None and axes != value.axes:
            value = self.view(value, value.shape, axes)
        assert value.tensor is not None
        return value.tensor

    def logical(self, value: Value) -> Tensor:
        """Return a network tensor holding `value` in TensorFlow's order of dimensions."""
        return self.tensor(value, tuple(range(value.rank)))

    def live(self, value: Value) -> Value:
        """Return `value` held in a network tensor, known numbers as a Constant layer."""
        if value.array is None:
            return value
        return Value.of(self.constant(value), value.dtype)

    def align(self, values: Sequence[Value], shape: Dims) -> tuple[list[Tensor], Permutation]:
        """Return tensors that broadcast to `shape` in one layout, and that layout.

        The largest operand that fills the rank keeps its layout; constants follow for free.
        """
        rank = len(shape)
        leaders = [v for v in values if v.array is None and v.rank == rank]
        leader = max(leaders, key=lambda v: v.size, default=None)
        axes = leader.axes if leader is not None else tuple(range(rank))
        tensors = []
        for value in values:
            extended = (1,) * (rank - value.rank) + value.shape
            if value.array is not None:
                tensors.append(self.constant(value, extended, axes))
            elif value.shape == extended and value.axes == axes:
                tensors.append(self.tensor(value))
            else:
                tensors.append(self.tensor(self.view(value, extended, axes)))
        return tensors, axes

    def broadcast_shape(self, *shapes: Dims) -> Dims:
        """Return the shape numpy's rule gives.

        Raises:
            Unsupported: the shapes do not go together.
        """
        try:
            return tuple(int(dim) for dim in np.broadcast_shapes(*shapes))
        except ValueError as error:
            listed = " and ".join(str(list(shape)) for shape in shapes)
            raise Unsupported(
                self.node.name, f"Shapes {listed} do not broadcast.", "Check the inputs' shapes."
            ) from error

    # Arithmetic

    def elementwise(
        self, op: ElementWiseOperation, left: Value, right: Value, *, suffix: str = ""
    ) -> Value:
        """Return `left op right` with broadcasting."""
        (one, other), axes = self.align(
            [left, right], self.broadcast_shape(left.shape, right.shape)
        )
        tensor = self.add(layers.ElementWise(op=op), one, other, suffix=suffix)
        boolean = tensor.dtype is DType.BOOL
        return Value.of(tensor, DType.BOOL if boolean else left.dtype, axes)

    def pointwise(self, kind: Kind, value: Value, *, suffix: str = "") -> Value:
        """Return a layer that leaves shape and layout alone."""
        value = self.live(value)
        tensor = self.add(kind, self.tensor(value), suffix=suffix)
        dtype = value.dtype if tensor.dtype is self.held(value.dtype) else tensor.dtype
        return Value.of(tensor, dtype, value.axes)

    def unary(self, op: UnaryOperation, value: Value, *, suffix: str = "") -> Value:
        return self.pointwise(layers.Unary(op=op), value, suffix=suffix)

    def activation(
        self,
        kind: ActivationType,
        value: Value,
        alpha: float = 0.0,
        beta: float = 0.0,
        *,
        suffix: str = "",
    ) -> Value:
        layer = layers.Activation(type=kind, alpha=alpha, beta=beta)
        return self.pointwise(layer, value, suffix=suffix)

    def cast(self, value: Value, dtype: DType, *, suffix: str = "cast") -> Value:
        """Return `value` as another dtype; adds a layer only where the network's dtype changes."""
        if value.array is not None:
            wanted = dtype.numpy
            if wanted is not None:
                with np.errstate(invalid="ignore", over="ignore"):
                    return Value.known(value.array.astype(wanted), dtype)
        held = self.held(dtype)
        tensor = self.tensor(value)
        if tensor.dtype is not held:
            tensor = self.add(layers.Cast(to_type=held), tensor, suffix=suffix)
        return Value(dtype, value.shape, tensor=tensor, axes=value.axes)

    def edge_tensor(self, value: Value) -> Tensor:
        """Return the tensor of a network output: TensorFlow's layout, uint8 where it says so."""
        tensor = self.logical(value)
        if value.dtype is DType.UINT8:
            return self.add(layers.Cast(to_type=DType.UINT8), tensor, suffix="cast")
        return tensor

    def reduce(
        self,
        op: ReduceOperation,
        value: Value,
        axes: Sequence[int],
        keep_dims: bool,
        *,
        suffix: str = "",
    ) -> Value:
        """Reduce over TensorFlow's dimensions `axes`."""
        value = self.live(value)
        if not axes:
            return value
        gone = tuple(sorted(value.axes[axis] for axis in axes))
        kind = layers.Reduce(op=op, axes=gone, keep_dims=keep_dims)
        tensor = self.add(kind, self.tensor(value), suffix=suffix)
        return Value.of(tensor, value.dtype, value.axes if keep_dims else without(value.axes, axes))

    def slice(
        self,
        value: Value,
        start: Sequence[int],
        size: Sequence[int],
        stride: Sequence[int] | None = None,
        mode: layers.SampleMode = layers.SampleMode.STRICT_BOUNDS,
        fill: float = 0.0,
        *,
        suffix: str = "",
    ) -> Value:
        """Slice along TensorFlow's dimensions; returns `value` itself when nothing is cut."""
        stride = stride or (1,) * value.rank
        if not any(start) and tuple(size) == value.shape and all(step == 1 for step in stride):
            return value
        value = self.live(value)
        kind = layers.Slice(
            start=physical(tuple(start), value.axes),
            size=physical(tuple(size), value.axes),
            stride=physical(tuple(stride), value.axes),
            mode=mode,
            fill_value=fill,
        )
        return Value.of(self.add(kind, self.tensor(value), suffix=suffix), value.dtype, value.axes)

    def set_source(self, ref: TensorRef, value: Value) -> None:
        """Record that `value`'s tensor equals the GraphDef tensor `ref`."""
        if value.tensor is not None:
            self.builder.set_source(value.tensor, Source(ref, value.axes))
