"""Passes that move transposes towards the inputs, and let reductions keep their dimensions."""

from __future__ import annotations

from dataclasses import replace

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Kind, Layer, Source, Tensor
from surgeon_gui.network.simplify.bench import Bench

Order = tuple[int, ...]


def hoist_transposes(bench: Bench) -> None:
    """Transpose an input before the layers that prepare it, element by element, not after them.

    What the transpose passed may then fold into its reader. Other transposes stay where they are:
    between a convolution and its activation one would do harm.
    """
    for found in bench.each():
        layer: Layer | None = found if _prepares_an_input(bench, found) else None
        while layer is not None:
            layer = _hoist(bench, layer)


def _prepares_an_input(bench: Bench, transpose: Layer) -> bool:
    """Whether only layers a transpose can pass lie between it and an input of the network."""
    if not isinstance(transpose.kind, layers.Shuffle):
        return False
    layer = transpose
    while True:
        data = next((name for name in layer.inputs if bench.constant(name) is None), None)
        if data is None:
            return False
        before = bench.producer(data)
        if before is None or _widens_bytes(bench, before):
            return True
        if not isinstance(before.kind, _PASSABLE) or bench.only_reader(data) is not layer:
            return False
        layer = before


def _widens_bytes(bench: Bench, layer: Layer) -> bool:
    """Whether it is the Cast that TensorRT wants next to an input of bytes."""
    return (
        isinstance(layer.kind, layers.Cast) and bench.tensors[layer.inputs[0]].dtype is DType.UINT8
    )


_PASSABLE = (
    layers.Activation,
    layers.Unary,
    layers.Cast,
    layers.Scale,
    layers.Slice,
    layers.ElementWise,
)


def _hoist(bench: Bench, transpose: Layer) -> Layer | None:
    """Swap a transpose with the layer before it; return the transpose, to be moved further."""
    kind = transpose.kind
    if (
        not isinstance(kind, layers.Shuffle)
        or kind.first_transpose is None
        or kind.reshape_dims is not None
        or kind.second_transpose is not None
        or len(transpose.inputs) != 1
    ):
        return None
    middle = transpose.inputs[0]
    before = bench.producer(middle)
    if before is None or bench.only_reader(middle) is not transpose:
        return None
    if _widens_bytes(bench, before):
        return None
    order = kind.first_transpose
    moved = turned(bench, before, order)
    if moved is None:
        return None
    turned_kind, data, others = moved
    source = bench.tensors[data]
    shape = tuple(source.shape[axis] for axis in order)
    early = Tensor(source.dtype, shape, middle)
    late = transpose.outputs[0]
    if middle in bench.sources:
        ref, axes = bench.sources[middle].ref, bench.sources.pop(middle).axes
        bench.sources[late.name] = Source(ref, tuple(order.index(axis) for axis in axes))
    bench.remove(transpose)
    bench.remove(before)
    hoisted = replace(transpose, inputs=(data,), outputs=(early,))
    inputs = tuple(middle if name == data else others.get(name, name) for name in before.inputs)
    bench.insert(hoisted)
    bench.insert(replace(before, kind=turned_kind, inputs=inputs, outputs=(late,)))
    return hoisted


def turned(bench: Bench, layer: Layer, order: Order) -> tuple[Kind, str, dict[str, str]] | None:
    """Return a layer's kind for a transposed input, that input, and its other inputs renamed."""
    kind = layer.kind
    if isinstance(kind, layers.Activation | layers.Unary | layers.Cast):
        return kind, layer.inputs[0], {}
    if isinstance(kind, layers.Scale):
        scale = replace(kind, channel_axis=order.index(kind.channel_axis))
        return scale, layer.inputs[0], {}
    if isinstance(kind, layers.Slice) and len(layer.inputs) == 1:
        start, size, stride = (
            tuple(part[axis] for axis in order) for part in (kind.start, kind.size, kind.stride)
        )
        return replace(kind, start=start, size=size, stride=stride), layer.inputs[0], {}
    if isinstance(kind, layers.ElementWise):
        return _turned_elementwise(bench, layer, order)
    return None


def _turned_elementwise(
    bench: Bench, layer: Layer, order: Order
) -> tuple[Kind, str, dict[str, str]] | None:
    for data, other in (layer.inputs, layer.inputs[::-1]):
        constant = bench.constant(other)
        maker = bench.producer(other)
        if constant is None or maker is None or bench.constant(data) is not None:
            continue
        if bench.tensors[data].shape != layer.outputs[0].shape:
            return None
        if constant.weights_.size == 1:
            return layer.kind, data, {}
        return layer.kind, data, {other: _turned_constant(bench, maker, constant, order)}
    return None


def _turned_constant(bench: Bench, maker: Layer, constant: layers.Constant, order: Order) -> str:
    """Return a constant's tensor, transposed; where others read it too, another one."""
    (tensor,) = maker.outputs
    array = constant.weights_.transpose(order)
    if len(bench.readers(tensor.name)) == 1 and tensor.name not in bench.outputs:
        made = replace(tensor, shape=array.shape)
        bench.sources.pop(made.name, None)
        bench.replace(maker, layers.Constant(weights_=array), outputs=(made,))
        return made.name
    name = f"{maker.name}__turned"
    while name in bench.layers or name in bench.tensors:
        name += "_"
    made = Tensor(tensor.dtype, array.shape, name)
    bench.insert(Layer(name, layers.Constant(weights_=array), (), (made,), maker.origin))
    return name


def keep_reduced_dims(bench: Bench) -> None:
    """Let a Reduce keep the dimensions that a Shuffle after it would put back."""
    for layer in bench.each():
        kind = layer.kind
        if not isinstance(kind, layers.Reduce) or kind.keep_dims:
            continue
        shape = bench.tensors[layer.inputs[0]].shape
        kept = tuple(1 if axis in kind.axes else dim for axis, dim in enumerate(shape))
        readers = bench.readers(layer.outputs[0].name)
        if not readers or layer.outputs[0].name in bench.outputs:
            continue
        if not all(_reshapes_to(reader, kept) for reader in readers):
            continue
        changed = replace(kind, keep_dims=True)
        first = readers[0].outputs[0]
        if any(reader.outputs[0].name in bench.outputs for reader in readers):
            continue
        tensor = Tensor(first.dtype, kept, first.name)
        for reader in readers:
            bench.remove(reader)
        bench.replace(layer, changed, merged=readers, outputs=(tensor,))
        for reader in readers[1:]:
            bench.redirect(reader.outputs[0].name, tensor.name)


def _reshapes_to(layer: Layer, shape: tuple[int, ...]) -> bool:
    kind = layer.kind
    return (
        isinstance(kind, layers.Shuffle)
        and len(layer.inputs) == 1
        and kind.first_transpose is None
        and kind.second_transpose is None
        and layer.outputs[0].shape == shape
    )
