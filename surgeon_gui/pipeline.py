"""The roads from a graph to what it can become: a file, a verification job, a build job.

The window and the command line both go through here, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from surgeon_gui.compare.report import Tolerance, tolerance_of
from surgeon_gui.errors import NotConvertible, UsageError
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import save_graph
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Shape
from surgeon_gui.jobs.spec import BuildSpec, ShapeRange, VerifySpec
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower import Lowering, network_from_graph
from surgeon_gui.network.precision import HALVES, with_precision
from surgeon_gui.network.store import save_network
from surgeon_gui.network.to_onnx import save_onnx
from surgeon_gui.targets import catalogue, find_target, inspect
from surgeon_gui.uff.file import save_uff
from surgeon_gui.uff.restore import tensorflow_form
from surgeon_gui.uff.writer import UffExport, uff_from_graph

Outputs = Sequence[TensorRef] | None
Shapes = Mapping[str, Shape] | None


def save_view(graph: Graph, path: Path) -> None:
    """Write a graph by the file's ending: `.pb`, `.pbtxt` or `.uff`.

    A shown UFF file becomes the TensorFlow graph it stands for where the ending asks for that.

    Raises:
        ConvertError: the graph has no such form.
        SaveError: the file cannot be written.
    """
    if path.suffix.lower() == ".uff":
        export(graph, path)
    else:
        save_graph(tensorflow_form(graph), path)


def types_of(graph: Graph) -> Types:
    """Return what is known of the graph's tensors; of a shown UFF file by what it stands for.

    Raises:
        Unsupported, NotConvertible: nodes of a shown UFF file have no counterpart.
    """
    return infer_types(tensorflow_form(graph))


def lowering_of(graph: Graph) -> Lowering:
    """Lower a graph, or the TensorFlow graph a shown UFF file stands for.

    Raises:
        ConvertError: the graph goes in a circle, or nodes of UFF have no counterpart.
    """
    return network_from_graph(tensorflow_form(graph))


def network_of(graph: Graph, *, outputs: Outputs = None, shapes: Shapes = None) -> Network:
    """Return the network of a graph.

    Raises:
        Unsupported: one node is not taken.
        NotConvertible: several are not.
    """
    return _lowered(graph, outputs, shapes)[0]


def _lowered(graph: Graph, outputs: Outputs, shapes: Shapes) -> tuple[Network, Lowering]:
    """Return the network of a graph, and what else became of the graph."""
    lowering = network_from_graph(tensorflow_form(graph), outputs=outputs, shapes=shapes)
    if lowering.network is None:
        if len(lowering.problems) == 1:
            raise lowering.problems[0]
        raise NotConvertible(lowering.problems)
    return lowering.network, lowering


def _size_notes(lowering: Lowering) -> tuple[str, ...]:
    """Return what is to be known of the inputs that have open dimensions."""
    inputs = lowering.tried[0] if lowering.tried else ()
    return tuple(f"{name}: {lowering.notes[name]}" for name in inputs if name in lowering.notes)


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: where it is.
        format: `pb`, `pbtxt`, `uff`, `onnx` or `network`.
        bytes: its size.
        nodes: nodes, UFF nodes, ONNX nodes or layers in it.
        notes: what the writer mended or warns of.
    """

    path: Path
    format: str
    bytes: int
    nodes: int
    notes: tuple[str, ...] = ()


def _export_graph(
    graph: Graph, path: Path, outputs: Outputs, shapes: Shapes, strict: bool
) -> Exported:
    graph = tensorflow_form(graph)
    save_graph(graph, path)
    return Exported(path, path.suffix[1:].lower(), path.stat().st_size, len(graph))


def _export_uff(
    graph: Graph, path: Path, outputs: Outputs, shapes: Shapes, strict: bool
) -> Exported:
    wanted = [str(ref) for ref in outputs or deduce_outputs(graph)]
    export = uff_from_graph(graph, wanted, strict=strict)
    size = save_uff(export.file, path)
    notes = (*export.repairs, *export.warnings, *_custom_notes(export))
    return Exported(path, "uff", size, len(export.nodes), notes)


def _custom_notes(export: UffExport) -> tuple[str, ...]:
    """Say which nodes need a plugin when the file is parsed."""
    if not export.custom:
        return ()
    ops = ", ".join(sorted(set(export.custom.values())))
    if len(export.custom) == 1:
        return (f"One node is written as a custom operation for a plugin: {ops}.",)
    return (f"{len(export.custom)} nodes are written as custom operations for plugins: {ops}.",)


