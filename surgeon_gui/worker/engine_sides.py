"""Engines as a side of a comparison: one in a file, or one built for the purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from surgeon_gui.compare.inputs import save_npz
from surgeon_gui.errors import RunFailed
from surgeon_gui.graph.values import Array, DType, Shape, TensorType
from surgeon_gui.jobs.engine_card import read_card
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import BuildSpec, RunSpec
from surgeon_gui.network.store import load_network, save_network
from surgeon_gui.worker.candidate import Comparable, NetworkCandidate
from surgeon_gui.worker.sides import Origin
from surgeon_gui.worker.timing import Stopwatch


class EngineSide:
    """An engine file on this machine's GPU.

    Args:
        path: the plan; the card beside it tells what it is fed.
        report: where its progress goes; files it needs lie in its folder.
        title: what the user calls it.
        plugins: libraries it needs.
    """

    is_stored = False

    def __init__(
        self, path: Path, report: Report, title: str = "", plugins: tuple[Path, ...] = ()
    ) -> None:
        self.title = title or f"{path.name} on the GPU"
        self._report = report
        self._spec = RunSpec(path, warmup=0, iterations=1, plugins=plugins)
        self._card = read_card(path)

    def outputs(self) -> tuple[str, ...]:
        return tuple(tensor.name for tensor in self._card.outputs) if self._card else ()

    def inner(self) -> tuple[str, ...]:
        return ()

    def inputs(self) -> Mapping[str, TensorType]:
        return {
            tensor.name: TensorType(DType.from_text(tensor.dtype), Shape(tensor.shape))
            for tensor in (self._card.inputs if self._card else ())
        }

    def origin(self, name: str) -> Origin:
        return Origin()

    def size(self, name: str) -> int | None:
        return None

    def run(
        self,
        feeds: Mapping[str, Array],
        names: Sequence[str],
        watch: Stopwatch | None = None,
    ) -> dict[str, Array]:
        wanted = {name: array for name, array in feeds.items() if name in self.inputs()}
        # Without a card the engine itself says what it does not know.
        found = _run(self._spec, wanted if self._card else feeds, self._report, watch)
        return {name: found[name] for name in names or found if name in found}

    def close(self) -> None:
        """Nothing is held between runs."""


class BuiltSide:
    """A network, built as an engine and run on this machine's GPU.

    An engine shows only its outputs, and every tensor marked as one keeps TensorRT from fusing the
    layers around it. So inner tensors are asked for a few at a time, in engines of their own.

    Args:
        path: a `.network` file.
        report: where its progress goes; its engines are built in its folder.
        precision: `fp32`, `fp16`, `bf16` or `int8`.
        title: what the user calls it.
        plugins: libraries it needs.
        kept: layers and nodes that keep float32 in half precision.
    """

    is_stored = False

    def __init__(
        self,
        path: Path,
        report: Report,
        precision: str,
        title: str = "",
        plugins: tuple[Path, ...] = (),
        kept: tuple[str, ...] = (),
    ) -> None:
        self.title = title or f"{path.stem} as {precision} engine"
        self._report = report
        self._precision = precision
        self._kept = kept
        self._plugins = plugins
        self._network = load_network(path)
        self._candidate = NetworkCandidate(self._network)
        self._known: dict[str, Comparable] = {
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
        # TensorRT is loaded by the builder, so only where something is to be built.
        from surgeon_gui.engine.build import build
        from surgeon_gui.engine.devices import current_capability

        if current_capability() is None:
            raise RunFailed(
                "An engine runs on an NVIDIA GPU, and there is none here.",
                hint="Compare the network in ONNX Runtime, or results stored where there is one.",
            )
        wanted = [self._known[name] for name in names or self.outputs() if name in self._known]
        marked = tuple(dict.fromkeys(item.name for item in wanted))
        folder = self._report.directory
        network = folder / "marked.network"
        save_network(replace(self._network, outputs=marked), network)
        spec = BuildSpec(
            network,
            folder / "marked.engine",
            gpus=("current",),
            precision=self._precision,
            kept=self._kept,
            plugins=self._plugins,
        )
        built = build(spec, self._report)
        run = RunSpec(built.path, warmup=0, iterations=1, plugins=self._plugins)
        mine = {name: array for name, array in feeds.items() if name in self._candidate.inputs}
        found = _run(run, mine, self._report, watch)
        return {str(item.ref): item.in_graph_layout(found[item.name]) for item in wanted}

    def close(self) -> None:
        """Nothing is held between runs."""


def _run(
    spec: RunSpec, feeds: Mapping[str, Array], report: Report, watch: Stopwatch | None
) -> Mapping[str, Array]:
    from surgeon_gui.engine.run import run

    if feeds:
        given = report.directory / "feeds.npz"
        save_npz(given, feeds)
        spec = replace(spec, inputs=given)
    if watch is not None:
        spec = replace(spec, warmup=watch.warmup, iterations=watch.runs)
    done = run(spec, report)
    if watch is not None:
        watch.times.extend(done.result.latencies_ms)
    return done.outputs
