"""Networks for any size: what lowerings at different sizes have in common.

A converter sees known dimensions only. So a graph is lowered at several sizes, and wherever the
networks differ the size must be the reason: a reshape infers that dimension, a slice, a resize or a
reshape reads it from the shapes of tensors, a window is padded as much as SAME asks for, a constant
that repeats itself broadcasts. Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims, Kind, Layer, LayerError, Network, Tensor
from surgeon_gui.network.layers import Convolution, PaddingMode, Pooling, SampleMode
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.open_terms import Dim, ShapeArithmetic, Sizes, find_ratio, find_term
from surgeon_gui.network.lower.open_values import node_of, one_row, pads_as_same, reach, same_value

Row = tuple[Layer, ...]
"""The same layer at every size."""

_BROADCASTING = (layers.ElementWise, layers.Select)
"""What may read a constant that was cut down to one row."""

_SHAPELESS = frozenset({DType.UINT8})
"""Inputs whose shape TensorRT does not tell; a cast reads them, whose result has the same."""

_FEW = 16
"""Numbers that may be sizes, not data."""

REMEDY = "Give the input's whole shape, and no range for its dimensions."


def refusal(node: str, reason: str) -> Unsupported:
    """Return the problem of a node that only known sizes suit."""
    return Unsupported(node, reason, REMEDY)


def merge(networks: Sequence[Network], padded_same: Collection[str]) -> Network:
    """Return the network all are, with -1 where they differ in a dimension.

    Args:
        networks: of one graph at different sizes.
        padded_same: nodes whose padding is SAME.

    Raises:
        Unsupported: a layer depends on the sizes in a way that no layer can follow.
    """
    first = networks[0]
    merged = _Merged(networks, padded_same)
    for row in zip(*(network.layers for network in networks), strict=False):
        merged.add(row)
    for other in networks[1:]:
        if len(first.layers) != len(other.layers):
            longer = max(first.layers, other.layers, key=len)
            last = longer[min(len(first.layers), len(other.layers))]
            raise refusal(node_of(last), "How many layers it becomes depends on the size.")
    return Network(merged.inputs, tuple(merged.layers), first.outputs, first.sources)


def merge_types(
    types: Sequence[Mapping[TensorRef, TensorType]],
) -> dict[TensorRef, TensorType]:
    """Return the types of tensors with -1 where they differ, but of those some sizes lack.

    Raises:
        Unsupported: a tensor's rank depends on the sizes.
    """
    result = {}
    for ref, kind in types[0].items():
        known = [found[ref].shape.dims for found in types if ref in found]
        dims = [item for item in known if item is not None]
        if len(known) < len(types):  # of a turn that a loop has at some sizes only
            continue
        if len(dims) != len(types) or len({len(item) for item in dims}) != 1:
            raise refusal(ref.node, "How many dimensions it has depends on the size.")
        result[ref] = TensorType(kind.dtype, Shape(_pattern(*dims)))
    return result


def _pattern(*shapes: Dims) -> Dims:
    return tuple(dims[0] if len(set(dims)) == 1 else -1 for dims in zip(*shapes, strict=True))


class _Merged:
    """The layers so far, and the sizes of every dimension."""

    def __init__(self, networks: Sequence[Network], padded_same: Collection[str]) -> None:
        self.inputs: tuple[Tensor, ...] = ()
        self.tensors: dict[str, Tensor] = {}
        self.layers: list[Layer] = []
        self._padded_same = frozenset(padded_same)
        self._dims: dict[str, list[Dim]] = {}
        self._equals: dict[Sizes, Dim] = {}
        self._ends: list[Dim] = []
        self._arithmetic = ShapeArithmetic()
        self._shrunk: set[str] = set()
        self._spread: dict[str, str] = {}
        first = networks[0]
        self._taken = {layer.name for layer in first.layers} | set(first.tensors)
        for row in zip(*(network.inputs for network in networks), strict=True):
            made = replace(row[0], shape=_pattern(*(tensor.shape for tensor in row)))
            self.inputs = (*self.inputs, made)
            self.tensors[made.name] = made
            dims = self._learn(row, lasting=made.dtype not in _SHAPELESS)
            self._ends += dims if made.dtype not in _SHAPELESS else ()

    def _learn(self, row: Sequence[Tensor], *, lasting: bool = True) -> list[Dim]:
        """Remember the sizes of a tensor's dimensions; a lasting one tells them when it runs."""
        name = row[0].name
        shapes = zip(*(tensor.shape for tensor in row), strict=True)
        dims = [Dim(name, axis, sizes) for axis, sizes in enumerate(shapes)]
        self._dims[name] = dims
        for dim in dims:
            if dim.varies and lasting:
                self._equals.setdefault(dim.sizes, dim)
        return dims

    def add(self, row: Row) -> None:
        """Append what the same layer at different sizes has in common."""
        first = row[0]
        names = [tensor.name for tensor in first.outputs]
        for other in row[1:]:
            same = (
                first.name == other.name
                and first.inputs == other.inputs
                and names == [tensor.name for tensor in other.outputs]
            )
            if not same or type(first.kind) is not type(other.kind):
                raise refusal(node_of(first), "Which layers it becomes depends on the size.")
        outputs = list(zip(*(layer.outputs for layer in row), strict=True))
        if isinstance(first.kind, layers.Constant):
            self._add_constant(row)
            return
        spreads = self._spreads(first, _pattern(*(tensor.shape for tensor in outputs[0])))
        data = [name if spreads else self._whole(first, name) for name in first.inputs]
        kind, extra = self._kind(row)
        inputs = (*data, *(tensor.name for tensor in extra))
        made = self._append(kind, inputs, first.name, first.origin, names)
        made = self._known(
            first, made, [_pattern(*(item.shape for item in found)) for found in outputs]
        )
        for found in outputs:
            dims = self._learn(found)
            reads = self.tensors[first.inputs[0]].dtype if first.inputs else None
            self._ends += dims if reads in _SHAPELESS else ()
        self.tensors.update((tensor.name, tensor) for tensor in made)
        self.layers[-1] = replace(self.layers[-1], outputs=made)

    def _add_constant(self, row: Row) -> None:
        """Append a constant: the same at every size, computed from sizes, or cut to one row."""
        first = row[0]
        (tensor,) = first.outputs
        arrays = [layer.kind.weights_ for layer in row if isinstance(layer.kind, layers.Constant)]
        if all(same_value(arrays[0], array) for array in arrays[1:]):
            self._append(first.kind, (), first.name, first.origin, [tensor.name])
            self._learn([layer.outputs[0] for layer in row])
            return
        few = len({array.shape for array in arrays}) == 1 and arrays[0].size <= _FEW
        if few and self._compute(row, arrays):
            self._learn([layer.outputs[0] for layer in row])
            return
        cut = one_row(arrays)
        if cut is None:
            raise refusal(node_of(first), "It is a constant whose numbers depend on the size.")
        kind = layers.Constant(weights_=cut)
        self._append(kind, (), first.name, first.origin, [tensor.name])
        self._learn([layer.outputs[0] for layer in row], lasting=False)
        self._shrunk.add(tensor.name)

    def _compute(self, row: Row, arrays: Sequence[Array]) -> bool:
        """Append the arithmetic on sizes whose result a constant is, if there is one."""
        (wanted,) = row[0].outputs
        whole = [np.asarray(array).astype(np.int64) for array in arrays]
        if any(not np.array_equal(one, other) for one, other in zip(whole, arrays, strict=True)):
            return self._measure(row, arrays)
        numbers = [tuple(map(int, array.reshape(-1))) for array in whole]
        try:
            made = self._vector(row[0], numbers, "number", [])
        except Unsupported:
            return False
        shaped = layers.Shuffle(reshape_dims=wanted.shape)
        name, origin, cast = row[0].name, row[0].origin, layers.Cast(to_type=wanted.dtype)
        (made,) = self._append(shaped, [made.name], self._name(row[0], "shaped"), origin)
        self._append(cast, [made.name], name, origin, [wanted.name])
        return True

    def _measure(self, row: Row, arrays: Sequence[Array]) -> bool:
        """Append the arithmetic on a size whose result one fraction is, if there is one."""
        first, (wanted,) = row[0], row[0].outputs
        one = arrays[0].size == 1 and wanted.dtype is DType.FLOAT32
        numbers = [float(array.reshape(-1)[0]) for array in arrays] if one else []
        found = find_ratio(numbers, self._ends)
        if found is None:
            return False
        size = self._vector(first, [(size,) for size in found.dim.sizes], "size", [])
        (made,) = self._append(
            layers.Cast(to_type=wanted.dtype),
            [size.name],
            self._name(first, "number"),
            first.origin,
        )
        for op, number in ((Op.PROD, found.times), (Op.SUM, found.plus)):
            kind: Kind = layers.Constant(weights_=np.array([number], np.float32))
            (other,) = self._append(kind, (), self._name(first, "constant"), first.origin)
            kind, name = layers.ElementWise(op=op), self._name(first, op.value.lower())
            (made,) = self._append(kind, [made.name, other.name], name, first.origin)
        if found.inverse:
            kind = layers.Unary(op=layers.UnaryOperation.RECIP)
            (made,) = self._append(kind, [made.name], self._name(first, "inverse"), first.origin)
        kind = layers.Shuffle(reshape_dims=wanted.shape)
        self._append(kind, [made.name], first.name, first.origin, [wanted.name])
        return True

    def _spreads(self, layer: Layer, result: Dims) -> bool:
        """Whether a layer broadcasts, and something it reads is as long as its result."""
        shapes = [self.tensors[name].shape for name in layer.inputs]
        return isinstance(layer.kind, _BROADCASTING) and all(
            dim >= 0 or any(shape[axis] < 0 for shape in shapes) for axis, dim in enumerate(result)
        )

    def _whole(self, reader: Layer, name: str) -> str:
        """Return the tensor a layer reads: of a constant cut to one row, all rows if it must."""
        if name not in self._shrunk:
            return name
        if name not in self._spread:
            dims = self._dims[name]
            shapes = list(zip(*(dim.sizes for dim in dims), strict=True))
            size = self._vector(reader, shapes, "rows", [])
            start = self._vector(reader, [(0,) * len(dims)] * len(shapes), "start", [])
            # Beyond its edge a clamped slice repeats the row at the edge.
            kind = layers.Slice(
                start=(), size=_pattern(*shapes), stride=(1,) * len(dims), mode=SampleMode.CLAMP
            )
            (made,) = self._append(
                kind,
                [name, start.name, size.name],
                self._name(reader, "repeated"),
                reader.origin,
            )
            self._spread[name] = made.name
        return self._spread[name]

    def _known(
        self, layer: Layer, made: Sequence[Tensor], shapes: Sequence[Dims]
    ) -> tuple[Tensor, ...]:
        """Return the outputs with the dimensions that every size agreed on."""
        for tensor, shape in zip(made, shapes, strict=True):
            if tensor.rank != len(shape) or any(
                inferred not in (-1, wanted)
                for inferred, wanted in zip(tensor.shape, shape, strict=True)
            ):
                raise refusal(
                    node_of(layer),
                    f"Its result has the shape {list(shape)} (-1 follows the input), "
                    f"its layer makes {list(tensor.shape)}.",
                )
        return tuple(
            replace(tensor, shape=shape) for tensor, shape in zip(made, shapes, strict=True)
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

    def _kind(self, row: Row) -> tuple[Kind, tuple[Tensor, ...]]:
        """Return the common kind, and the shape tensors it reads besides."""
        kind = row[0].kind
        values = {
            name: [value, *(getattr(layer.kind, name) for layer in row[1:])]
            for name, value in kind.parameters().items()
        }
        changed = {
            name
            for name, found in values.items()
            if not all(same_value(found[0], i) for i in found)
        }
        if isinstance(kind, Convolution | Pooling) and self._padded_as_same(row, changed):
            return replace(kind, padding_mode=PaddingMode.SAME_UPPER), ()
        if not changed:
            return kind, ()
        if changed == {"reshape_dims"} and isinstance(kind, layers.Shuffle):
            return self._reshape(row[0], kind, values["reshape_dims"])
        if changed <= {"start", "size"} and isinstance(kind, layers.Slice):
            start = self._vector(row[0], values["start"], "start")
            size = self._vector(row[0], values["size"], "size")
            return replace(kind, start=(), size=_pattern(*values["size"])), (start, size)
        if changed == {"shape"} and isinstance(kind, layers.Resize):
            shape = self._vector(row[0], values["shape"], "sizes")
            return replace(kind, shape=_pattern(*values["shape"])), (shape,)
        if changed <= set(kind.networks()):
            merged = {name: merge(values[name], self._padded_same) for name in kind.networks()}
            return replace(kind, **merged), ()
        raise refusal(node_of(row[0]), f"The {min(changed)} of its layer depends on the size.")

    def _padded_as_same(self, row: Row, changed: set[str]) -> bool:
        """Whether a window pads what SAME asks for, and this depends on the size."""
        kinds = [layer.kind for layer in row if isinstance(layer.kind, Convolution | Pooling)]
        dims = self._dims[row[0].inputs[0]][2:]
        if not changed and (
            self._padded_same.isdisjoint(row[0].origin)
            or max(kinds[0].stride) == 1
            or not any(dim.varies for dim in dims)
        ):
            return False
        # A window narrower than its stride would be padded by less than nothing.
        spans = zip(reach(kinds[0]), kinds[0].stride, strict=True)
        if any(span < step for span, step in spans):
            return False
        sizes = zip(*(dim.sizes for dim in dims), strict=True)
        return changed <= {"pre_padding", "post_padding"} and all(map(pads_as_same, kinds, sizes))

    def _reshape(
        self, layer: Layer, kind: layers.Shuffle, shapes: Sequence[Dims]
    ) -> tuple[Kind, tuple[Tensor, ...]]:
        wanted = _pattern(*shapes)
        source = self._dims[layer.inputs[0]]
        order = kind.first_transpose or tuple(range(len(source)))
        sizes = [source[axis].sizes for axis in order]
        targets = list(zip(*shapes, strict=True))
        rest = [place for place, size in enumerate(wanted) if size < 0]
        if len(rest) > 1:
            rest = [
                place for place in rest if place >= len(sizes) or sizes[place] != targets[place]
            ]
        if len(rest) <= 1 and 0 not in wanted:
            dims = tuple(
                0 if size < 0 and place not in rest else size for place, size in enumerate(wanted)
            )
            return replace(kind, reshape_dims=dims, zero_is_placeholder=0 in dims), ()
        vector = self._vector(layer, shapes, "dims", order)
        return replace(kind, reshape_dims=wanted), (vector,)

    def _vector(
        self, layer: Layer, found: Sequence[Dims], hint: str, order: Sequence[int] | None = None
    ) -> Tensor:
        """Return a vector computed from the shapes of tensors.

        Args:
            layer: whose it is.
            found: the numbers at each size.
            hint: what they are, in a word.
            order: of its first input's dimensions, as the vector has them; empty: it has none.

        Raises:
            Unsupported: no arithmetic gives these numbers.
        """
        near = []
        if order is None or order:
            source = self._dims[layer.inputs[0]]
            near = [source[axis] for axis in order or range(len(source))]
        terms = []
        for place, wanted in enumerate(zip(*found, strict=True)):
            first = near[place : place + 1]
            others = [dim for dim in near if dim not in first]
            term = find_term(wanted, [*first, *others], self._equals, self._ends)
            if term is None:
                raise refusal(
                    node_of(layer), f"Its {hint} cannot be computed from the shapes of tensors."
                )
            terms.append(term)

        def append(kind: Kind, inputs: Sequence[str], name: str) -> Tensor:
            (made,) = self._append(kind, inputs, self._name(layer, name), layer.origin)
            return made

        return self._arithmetic.vector(terms, append, hint)

    def _name(self, layer: Layer, hint: str) -> str:
        name, count = f"{layer.name}/{hint}", 0
        while name in self._taken:
            count += 1
            name = f"{layer.name}/{hint}__{count}"
        self._taken.add(name)
        return name
