"""Networks for any batch: what two lowerings at different batches have in common.

A converter sees known dimensions only. So a graph is lowered at two batches, and wherever the two
networks differ the batch must be the reason: a reshape infers that dimension, a slice or a resize
reads it from the input's shape, a constant that repeats itself along the batch broadcasts. The
types of all tensors at a third batch, 1, must follow from those two. Anything else is refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims, Kind, Layer, LayerError, Network, Tensor, TensorSpec
from surgeon_gui.network.layers import ElementWiseOperation

BATCHES = (23, 29)
"""Primes that are hardly ever dimensions of anything else."""

_BROADCASTING = (layers.ElementWise, layers.Select)
"""What may read a constant that was cut down to one row."""

_REMEDY = "Build for one batch: give the input's whole shape, and no range for its batch."


def refusal(node: str, reason: str) -> Unsupported:
    """Return the problem of a node that only a known batch suits."""
    return Unsupported(node, reason, _REMEDY)


def open_batch(one: Network, other: Network) -> Network:
    """Return the network both are, with -1 where they differ in a dimension.

    Args:
        one: the graph's network at a batch of `BATCHES[0]`.
        other: the same at `BATCHES[1]`.

    Raises:
        Unsupported: a layer depends on the batch in a way that no layer can follow.
    """
    merged = _Merged(one, other)
    for left, right in zip(one.layers, other.layers, strict=False):
        merged.add(left, right)
    if len(one.layers) != len(other.layers):
        longer = max(one.layers, other.layers, key=len)
        last = longer[min(len(one.layers), len(other.layers))]
        raise refusal(_node(last), "How many layers it becomes depends on the batch.")
    return Network(merged.inputs, tuple(merged.layers), one.outputs, one.sources)


def open_types(
    types: Sequence[Mapping[TensorRef, TensorType]],
) -> dict[TensorRef, TensorType]:
    """Return the types of tensors with -1 where the batch decides.

    Args:
        types: at a batch of 1 and at the two of `BATCHES`.

    Raises:
        Unsupported: a tensor's shape at a batch of 1 does not follow from the others.
    """
    single, one, other = types
    result = {}
    for ref, kind in one.items():
        shapes = [found[ref].shape.dims for found in (single, one, other) if ref in found]
        known = [dims for dims in shapes if dims is not None]
        if len(known) != 3 or len({len(dims) for dims in known}) != 1 or not _affine(*known):
            raise refusal(ref.node, "Its shape does not follow the batch evenly.")
        result[ref] = TensorType(kind.dtype, Shape(_pattern(known[1], known[2])))
    return result


def _affine(single: Dims, one: Dims, other: Dims) -> bool:
    first, second = BATCHES
    return all(
        (b - a) * (first - 1) == (a - s) * (second - first)
        for s, a, b in zip(single, one, other, strict=True)
    )


def _pattern(one: Dims, other: Dims) -> Dims:
    return tuple(a if a == b else -1 for a, b in zip(one, other, strict=True))


def _node(layer: Layer) -> str:
    return layer.origin[0] if layer.origin else layer.name


class _Merged:
    """The layers so far, and the dimensions of every tensor at both batches."""

    def __init__(self, one: Network, other: Network) -> None:
        self.dims = {
            name: (tensor.shape, other_tensor.shape)
            for (name, tensor), other_tensor in zip(
                one.tensors.items(), other.tensors.values(), strict=False
            )
        }
        self.inputs = tuple(
            Tensor(left.dtype, _pattern(left.shape, right.shape), left.name)
            for left, right in zip(one.inputs, other.inputs, strict=True)
        )
        self.tensors = {tensor.name: tensor for tensor in self.inputs}
        self.layers: list[Layer] = []
        self._shrunk: set[str] = set()
        self._taken = {layer.name for layer in one.layers} | set(one.tensors)

    def add(self, left: Layer, right: Layer) -> None:
        """Append what two layers at different batches have in common."""
        names = ([tensor.name for tensor in layer.outputs] for layer in (left, right))
        same = (
            left.name == right.name and left.inputs == right.inputs and next(names) == next(names)
        )
        if not same or type(left.kind) is not type(right.kind):
            raise refusal(_node(left), "Which layers it becomes depends on the batch.")
        if self._shrunk & set(left.inputs) and not isinstance(left.kind, _BROADCASTING):
            raise refusal(_node(left), "It reads a constant that has as many rows as the batch.")
        kind, extra = self._kind(left, right)
        inputs = (*left.inputs, *(tensor.name for tensor in extra))
        wanted = [
            TensorSpec(a.dtype, _pattern(a.shape, b.shape))
            for a, b in zip(left.outputs, right.outputs, strict=True)
        ]
        made = self._append(kind, inputs, left.name, left.origin, [t.name for t in left.outputs])
        constant = isinstance(left.kind, layers.Constant)
        for tensor, spec in zip(made, wanted, strict=True):
            if constant and kind is not left.kind:
                self._shrunk.add(tensor.name)
            elif tensor.shape != spec.shape:
                raise refusal(
                    _node(left),
                    f"Its result has the shape {list(spec.shape)} (-1 is the batch), "
                    f"its layer makes {list(tensor.shape)}.",
                )

    def _append(
        self,
        kind: Kind,
        inputs: Sequence[str],
        name: str,
        origin: tuple[str, ...],
        outputs: Sequence[str] = (),
    ) -> tuple[Tensor, ...]:
        try:
            specs = kind.check([self.tensors[item] for item in inputs])
        except LayerError as error:
            raise refusal(origin[0] if origin else name, error.message) from error
        made = tuple(
            Tensor(spec.dtype, spec.shape, output)
            for spec, output in zip(specs, outputs or [name], strict=True)
        )
        self.tensors.update((tensor.name, tensor) for tensor in made)
        self.layers.append(Layer(name, kind, tuple(inputs), made, origin))
        return made

    def _kind(self, left: Layer, right: Layer) -> tuple[Kind, tuple[Tensor, ...]]:
        """Return the common kind, and the shape tensors it reads besides."""
        ours, theirs = left.kind.parameters(), right.kind.parameters()
        changed = [name for name, value in ours.items() if not _same(value, theirs[name])]
        if not changed:
            return left.kind, ()
        kind, twin = left.kind, right.kind
        if isinstance(kind, layers.Constant) and isinstance(twin, layers.Constant):
            return dataclasses.replace(kind, weights_=_repeated(left, kind, twin)), ()
        if changed == ["reshape_dims"] and isinstance(kind, layers.Shuffle):
            return self._reshape(left, kind, theirs["reshape_dims"]), ()
        if isinstance(kind, layers.Slice) and set(changed) <= {"start", "size"}:
            start = self._by_shape(left, kind.start, theirs["start"], "start")
            size = self._by_shape(left, kind.size, theirs["size"], "size")
            known = _pattern(kind.size, theirs["size"])
            return dataclasses.replace(kind, start=(), size=known), (start, size)
        if changed == ["shape"] and isinstance(kind, layers.Resize):
            sizes = self._by_shape(left, kind.shape, theirs["shape"], "sizes")
            return dataclasses.replace(kind, shape=_pattern(kind.shape, theirs["shape"])), (sizes,)
        raise refusal(_node(left), f"The {changed[0]} of its layer depends on the batch.")

    def _reshape(self, layer: Layer, kind: layers.Shuffle, other: Dims) -> Kind:
        dims = kind.reshape_dims
        assert dims is not None
        wanted = _pattern(dims, other)
        if wanted.count(-1) != 1 or 0 in wanted:
            raise refusal(
                _node(layer), f"It reshapes to {list(wanted)}, of which not all is known."
            )
        return dataclasses.replace(kind, reshape_dims=wanted)

    def _by_shape(self, layer: Layer, one: Dims, other: Dims, hint: str) -> Tensor:
        """Return a vector computed from the dimensions of the layer's first input.

        Raises:
            Unsupported: it is no whole multiple of those dimensions and a constant.
        """
        first, second = self.dims[layer.inputs[0]]
        factors, offsets = [], []
        for a, b, dim_a, dim_b in zip(one, other, first, second, strict=True):
            factor = 0
            if a != b:
                if dim_a == dim_b or (b - a) % (dim_b - dim_a):
                    raise refusal(_node(layer), f"Its {hint} does not follow its input's shape.")
                factor = (b - a) // (dim_b - dim_a)
            factors.append(factor)
            offsets.append(a - factor * dim_a)
        if not any(factors):
            return self._constant(layer, offsets, hint)
        (shape,) = self._append(
            layers.Shape(), [layer.inputs[0]], self._name(layer, f"{hint}_of"), layer.origin
        )
        times = self._constant(layer, factors, f"{hint}_factors")
        plus = self._constant(layer, offsets, f"{hint}_offsets")
        product = layers.ElementWise(op=ElementWiseOperation.PROD)
        (scaled,) = self._append(
            product, [shape.name, times.name], self._name(layer, f"{hint}_scaled"), layer.origin
        )
        total = layers.ElementWise(op=ElementWiseOperation.SUM)
        (result,) = self._append(
            total, [scaled.name, plus.name], self._name(layer, hint), layer.origin
        )
        return result

    def _constant(self, layer: Layer, values: Sequence[int], hint: str) -> Tensor:
        kind = layers.Constant(weights_=np.array(values, np.int64))
        (made,) = self._append(kind, (), self._name(layer, hint), layer.origin)
        return made

    def _name(self, layer: Layer, hint: str) -> str:
        name, count = f"{layer.name}/{hint}", 0
        while name in self._taken:
            count += 1
            name = f"{layer.name}/{hint}__{count}"
        self._taken.add(name)
        return name


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        equal_nan = left.dtype.kind == "f"
        return left is right or (
            left.dtype == right.dtype and np.array_equal(left, right, equal_nan=equal_nan)
        )
    return type(left) is type(right) and bool(left == right)


def _repeated(layer: Layer, kind: layers.Constant, other: layers.Constant) -> Array:
    """Return the constant with a dimension of 1 where it repeats itself along the batch."""
    one, two = kind.weights_, other.weights_
    if one.ndim == two.ndim:
        for axis in (axis for axis in range(one.ndim) if one.shape[axis] != two.shape[axis]):
            first, second = (array.take([0], axis) for array in (one, two))
            if np.array_equal(np.broadcast_to(first, one.shape), one) and np.array_equal(
                np.broadcast_to(second, two.shape), two
            ):
                one, two = first, second
        if _same(one, two):
            return np.ascontiguousarray(one)
    raise refusal(_node(layer), "It is a constant whose numbers depend on the batch.")
