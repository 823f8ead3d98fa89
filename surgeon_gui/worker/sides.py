"""Anything that computes tensors from inputs, so that any two can be compared.

A graph in TensorFlow, a network or ONNX file in ONNX Runtime, an engine on the GPU, or the stored
results of an earlier run. Tensors have the graph's names and layout, whoever computes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from surgeon_gui.compare.inputs import load_npz, random_inputs
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs, topological_order
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.hybrid.bundle import is_bundle
from surgeon_gui.jobs.report import Report
from surgeon_gui.worker.timing import Stopwatch, measured

if TYPE_CHECKING:
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner
    from surgeon_gui.worker.candidate import Candidate


@dataclass(frozen=True)
class Origin:
    """Where a tensor comes from.

    Attributes:
        op: of the graph's node, empty where it is not known.
        layer: of the network, None without one.
    """

    op: str = ""
    layer: str | None = None


class Side(Protocol):
    """One side of a comparison.

    Attributes:
        title: what it is, for the user.
        is_stored: its tensors are there already, whatever the inputs are.
    """

    title: str
    is_stored: bool

    def outputs(self) -> tuple[str, ...]:
        """What it is there to compute; empty where only a run tells."""

    def inner(self) -> tuple[str, ...]:
        """Tensors before the outputs that it can give too, in the order they are computed."""

    def inputs(self) -> Mapping[str, TensorType]:
        """What it is fed; empty where it is not known."""

    def origin(self, name: str) -> Origin:
        """Return where a tensor comes from."""

    def size(self, name: str) -> int | None:
        """Return the bytes of a tensor, None where they are not known."""

    def run(
        self,
        feeds: Mapping[str, Array],
        names: Sequence[str],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        """Return those of the tensors it has; all outputs where none is named.

        Args:
            feeds: arrays by input.
            names: the tensors wanted.
            watch: measures runs; None runs once.
        """

    def close(self) -> None:
        """Free what it holds."""


class StoredSide:
    """The tensors of an `.npz` file, whatever the inputs are."""

    is_stored = True

    def __init__(self, path: Path, title: str = "") -> None:
        self.title = title or path.name
        self._arrays = load_npz(path)

    def outputs(self) -> tuple[str, ...]:
        return tuple(self._arrays)

    def inner(self) -> tuple[str, ...]:
        return tuple(self._arrays)

    def inputs(self) -> Mapping[str, TensorType]:
        return {}

    def origin(self, name: str) -> Origin:
        return Origin()

    def size(self, name: str) -> int | None:
        array = self._arrays.get(name)
        return None if array is None else array.nbytes

    def run(
        self,
        feeds: Mapping[str, Array],
        names: Sequence[str],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        return {name: self._arrays[name] for name in names or self._arrays if name in self._arrays}

    def close(self) -> None:
        self._arrays = {}


class OnnxSide:
    """A `.network` or `.onnx` file in ONNX Runtime on the CPU."""

    is_stored = False

    def __init__(self, path: Path, title: str = "", candidate: Candidate | None = None) -> None:
        # onnxruntime is heavy and not needed by the other sides.
        from surgeon_gui.worker.candidate import open_candidate

        self.title = title or f"{path.name} in ONNX Runtime"
        self._candidate = candidate or open_candidate(path)
        self._known = {
            str(item.ref): item for item in (*self._candidate.inner, *self._candidate.outputs)
        }

    def outputs(self) -> tuple[str, ...]:
        return tuple(str(item.ref) for item in self._candidate.outputs)

    def inner(self) -> tuple[str, ...]:
        return tuple(str(item.ref) for item in self._candidate.inner)

    def inputs(self) -> Mapping[str, TensorType]:
        return self._candidate.inputs

    def origin(self, name: str) -> Origin:
        item = self._known.get(name)
        return Origin(layer=None if item is None else item.layer)

    def size(self, name: str) -> int | None:
        return None

    def run(
        self,
        feeds: Mapping[str, Array],
        names: Sequence[str],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        wanted = [self._known[name] for name in names or self.outputs() if name in self._known]
        return self._candidate.run(feeds, wanted, watch)

    def close(self) -> None:
        """Nothing is held between runs."""


class TensorflowSide:
    """A frozen graph in TensorFlow on the CPU."""

    is_stored = False

    def __init__(
        self, path: Path, title: str = "", shapes: Mapping[str, tuple[int, ...]] | None = None
    ) -> None:
        self.title = title or f"{path.name} in TensorFlow"
        self._graph: Graph = open_graph(path)
        self._shapes = {name: dims for name, dims in (shapes or {}).items() if name in self._graph}
        self._runner: TensorflowRunner | None = None
        self._inner: tuple[str, ...] | None = None

    def _opened(self) -> TensorflowRunner:
        if self._runner is None:
            from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

            targets = list(deduce_outputs(self._graph)) or None
            self._runner = TensorflowRunner(self._graph, targets, self._shapes)
        return self._runner

    def outputs(self) -> tuple[str, ...]:
        return tuple(map(str, deduce_outputs(self._graph)))

    def inner(self) -> tuple[str, ...]:
        if self._inner is None:
            order = topological_order(self._opened().graph)
            place = {name: position for position, name in enumerate(order)}
            found = sorted(self._opened().tensors(), key=lambda ref: (place[ref.node], ref.port))
            self._inner = tuple(map(str, found))
        return self._inner

    def inputs(self) -> Mapping[str, TensorType]:
        return self._opened().inputs()

    def origin(self, name: str) -> Origin:
        node = self._graph.get(TensorRef.parse(name).node)
        return Origin("" if node is None else node.op)

    def size(self, name: str) -> int | None:
        kind = self._opened().type(TensorRef.parse(name))
        count, dtype = kind.shape.size, kind.dtype.numpy
        return None if count is None or dtype is None else count * dtype.itemsize

    def run(
        self,
        feeds: Mapping[str, Array],
        names: Sequence[str],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        known = [TensorRef.parse(name) for name in names or self.outputs()]
        refs = [ref for ref in known if ref.node in self._graph]
        runner = self._runner_for(feeds, refs)
        # What surgery removed, as the keep probability of a dropout, has no feed.
        missing = {
            name: kind if kind.shape.rank is not None else TensorType(kind.dtype, Shape.of())
            for name, kind in runner.inputs().items()
            if name not in feeds
        }
        given = {**feeds, **random_inputs(missing)}
        return measured(lambda: runner.run(given, refs), watch)

    def _runner_for(
        self, feeds: Mapping[str, Array], refs: Sequence[TensorRef]
    ) -> TensorflowRunner:
        """Return a runner that has the tensors and takes the feeds' shapes."""
        shapes = {name: tuple(array.shape) for name, array in feeds.items() if name in self._graph}
        runner = self._runner
        if runner is not None and all(ref.node in runner.graph for ref in refs):
            kinds = runner.inputs()
            if all(_takes(kind.shape, shapes.get(name)) for name, kind in kinds.items()):
                return runner
        self.close()
        from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

        targets = [*deduce_outputs(self._graph), *refs]
        self._runner = TensorflowRunner(self._graph, targets or None, {**self._shapes, **shapes})
        return self._runner

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None


