"""The hybrid bundle: a folder with the graph around the engines, and what each segment needs.

    manifest.json            what is in it; written last
    graph.pb                 the GraphDef with a `TRTEngineOp` node for each segment
    segments/NAME.pb         the segment's own TensorFlow nodes
    segments/NAME.network    its network, where its shapes are known
    segments/NAME.int8.network  the same in eight bits, once calibrated
    segments/NAME.engine     its plan, once built

A segment runs as its engine, else as its network in ONNX Runtime, else as its TensorFlow nodes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from surgeon_gui.errors import OpenError, ProtocolError, SaveError, UsageError
from surgeon_gui.graph.graphdef import save_graphdef, write_atomically
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.hybrid.plan import HybridPlan, plan_hybrid
from surgeon_gui.jobs.codec import decode, encode
from surgeon_gui.jobs.engine_card import sha256_of
from surgeon_gui.network.store import save_network
from surgeon_gui.targets.partition import PartitionOptions
from surgeon_gui.targets.segments import hybrid_graph, input_names, segment_graph

FORMAT = "surgeon-hybrid"
VERSION = 1
MANIFEST = "manifest.json"
GRAPH = "graph.pb"
ROUNDED = ".int8.network"
"""Ending of a segment's network in eight bits; engines are built from it, the float one runs on the
CPU."""

_SEGMENTS = "segments"


@dataclass(frozen=True)
class BundleTensor:
    """A tensor a segment reads or makes.

    Attributes:
        tensor: its name in the graph, `name` or `name:1`.
        name: its name in the segment's own graph, network and engine.
        dtype: TensorFlow's name of the dtype.
        shape: None for an unknown rank; -1 is an unknown dimension.
    """

    tensor: str
    name: str
    dtype: str
    shape: tuple[int, ...] | None

    @property
    def type(self) -> TensorType:
        return TensorType(DType.from_text(self.dtype), Shape(self.shape))


@dataclass(frozen=True)
class BundleSegment:
    """One segment of a bundle.

    Attributes:
        name: its node in the graph.
        nodes: the GraphDef nodes it stands for.
        inputs, outputs: what it reads and makes, in the node's order.
        has_network: whether its network is there; else it is lowered when shapes are met.
        engine_key: what its engine was built from and how; empty before a build.
        layers: layers TensorRT was given for the engine.
    """

    name: str
    nodes: tuple[str, ...]
    inputs: tuple[BundleTensor, ...]
    outputs: tuple[BundleTensor, ...]
    has_network: bool
    engine_key: str = ""
    layers: int = 0


@dataclass(frozen=True)
class Bundle:
    """What `manifest.json` says.

    Attributes:
        model: the file the graph came from.
        graph_sha256: of `graph.pb`.
        target: whose verdicts divided it.
        outputs: what the graph computes, by tensor.
        segments: in the order they can run.
        remaining: nodes that stay in TensorFlow → why.
        nodes_before, nodes_after: of the graph, without and with segments.
        converted: how many nodes the segments stand for, constants included.
        maximum_cached_engines: shapes for which a segment is kept ready at a time.
        max_batch_size: the batch of a segment that could not leave it open.
    """

    model: str
    graph_sha256: str
    target: str
    outputs: tuple[str, ...]
    segments: tuple[BundleSegment, ...]
    remaining: Mapping[str, str] = field(repr=False)
    nodes_before: int
    nodes_after: int
    converted: int
    maximum_cached_engines: int = 1
    max_batch_size: int = 1

    def with_segment(self, segment: BundleSegment) -> Bundle:
        """Return the bundle with one segment's entry changed."""
        return replace(
            self,
            segments=tuple(
                segment if item.name == segment.name else item for item in self.segments
            ),
        )


def segment_path(folder: Path, name: str, suffix: str) -> Path:
    """Return a segment's file: `.pb`, `.network` or `.engine`."""
    return folder / _SEGMENTS / f"{name.replace('/', '_')}{suffix}"


