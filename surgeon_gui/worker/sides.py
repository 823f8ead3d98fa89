"""Anything that computes tensors from inputs, so that any two can be compared.

A graph in TensorFlow, a network or ONNX file in ONNX Runtime, an engine on the GPU, or the stored
results of an earlier run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from surgeon_gui.compare.inputs import load_npz, random_inputs, save_npz
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import RunSpec


class Side(Protocol):
    """One side of a comparison; tensors are named as in the graph."""

    title: str

    def outputs(self) -> tuple[str, ...]:
        """What it computes."""

    def inputs(self) -> Mapping[str, TensorType]:
        """What it is fed; empty for results that are there already."""

    def run(self, feeds: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        """Return those of the tensors it has."""


class StoredSide:
    """The tensors of an `.npz` file, whatever the inputs are."""

    def __init__(self, path: Path) -> None:
        self.title = path.name
        self._arrays = load_npz(path)

    def outputs(self) -> tuple[str, ...]:
        return tuple(self._arrays)

    def inputs(self) -> Mapping[str, TensorType]:
        return {}

    def run(self, feeds: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        return {name: self._arrays[name] for name in names if name in self._arrays}


class OnnxSide:
    """A `.network` or `.onnx` file in ONNX Runtime on the CPU."""

    def __init__(self, path: Path) -> None:
        # onnxruntime is heavy and not needed by the other sides.
        from surgeon_gui.worker.candidate import open_candidate

        self.title = f"{path.name} in ONNX Runtime"
        self._candidate = open_candidate(path)

    def outputs(self) -> tuple[str, ...]:
        return tuple(str(item.ref) for item in self._candidate.outputs)

    def inputs(self) -> Mapping[str, TensorType]:
        return self._candidate.inputs

    def run(self, feeds: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        known = {str(item.ref): item for item in (*self._candidate.inner, *self._candidate.outputs)}
        wanted = [known[name] for name in names if name in known]
        return self._candidate.run(feeds, wanted)


class EngineSide:
    """An engine on this machine's GPU."""

    def __init__(self, path: Path, report: Report, spec: RunSpec | None = None) -> None:
        self.title = f"{path.name} on the GPU"
        self._report = report
        self._spec = spec or RunSpec(path, warmup=0, iterations=1)

    def outputs(self) -> tuple[str, ...]:
        return ()

    def inputs(self) -> Mapping[str, TensorType]:
        return {}

    def run(self, feeds: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        from surgeon_gui.engine.run import run

        given = None
        if feeds:
            given = self._report.directory / "feeds.npz"
            save_npz(given, feeds)
        done = run(replace(self._spec, inputs=given), self._report)
        return {name: done.outputs[name] for name in names or done.outputs if name in done.outputs}


class TensorflowSide:
    """A frozen graph in TensorFlow on the CPU."""

    def __init__(self, path: Path) -> None:
        self.title = f"{path.name} in TensorFlow"
        self._graph = open_graph(path)

    def outputs(self) -> tuple[str, ...]:
        return tuple(map(str, deduce_outputs(self._graph)))

    def inputs(self) -> Mapping[str, TensorType]:
        from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

        with TensorflowRunner(self._graph, None) as runner:
            return runner.inputs()

    def run(self, feeds: Mapping[str, Array], names: Sequence[str]) -> dict[str, Array]:
        from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

        refs = [ref for ref in map(TensorRef.parse, names) if ref.node in self._graph]
        shapes = {name: tuple(array.shape) for name, array in feeds.items() if name in self._graph}
        with TensorflowRunner(self._graph, refs, shapes) as runner:
            # What surgery removed, as the keep probability of a dropout, has no feed.
            missing = {
                name: kind if kind.shape.rank is not None else TensorType(kind.dtype, Shape.of())
                for name, kind in runner.inputs().items()
                if name not in feeds
            }
            return runner.run({**feeds, **random_inputs(missing)}, refs)


_OPENERS: dict[str, Callable[[Path], Side]] = {
    ".npz": StoredSide,
    ".network": OnnxSide,
    ".onnx": OnnxSide,
    ".pb": TensorflowSide,
    ".pbtxt": TensorflowSide,
}

ENGINE_SUFFIXES = (".engine", ".plan", ".trt")


@contextmanager
def open_side(path: Path, report: Report) -> Iterator[Side]:
    """Give the side a file stands for.

    Raises:
        UsageError: its ending is none of those known.
        OpenError: it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in ENGINE_SUFFIXES:
        yield EngineSide(path, report)
        return
    opener = _OPENERS.get(suffix)
    if opener is None:
        raise UsageError(
            f"Nothing can be computed from {suffix or 'a file without ending'}.",
            where=str(path),
            hint=f"Use one of {', '.join((*_OPENERS, *ENGINE_SUFFIXES))}.",
        )
    yield opener(path)