def _takes(shape: Shape, dims: tuple[int, ...] | None) -> bool:
    """Whether an input of `shape` takes an array of these dimensions; None: it gets none."""
    if shape.dims is None or dims is None:
        return True
    return len(shape.dims) == len(dims) and all(
        have in (-1, dim) for have, dim in zip(shape.dims, dims, strict=True)
    )


ENGINE_SUFFIXES = (".engine", ".plan", ".trt")
CPU_SUFFIXES = (".pb", ".pbtxt", ".network", ".onnx")
SUFFIXES = (*CPU_SUFFIXES, ".npz", *ENGINE_SUFFIXES)


def open_side(
    path: Path,
    report: Report,
    title: str = "",
    plugins: tuple[Path, ...] = (),
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> Side:
    """Return the side a file stands for; close it after use.

    Args:
        path: ends in one of `SUFFIXES`, or is the folder of a hybrid bundle.
        report: where an engine's progress goes.
        title: what the user calls it; empty says it by the file.
        plugins: libraries an engine needs.
        shapes: placeholder shapes that override a graph's.

    Raises:
        UsageError: its ending is none of those known.
        OpenError: it cannot be read.
    """
    suffix = path.suffix.lower()
    if is_bundle(path):
        # Imports the engine room, which the other sides do without.
        from surgeon_gui.worker.bundle_side import BundleSide

        return BundleSide(path, title, shapes)
    if suffix in (".pb", ".pbtxt"):
        return TensorflowSide(path, title, shapes)
    if suffix in (".network", ".onnx"):
        return OnnxSide(path, title)
    if suffix == ".npz":
        return StoredSide(path, title)
    if suffix in ENGINE_SUFFIXES:
        # Imports the network's converters, which stored results do without.
        from surgeon_gui.worker.engine_sides import EngineSide

        return EngineSide(path, report, title, plugins)
    raise UsageError(
        f"Nothing can be computed from {suffix or 'a file without ending'}.",
        where=str(path),
        hint=f"Use one of {', '.join(SUFFIXES)}.",
    )
