"""One segment, run: as its engine, else as its network on the CPU, else by TensorFlow."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from surgeon_gui.errors import ConvertError, SurgeonError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import Array, Shape
from surgeon_gui.hybrid.bundle import BundleSegment, segment_path
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import network_from_graph
from surgeon_gui.network.store import load_network
from surgeon_gui.network.to_onnx import onnx_from_network
from surgeon_gui.reference.onnx_runner import OnnxRunner
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

BACKENDS = ("engine", "network", "tensorflow")
"""The ways to run a segment, the fastest first; where one fails the next takes over."""

Run = Callable[[Mapping[str, Array]], Mapping[str, Array]]
"""Takes the segment's inputs and returns its outputs, by their names in the segment."""

EngineOpener = Callable[[Path], Run]
"""Loads a plan onto the GPU.

Raises:
    SurgeonError: it does not run here.
"""

logger = logging.getLogger(__name__)

_Shapes = tuple[tuple[int, ...], ...]


class SegmentRunner:
    """Runs one segment for whatever shapes come, and keeps what it made for the last few.

    As in TF-TRT, a failing engine is no error: the segment then runs in TensorFlow, and the reason
    is kept.

    Args:
        segment: which.
        folder: the bundle's.
        backends: the ways to try, in order.
        cached: for how many sets of input shapes something is kept ready.
        open_engine: loads a plan; None where there is no GPU to load it on.

    Attributes:
        runs: how often each backend ran.
        failures: why a backend could not run, by backend.
    """

    def __init__(
        self,
        segment: BundleSegment,
        folder: Path,
        backends: Sequence[str] = BACKENDS,
        *,
        cached: int = 1,
        open_engine: EngineOpener | None = None,
    ) -> None:
        self.segment = segment
        self._folder = folder
        self._backends = tuple(backends)
        self._cached = max(1, cached)
        self._open_engine = open_engine
        self._ready: OrderedDict[_Shapes, tuple[str, Run]] = OrderedDict()
        self._tensorflow: TensorflowRunner | None = None
        self.runs: Counter[str] = Counter()
        self.failures: dict[str, str] = {}

    def __call__(self, *arrays: Array) -> list[Array]:
        """Return the outputs for the inputs, both in the order of the segment's node.

        Raises:
            SurgeonError: no backend runs it; the last one's error.
        """
        feeds = {
            item.name: np.asarray(array)
            for item, array in zip(self.segment.inputs, arrays, strict=True)
        }
        shapes = tuple(tuple(array.shape) for array in feeds.values())
        kept = self._ready.get(shapes)
        if kept is not None:
            self._ready.move_to_end(shapes)
            try:
                return self._run(*kept, feeds)
            except SurgeonError as error:
                self._failed(kept[0], error)
                del self._ready[shapes]
        return self._begin(shapes, feeds)

    def close(self) -> None:
        """Free what was kept ready."""
        self._ready.clear()
        if self._tensorflow is not None:
            self._tensorflow.close()
            self._tensorflow = None

    def _begin(self, shapes: _Shapes, feeds: Mapping[str, Array]) -> list[Array]:
        last: SurgeonError | None = None
        for backend in self._backends:
            if backend == "engine" and self._open_engine is None:
                continue
            try:
                run = self._opened(backend, feeds)
                found = self._run(backend, run, feeds)
            except SurgeonError as error:
                self._failed(backend, error)
                last = error
                continue
            self._ready[shapes] = (backend, run)
            while len(self._ready) > self._cached:
                self._ready.popitem(last=False)
            return found
        raise last or ConvertError("There is no way to run this segment.", where=self.segment.name)

    def _failed(self, backend: str, error: SurgeonError) -> None:
        self.failures[backend] = str(error)
        logger.warning("%s does not run as %s: %s", self.segment.name, backend, error)

    def _run(self, backend: str, run: Run, feeds: Mapping[str, Array]) -> list[Array]:
        found = run(feeds)
        self.runs[backend] += 1
        return [found[item.name] for item in self.segment.outputs]

    def _opened(self, backend: str, feeds: Mapping[str, Array]) -> Run:
        if backend == "engine" and self._open_engine is not None:
            return self._open_engine(segment_path(self._folder, self.segment.name, ".engine"))
        if backend == "network":
            return self._open_network(feeds)
        return self._open_tensorflow()

    def _open_network(self, feeds: Mapping[str, Array]) -> Run:
        network = self._network_for(feeds)
        runner = OnnxRunner(onnx_from_network(network), optimised=True)
        return lambda given: runner.run(given)

    def _network_for(self, feeds: Mapping[str, Array]) -> Network:
        """Return the stored network where these shapes fit it, else lower the segment for them."""
        if self.segment.has_network:
            network = load_network(segment_path(self._folder, self.segment.name, ".network"))
            if all(_fits(feeds[tensor.name], tensor.shape) for tensor in network.inputs):
                return network
        graph = open_graph(segment_path(self._folder, self.segment.name, ".pb"))
        outputs = [TensorRef.parse(item.name) for item in self.segment.outputs]
        shapes = {name: Shape(tuple(array.shape)) for name, array in feeds.items()}
        lowering = network_from_graph(graph, outputs=outputs, shapes=shapes)
        if lowering.network is None:
            raise lowering.problems[0]
        return lowering.network

    def _open_tensorflow(self) -> Run:
        if self._tensorflow is None:
            graph = open_graph(segment_path(self._folder, self.segment.name, ".pb"))
            self._tensorflow = TensorflowRunner(graph)
        runner = self._tensorflow
        fetches = [TensorRef.parse(item.name) for item in self.segment.outputs]
        return lambda given: runner.run(given, fetches)


def _fits(array: Array, shape: tuple[int, ...]) -> bool:
    return len(shape) == array.ndim and all(
        dim in (-1, have) for dim, have in zip(shape, array.shape, strict=True)
    )
