"""A case: a layer, what it is fed and what must come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.values import Array, DType
from surgeon_gui.network.ir import Dims, Kind, Network, NetworkBuilder, Tensor
from surgeon_gui.network.layers import Constant


@dataclass(frozen=True)
class Feed:
    """One input of the layer.

    Attributes:
        array: its value.
        dims: the network input's dimensions where they are not the array's (-1: dynamic).
        fixed: the layer reads a Constant layer instead of a network input.
    """

    array: Array
    dims: Dims | None = None
    fixed: bool = False


@dataclass(frozen=True, eq=False)
class Case:
    """One layer.

    Attributes:
        name: unique among cases.
        kind: the layer.
        feeds: its inputs.
        expected: its outputs.
        tolerance: largest relative difference (absolute below 1).
    """

    name: str
    kind: Kind
    feeds: tuple[Feed, ...]
    expected: tuple[Array, ...]
    tolerance: float = 1e-5

    def network(self) -> Network:
        """Return this layer's network: inputs `in0` …, layer `layer` from `scope/Node`."""
        builder = NetworkBuilder()
        tensors: list[Tensor] = []
        for index, feed in enumerate(self.feeds):
            if feed.fixed:
                made = builder.add(
                    Constant(weights_=feed.array), name=f"fixed{index}", origin=["scope/Const"]
                )
                tensors.extend(made)
            else:
                dtype = DType.from_numpy(feed.array.dtype)
                dims = feed.array.shape if feed.dims is None else feed.dims
                tensors.append(builder.add_input(f"in{index}", dtype, dims))
        for tensor in builder.add(self.kind, tensors, name="layer", origin=["scope/Node"]):
            builder.mark_output(tensor)
        return builder.build()

    def inputs(self) -> dict[str, Array]:
        """Return the arrays of the network's inputs."""
        return {f"in{index}": feed.array for index, feed in enumerate(self.feeds) if not feed.fixed}


def case(
    name: str,
    kind: Kind,
    feeds: Sequence[Array | Feed],
    *expected: Array,
    tolerance: float = 1e-5,
) -> Case:
    """Return a case; plain arrays are network inputs of their own shape."""
    made = tuple(feed if isinstance(feed, Feed) else Feed(feed) for feed in feeds)
    return Case(name, kind, made, expected, tolerance)


def random(*shape: int, seed: int = 0, low: float = -2.0, high: float = 2.0) -> Array:
    """Return float32 values, the same for the same seed and shape."""
    generator = np.random.default_rng([seed, *shape])
    return generator.uniform(low, high, shape).astype(np.float32)