def _export_onnx(
    graph: Graph,
    path: Path,
    outputs: Outputs,
    shapes: Shapes,
    strict: bool,
    opset: int | None = None,
) -> Exported:
    network, lowering = _lowered(graph, outputs, shapes)
    save_onnx(network, path, opset=opset)
    notes = _size_notes(lowering)
    return Exported(path, "onnx", path.stat().st_size, len(network.layers), notes)


def _export_network(
    graph: Graph, path: Path, outputs: Outputs, shapes: Shapes, strict: bool
) -> Exported:
    network, lowering = _lowered(graph, outputs, shapes)
    save_network(network, path)
    notes = _size_notes(lowering)
    return Exported(path, "network", path.stat().st_size, len(network.layers), notes)


EXPORTERS: dict[str, Callable[[Graph, Path, Outputs, Shapes, bool], Exported]] = {
    ".pb": _export_graph,
    ".pbtxt": _export_graph,
    ".uff": _export_uff,
    ".onnx": _export_onnx,
    ".network": _export_network,
}
"""Writers by file ending."""


def export(
    graph: Graph,
    path: Path,
    *,
    outputs: Outputs = None,
    shapes: Shapes = None,
    strict: bool = False,
    parser: str | None = None,
    opset: int | None = None,
) -> Exported:
    """Write `graph` in the form the file's ending names.

    Args:
        graph: what to write.
        path: ends in .pb, .pbtxt, .uff, .onnx or .network.
        outputs: what the file must compute; None deduces them.
        shapes: placeholder shapes that fix unknown dimensions.
        strict: write UFF exactly as NVIDIA's converter does, without repairs.
        parser: a UFF target (`uff-5.1`): the notes say what its parser will refuse.
        opset: the ONNX operator set to write; None: the earliest from 17 on that has the layers.

    Raises:
        UsageError: the ending names no format, `parser` no UFF target, or `opset` no operator set
            that can be written.
        NotConvertible: some node has no counterpart.
        SaveError: the file cannot be written.
    """
    exporter = EXPORTERS.get(path.suffix.lower())
    if exporter is None:
        raise UsageError(
            f"{path.suffix or 'A name without ending'} is no known format.",
            where=str(path),
            hint=f"Use one of {' '.join(EXPORTERS)}.",
        )
    if opset is not None:
        check_opset_has_use(path)
        exporter = partial(_export_onnx, opset=opset)
    refused = () if parser is None else parser_limits(graph, path, parser, outputs, shapes)
    exported = exporter(graph, path, outputs, shapes, strict)
    return replace(exported, notes=(*exported.notes, *refused))


def check_opset_has_use(path: Path) -> None:
    """Check that the file is one that has an operator set.

    Raises:
        UsageError: it is no `.onnx`.
    """
    if path.suffix.lower() != ".onnx":
        raise UsageError("--opset is for .onnx files.", where=str(path), hint="Leave it out.")


def parser_limits(
    graph: Graph, path: Path, parser: str, outputs: Outputs = None, shapes: Shapes = None
) -> tuple[str, ...]:
    """Return what NVIDIA's closed parser will refuse of a `.uff` file, one line a node.

    The first line sums up; nothing is returned where it takes the whole file as far as is known.

    Args:
        graph: what will be written.
        path: the file to write.
        parser: a UFF target, `uff-5.0` … `uff-8`.
        outputs: what the file must compute.
        shapes: placeholder shapes.

    Raises:
        UsageError: the file is no `.uff`, or `parser` is no UFF target.
    """
    target = find_target(parser)
    if target.route != "uff" or path.suffix.lower() != ".uff":
        names = " ".join(item.id for item in catalogue() if item.route == "uff")
        raise UsageError(
            f"{parser} is no UFF parser."
            if target.route != "uff"
            else "Only .uff files are read by a UFF parser.",
            where="--parser",
            hint=f"Export a .uff file for one of {names}.",
        )
    report = inspect(graph, parser, outputs=outputs, shapes=shapes)
    refused = [problem for problem in report.problems if problem.severity == "error"]
    if not refused:
        return ()
    count = f"these {len(refused)} nodes" if len(refused) > 1 else "this node"
    title = target.title.removeprefix("UFF · ")
    return (
        f"It exports, but the parser of {title} will refuse {count}:",
        *(
            f"{item.node} ({item.op}): {item.reason}" + (f" {item.remedy}" if item.remedy else "")
            for item in refused
        ),
    )


