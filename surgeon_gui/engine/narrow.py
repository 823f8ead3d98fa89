"""Networks for TensorRT versions that lack int64: its values become int32."""

from __future__ import annotations

import dataclasses

import numpy as np

from surgeon_gui.engine.flavours import Flavour
from surgeon_gui.errors import BuildFailed
from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Layer, Network, Tensor
from surgeon_gui.network.layers import Cast, Constant


def narrowed_for(network: Network, flavour: Flavour) -> Network:
    """Return `network` without int64 tensors where the flavour has none.

    Raises:
        BuildFailed: a constant does not fit into int32; `where` is its GraphDef node.
    """
    if flavour.has("DataType", "INT64"):
        return network
    return dataclasses.replace(
        network,
        inputs=tuple(_narrow(tensor) for tensor in network.inputs),
        layers=tuple(_narrow_layer(layer) for layer in network.layers),
    )


def _narrow(tensor: Tensor) -> Tensor:
    if tensor.dtype is not DType.INT64:
        return tensor
    return dataclasses.replace(tensor, dtype=DType.INT32)


def _narrow_layer(layer: Layer) -> Layer:
    kind = layer.kind
    if isinstance(kind, Cast) and kind.to_type is DType.INT64:
        kind = Cast(to_type=DType.INT32)
    elif isinstance(kind, Constant) and kind.weights_.dtype == np.int64:
        narrow = kind.weights_.astype(np.int32)
        if not np.array_equal(narrow, kind.weights_):
            raise BuildFailed(
                "This int64 constant is too large for int32, all that this TensorRT has.",
                where=layer.origin[0] if layer.origin else layer.name,
            )
        kind = Constant(weights_=narrow)
    return dataclasses.replace(
        layer, kind=kind, outputs=tuple(_narrow(tensor) for tensor in layer.outputs)
    )