def write_bundle(
    plan: HybridPlan,
    folder: Path,
    *,
    model: str = "",
    maximum_cached_engines: int = 1,
    max_batch_size: int = 1,
) -> Bundle:
    """Write a plan as a bundle without engines; engines of the same networks are kept.

    Raises:
        UsageError: the folder holds something else.
        SaveError: a file cannot be written; the manifest of an older bundle is as it was.
    """
    if folder.is_dir() and not takes_bundle(folder):
        raise UsageError(
            "This folder holds other files, which a bundle might overwrite.",
            where=str(folder),
            hint=f"Name a new folder, such as {folder / 'hybrid'}.",
        )
    old = {item.name: item for item in _old(folder)}
    try:
        (folder / _SEGMENTS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(
            f"The bundle's folder cannot be made: {error.strerror or error}.",
            where=str(folder),
            hint="Choose another folder.",
        ) from error
    graph = hybrid_graph(plan.partition, plan.kinds, plan.outputs, {})
    save_graphdef(graph, folder / GRAPH)
    segments = []
    for segment in plan.partition.segments:
        names = input_names(segment)
        part = segment_graph(plan.graph, segment, plan.kinds)
        save_graphdef(part, segment_path(folder, segment.name, ".pb"))
        # It was calibrated for the network that is replaced.
        segment_path(folder, segment.name, ROUNDED).unlink(missing_ok=True)
        network = plan.networks.get(segment.name)
        if network is not None:
            save_network(network, segment_path(folder, segment.name, ".network"))
        entry = BundleSegment(
            segment.name,
            segment.nodes,
            tuple(_tensor(ref, name, plan.kinds[ref]) for ref, name in names.items()),
            tuple(_tensor(ref, str(ref), plan.kinds[ref]) for ref in segment.outputs),
            network is not None,
        )
        before = old.get(segment.name)
        if before is not None and before.nodes == entry.nodes:
            # Whether the engine still fits is decided by its key when it is built again.
            entry = replace(entry, engine_key=before.engine_key, layers=before.layers)
        segments.append(entry)
    bundle = Bundle(
        model,
        sha256_of(folder / GRAPH),
        plan.partition.target,
        tuple(map(str, plan.outputs)),
        tuple(segments),
        plan.partition.remaining,
        plan.partition.live,
        len(graph),
        plan.partition.converted,
        maximum_cached_engines,
        max_batch_size,
    )
    write_manifest(bundle, folder)
    return bundle


def _tensor(ref: TensorRef, name: str, kind: TensorType) -> BundleTensor:
    return BundleTensor(str(ref), name, kind.dtype.text, kind.shape.dims)


def _old(folder: Path) -> tuple[BundleSegment, ...]:
    try:
        return read_bundle(folder).segments
    except OpenError:
        return ()


def write_manifest(bundle: Bundle, folder: Path) -> None:
    """Write `manifest.json`.

    Raises:
        SaveError: it cannot be written.
    """
    data = {"format": FORMAT, "version": VERSION, **encode(bundle)}
    text = json.dumps(data, indent=1, ensure_ascii=False)
    write_atomically(folder / MANIFEST, [memoryview(text.encode())])


def takes_bundle(folder: Path) -> bool:
    """Whether a bundle can be written there: the folder is new, empty, or a bundle, if half done.

    Nothing is overwritten that is not a bundle's own.
    """
    if is_bundle(folder):
        return True
    try:
        found = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return not found or (_SEGMENTS in found and found <= {GRAPH, MANIFEST, _SEGMENTS})


def is_bundle(path: Path) -> bool:
    """Whether a folder is a hybrid bundle."""
    return (path / MANIFEST).is_file() and (path / GRAPH).is_file()


def read_bundle(folder: Path) -> Bundle:
    """Return what a bundle's manifest says.

    Raises:
        OpenError: the folder is no bundle, of a newer version, or its manifest is damaged.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OpenError(
            "This folder holds no hybrid bundle.",
            where=str(folder),
            hint="Make one with: surgeon partition MODEL -o FOLDER",
        ) from error
    except ValueError as error:
        raise OpenError("The bundle's manifest is damaged.", where=str(path)) from error
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise OpenError("This is no manifest of a hybrid bundle.", where=str(path))
    version = data.pop("version", None)
    if version != VERSION:
        raise OpenError(
            f"The bundle has version {version}; this program reads version {VERSION}.",
            where=str(path),
            hint="Make it again, or use the program that made it.",
        )
    try:
        return decode(Bundle, data, "manifest")
    except ProtocolError as error:
        raise OpenError(
            "The bundle's manifest is damaged.", where=error.where or str(path)
        ) from error


def make_bundle(
    graph: Graph,
    target: str,
    options: PartitionOptions,
    folder: Path,
    model: str = "",
    max_batch_size: int = 1,
    maximum_cached_engines: int = 1,
) -> Bundle:
    """Plan a hybrid run of a graph and write its bundle.

    Raises:
        UsageError: there is no such target.
        SaveError: a file cannot be written.
    """
    plan = plan_hybrid(graph, target, options, max_batch_size=max_batch_size, suggest=False)
    return write_bundle(
        plan,
        folder,
        model=model,
        maximum_cached_engines=maximum_cached_engines,
        max_batch_size=max_batch_size,
    )