def prepare_verify(
    original: Graph,
    graph: Graph,
    directory: Path,
    *,
    outputs: Outputs = None,
    shapes: Shapes = None,
    inputs: Path | None = None,
    seed: int = 0,
    all_tensors: bool = False,
    save_outputs: Path | None = None,
    precision: str = "fp32",
    kept: Sequence[str] = (),
    tolerance: Tolerance | None = None,
) -> VerifySpec:
    """Write what a verification needs into `directory` and return its spec.

    Args:
        original: the graph TensorFlow runs.
        graph: the graph after surgery, which becomes the network.
        directory: where the two files go.
        outputs: the outputs compared.
        shapes: placeholder shapes; inputs with open dimensions get sizes that suit the graph.
        inputs: `.npz` of the inputs, None draws them from `seed`.
        seed: of the random inputs.
        all_tensors: compare inner tensors too.
        save_outputs: `.npz` for the network's outputs.
        precision: `fp32`; `fp16` or `bf16`: rewritten as for a build.
        kept: layers and nodes that keep float32 in half precision.
        tolerance: when outputs count as equal; None takes what is usual in the precision.

    Raises:
        NotConvertible: the graph does not lower to a network.
        UsageError: nothing is called as one of `kept`.
    """
    original = tensorflow_form(original)
    network, lowering = _lowered(graph, outputs, shapes)
    if precision in HALVES:
        network = with_precision(network, HALVES[precision], kept)
    limits = tolerance or tolerance_of(precision)
    sizes = network_shapes(network, original)
    if inputs is None and lowering.tried:
        # Random inputs need sizes: some at which the graph is known to work.
        sizes |= {name: dims for name, dims in lowering.tried[-1].items() if name in original}
    directory.mkdir(parents=True, exist_ok=True)
    graph_file, network_file = directory / "original.pb", directory / "graph.network"
    save_graphdef(original, graph_file)
    save_network(network, network_file)
    return VerifySpec(
        original=graph_file,
        network=network_file,
        inputs=inputs,
        seed=seed,
        shapes=sizes,
        all_tensors=all_tensors,
        save_outputs=save_outputs,
        max_rel=limits.max_rel,
        min_cosine=limits.min_cosine,
    )


def network_shapes(network: Network, graph: Graph) -> dict[str, tuple[int, ...]]:
    """Return the network's input shapes for those placeholders the graph has too."""
    return {
        tensor.name: tensor.shape
        for tensor in network.inputs
        if tensor.name in graph and all(dim >= 0 for dim in tensor.shape)
    }


def prepare_build(
    graph: Graph,
    directory: Path,
    spec: BuildSpec,
    *,
    outputs: Outputs = None,
    shapes: Shapes = None,
) -> BuildSpec:
    """Write what `spec.route` builds from into `directory` and return `spec` reading it.

    That is our network, or a file for one of NVIDIA's parsers: `.uff`, where TensorRT still has
    that one, or `.onnx`, whose weights are in the precision asked for. A batch for which a profile
    gives a range stays open.

    Raises:
        NotConvertible: the graph does not lower to a network, or UFF has no form for it.
        UsageError: ONNX has no form for the precision.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if spec.route == "uff":
        return replace(spec, network=export(graph, directory / "graph.uff", outputs=outputs).path)
    shapes = {**(shapes or {}), **_profile_shapes(spec.profiles)}
    network = network_of(graph, outputs=outputs, shapes=shapes)
    if spec.route == "onnx":
        onnx_file = directory / "graph.onnx"
        save_onnx(_in_precision(network, spec), onnx_file)
        return replace(spec, network=onnx_file)
    network_file = directory / "graph.network"
    save_network(network, network_file)
    return replace(spec, network=network_file)


def _in_precision(network: Network, spec: BuildSpec) -> Network:
    """Return the network in the precision that a parser, which keeps a file's, is to build in."""
    if spec.precision == "int8":
        raise UsageError(
            "A graph is not rounded to eight bits on its way to ONNX.",
            where="precision",
            hint="Choose the direct route, or export the .network of surgeon quantize as ONNX.",
        )
    half = HALVES.get(spec.precision)
    if half is None:
        return network
    return with_precision(network, half, spec.kept, half_ends=spec.half_ends)


def _profile_shapes(profiles: Sequence[Sequence[ShapeRange]]) -> dict[str, Shape]:
    """Return the shapes the profiles allow, with -1 where they give a range."""
    corners: dict[str, list[tuple[int, ...]]] = {}
    for item in (item for ranges in profiles for item in ranges):
        known = corners.setdefault(item.input, [])
        known.extend((item.minimum, item.optimum, item.maximum))
        if len({len(shape) for shape in known}) != 1:
            raise UsageError("The shapes of a profile have different ranks.", where=item.input)
    return {
        name: Shape(
            tuple(dims[0] if len(set(dims)) == 1 else -1 for dims in zip(*shapes, strict=True))
        )
        for name, shapes in corners.items()
    }
