"""A hybrid bundle, run: TensorFlow executes the graph, each segment runs by itself in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from surgeon_gui.errors import OpenError, UsageError
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.values import Array, TensorType
from surgeon_gui.hybrid.bundle import GRAPH, Bundle, BundleSegment, read_bundle
from surgeon_gui.hybrid.segments import BACKENDS, EngineOpener, SegmentRunner
from surgeon_gui.jobs.engine_card import sha256_of
from surgeon_gui.reference.python_ops import PythonOps
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner
from surgeon_gui.targets.segments import ENGINE_OP

Watcher = Callable[[str, Mapping[str, Array], Mapping[str, Array]], None]
"""Told a segment's name, what it was fed by its own names, what it made by tensor of the graph."""


class HybridRunner:
    """A session on a bundle.

    Args:
        folder: the bundle.
        backends: the ways to run segments, in order; see `segments.BACKENDS`.
        shapes: placeholder shapes that override the graph's.
        open_engine: loads a plan onto the GPU; None leaves engines aside.
        watcher: told what each segment reads and computes.

    Attributes:
        bundle: the manifest.
        segments: the segments' runners, by name.

    Raises:
        OpenError: the folder is no bundle, or its graph is not the manifest's.
        UsageError: there is no such backend.
        JobFailed: TensorFlow is not installed.
    """

    def __init__(
        self,
        folder: str | Path,
        backends: Sequence[str] = BACKENDS,
        *,
        shapes: Mapping[str, Sequence[int]] | None = None,
        open_engine: EngineOpener | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        unknown = [name for name in backends if name not in BACKENDS]
        if unknown or not backends:
            raise UsageError(
                f"A segment cannot run as {', '.join(unknown) or 'nothing'}.",
                hint=f"Choose among {', '.join(BACKENDS)}.",
            )
        folder = Path(folder)
        self.bundle: Bundle = read_bundle(folder)
        if sha256_of(folder / GRAPH) != self.bundle.graph_sha256:
            raise OpenError(
                "The bundle's graph is not the one it was made with.",
                where=str(folder / GRAPH),
                hint="Make the bundle again.",
            )
        self._watcher = watcher
        self._ops = PythonOps()
        self.segments = {
            item.name: SegmentRunner(
                item,
                folder,
                backends,
                cached=self.bundle.maximum_cached_engines,
                open_engine=open_engine,
            )
            for item in self.bundle.segments
        }
        graph = open_graph(folder / GRAPH)
        self.outputs = tuple(map(TensorRef.parse, self.bundle.outputs))
        self._runner = TensorflowRunner(self._callable(graph), self.outputs, shapes)

    def _callable(self, graph: Graph) -> Graph:
        """Return the graph with its engine nodes as calls of this process."""
        return Graph(
            tuple(self._call(node) if node.op == ENGINE_OP else node for node in graph),
            graph.versions,
            graph.library,
        )

    def _call(self, node: Node) -> Node:
        runner = self.segments.get(node.name)
        if runner is None:
            raise OpenError("The manifest has no segment of this name.", where=node.name)
        segment = runner.segment
        function = runner if self._watcher is None else _watched(runner, segment, self._watcher)
        reads = [item.type.dtype for item in segment.inputs]
        makes = [item.type.dtype for item in segment.outputs]
        return self._ops.replace(node, function, reads, makes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the sessions' memory."""
        self._runner.close()
        for segment in self.segments.values():
            segment.close()

    def inputs(self) -> dict[str, TensorType]:
        """Return what a user feeds."""
        return self._runner.inputs()

    def run(
        self, feeds: Mapping[str, Array], fetches: Sequence[TensorRef] | None = None
    ) -> dict[str, Array]:
        """Return the fetched tensors (all outputs by default) by name, without `:0`.

        Raises:
            UsageError: an input is missing, unknown, or of another dtype or shape.
            JobFailed: TensorFlow stopped; `where` is the node where it says so.
        """
        return self._runner.run(feeds, self.outputs if fetches is None else fetches)


def _watched(
    runner: SegmentRunner, segment: BundleSegment, watcher: Watcher
) -> Callable[..., list[Array]]:
    def call(*arrays: Array) -> list[Array]:
        found = runner(*arrays)
        read = (item.name for item in segment.inputs)
        made = (item.tensor for item in segment.outputs)
        watcher(
            segment.name,
            dict(zip(read, arrays, strict=True)),
            dict(zip(made, found, strict=True)),
        )
        return found

    return call
