"""What is held against TensorFlow: a network or an ONNX file, run by ONNX Runtime on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import onnx
from google.protobuf.message import DecodeError

from surgeon_gui.errors import OpenError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.network.emulate import without_halves
from surgeon_gui.network.ir import Network, Tensor
from surgeon_gui.network.store import load_network
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.reference.onnx_runner import OnnxRunner
from surgeon_gui.worker.timing import Stopwatch, measured


@dataclass(frozen=True)
class Comparable:
    """A tensor of the candidate that equals one of the graph.

    Args:
        name: the candidate's name of it.
        ref: the graph's tensor.
        axes: dimension i of the graph's tensor is dimension `axes[i]` of the candidate's; None
            where both have the same layout.
        layer: the network layer that makes it.
    """

    name: str
    ref: TensorRef
    axes: tuple[int, ...] | None = None
    layer: str | None = None

    def in_graph_layout(self, array: Array) -> Array:
        """Return the candidate's array with the graph's order of dimensions."""
        if self.axes is None or len(self.axes) != array.ndim:
            return array
        return array.transpose(self.axes)


class Candidate(Protocol):
    """Something to verify."""

    @property
    def inputs(self) -> Mapping[str, TensorType]:
        """Inputs by name."""

    @property
    def outputs(self) -> Sequence[Comparable]:
        """What it is there to compute."""

    @property
    def inner(self) -> Sequence[Comparable]:
        """Tensors before the outputs that equal one of the graph, in execution order."""

    def run(
        self,
        feeds: Mapping[str, Array],
        wanted: Sequence[Comparable],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        """Return the wanted tensors by the graph's names, in the graph's layout.

        With a watch, several runs are measured.
        """


class NetworkCandidate:
    """A network, through its ONNX form."""

    def __init__(self, network: Network) -> None:
        # ONNX Runtime's CPU kernels lack bfloat16, and do not round to float16.
        self._network = network = without_halves(network)
        layers = {tensor.name: layer.name for layer in network.layers for tensor in layer.outputs}

        def comparable(name: str) -> Comparable:
            source = network.sources.get(name)
            if source is None:
                return Comparable(name, TensorRef.parse(name), layer=layers.get(name))
            return Comparable(name, source.ref, source.axes, layers.get(name))

        self.inputs = {tensor.name: _type(tensor) for tensor in network.inputs}
        self.outputs = tuple(comparable(name) for name in network.outputs)
        self.inner = tuple(
            comparable(name)
            for name in layers
            if name in network.sources and name not in network.outputs
        )

    def run(
        self,
        feeds: Mapping[str, Array],
        wanted: Sequence[Comparable],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        names = list(dict.fromkeys(item.name for item in wanted))
        # Optimised, ONNX Runtime's convolutions round less (a U-Net: 5e-4 instead of 1.2e-3).
        model = onnx_from_network(self._network, outputs=names)
        runner = OnnxRunner(model, optimised=True)
        arrays = measured(lambda: runner.run(feeds, names), watch)
        return {str(item.ref): item.in_graph_layout(arrays[item.name]) for item in wanted}


class OnnxCandidate:
    """An ONNX file; its inner tensors' layout is unknown, so only outputs are compared."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._runner = OnnxRunner(model, optimised=True)
        self.inputs = self._runner.inputs()
        self.outputs = tuple(
            Comparable(name, TensorRef.parse(name)) for name in self._runner.outputs()
        )
        self.inner: tuple[Comparable, ...] = ()

    def run(
        self,
        feeds: Mapping[str, Array],
        wanted: Sequence[Comparable],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        names = [item.name for item in wanted]
        arrays = measured(lambda: self._runner.run(feeds, names), watch)
        return {str(item.ref): arrays[item.name] for item in wanted}


def open_candidate(path: Path) -> Candidate:
    """Return the network or ONNX model in a file.

    Raises:
        OpenError: it cannot be read.
        ConvertError: ONNX Runtime refuses it.
    """
    if path.suffix.lower() != ".onnx":
        return NetworkCandidate(load_network(path))
    try:
        return OnnxCandidate(onnx.load(path))
    except (OSError, DecodeError) as error:
        raise OpenError("This ONNX file cannot be read.", where=str(path)) from error


def _type(tensor: Tensor) -> TensorType:
    return TensorType(tensor.dtype, Shape(tensor.shape))
