"""A graph to UFF, node for node in the order NVIDIA's converter writes them.

`strict` gives a file equal to that converter's (0.6.9), its faults included, except that constants
are decoded correctly however a GraphDef stores them. Without it the faults are repaired and each
repair is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from surgeon_gui.errors import ConvertError, DuplicateName, NotConvertible, Unsupported
from surgeon_gui.graph.model import Graph, TensorRef, unknown_node
from surgeon_gui.graph.query import deduce_outputs, resolve_output
from surgeon_gui.graph.shapes import Types
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff import fields
from surgeon_gui.uff.convert import CONVERTERS, REPAIRS, Conversion, InputSpec, is_native
from surgeon_gui.uff.descriptor import circle_in, faults, is_custom
from surgeon_gui.uff.file import UffFile
from surgeon_gui.uff.graph import is_uff_graph, uff_from_uff_graph
from surgeon_gui.uff.ops.custom import custom
from surgeon_gui.uff.passes import process_dilated_conv, process_softmax, remove_asserts
from surgeon_gui.uff.wiring import WiredNode, Wiring, clean_name

_SHOWN = 3


@dataclass(frozen=True)
class UffExport:
    """What became of a graph.

    Attributes:
        file: the UFF file; of no use while there are problems.
        repaired: deviations from NVIDIA's converter, with the nodes they concern.
        warnings: what may not come out as meant.
        custom: nodes UFF has no operation for, written for a plugin to take, with their op.
        problems: nodes that cannot be written.
        inputs: ids of the Input nodes.
        outputs: the outputs as chosen or deduced, by node name.
    """

    file: UffFile
    repaired: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()
    custom: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Unsupported, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def meta(self) -> pb.MetaGraph:
        """The whole message; weights are copied into it."""
        return self.file.meta

    @property
    def nodes(self) -> tuple[pb.Node, ...]:
        return self.file.nodes

    @property
    def repairs(self) -> tuple[str, ...]:
        """One sentence per kind of repair, naming the first nodes it concerns."""
        return tuple(f"{what} ({_listed(nodes)})" for what, nodes in sorted(self.repaired.items()))


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def uff_from_graph(
    graph: Graph,
    outputs: Iterable[str] | None = None,
    *,
    strict: bool = False,
    inputs: Mapping[str, InputSpec] | None = None,
) -> UffExport:
    """Return a graph as UFF.

    Args:
        graph: frozen; or a shown UFF file, which is written as it is.
        outputs: node names (`name:0` too, unless strict); default: the graph's own, else deduced.
        strict: be equal to NVIDIA's converter.
        inputs: what takes the place of nodes as inputs of the UFF graph.

    Raises:
        Unsupported: one node cannot be written.
        NotConvertible: several cannot.
        UnknownNode: an output does not exist.
    """
    export = inspect_uff(graph, outputs, strict=strict, inputs=inputs)
    if len(export.problems) == 1:
        raise export.problems[0]
    if export.problems:
        raise NotConvertible(export.problems)
    return export


def inspect_uff(
    graph: Graph,
    outputs: Iterable[str] | None = None,
    *,
    strict: bool = False,
    inputs: Mapping[str, InputSpec] | None = None,
    types: Types | None = None,
) -> UffExport:
    """Do what `uff_from_graph` does, but collect the nodes that cannot be written.

    Args:
        graph: frozen, or a shown UFF file.
        outputs: node names; default: the graph's own, else deduced.
        strict: be equal to NVIDIA's converter.
        inputs: what takes the place of nodes as inputs of the UFF graph.
        types: what `infer_types` says of the graph, where it was asked before.

    Raises:
        UnknownNode: an output does not exist.
        ConvertError: there are no outputs.
    """
    if is_uff_graph(graph):
        return _rewritten(graph, outputs)
    wiring = Wiring(map(WiredNode.of, graph.nodes))
    remove_asserts(wiring)
    process_dilated_conv(wiring, depthwise=not strict)
    process_softmax(wiring)
    return write_prepared(graph, wiring, outputs, strict=strict, inputs=inputs, types=types)


def _rewritten(graph: Graph, outputs: Iterable[str] | None) -> UffExport:
    """Write a shown UFF file again: there is nothing to convert or repair."""
    if outputs is not None and (names := list(outputs)):
        graph = graph.with_outputs(resolve_output(graph, name) for name in names)
    file = uff_from_uff_graph(graph)
    found = [Unsupported(fault.node, fault.message, "Correct this node.") for fault in faults(file)]
    customs = {node.id: node.operation[1:] for node in file.nodes if is_custom(node.operation)}
    if customs and not any(item.id == "custom" for item in file.shell.descriptors):
        file.shell.descriptors.add(id="custom", version=1)
    return UffExport(
        file,
        custom=MappingProxyType(customs),
        problems=tuple(found),
        inputs=tuple(node.id for node in file.nodes if node.operation == "Input"),
        outputs=tuple(ref.node for ref in graph.outputs or ()),
    )


def write_prepared(
    graph: Graph,
    wiring: Wiring[WiredNode],
    outputs: Iterable[str] | None,
    *,
    strict: bool,
    inputs: Mapping[str, InputSpec] | None = None,
    types: Types | None = None,
) -> UffExport:
    """Write nodes the passes have been run on; see `inspect_uff`."""
    for name, spec in (inputs or {}).items():
        if name not in wiring.node_map:
            raise unknown_node(name, wiring.node_map)
        if spec.name is not None and spec.name != name and spec.name in wiring.node_map:
            raise DuplicateName("This name is taken; inputs need names of their own.", where=name)
    conversion = Conversion(graph, wiring, inputs or {}, strict=strict, types=types)
    names = _outputs(graph, wiring, outputs, conversion)
    _walk(conversion, names)
    _mark_outputs(conversion, names)
    file = _file(conversion)
    if not conversion.problems:
        conversion.problems += [
            Unsupported(fault.node, fault.message, "Change this node or export with repairs.")
            for fault in faults(file)
        ]
    if not strict and (looped := circle_in(file)) is not None:
        conversion.problems.append(
            Unsupported(
                looped,
                "It is part of a loop, which UFF has no form for.",
                "Unroll the loop, or collapse its namespace into a plugin.",
            )
        )
    return UffExport(
        file,
        MappingProxyType({what: tuple(nodes) for what, nodes in conversion.repairs.items()}),
        tuple(conversion.warnings),
        MappingProxyType(conversion.custom),
        tuple(conversion.problems),
        tuple(node.id for node in file.nodes if node.operation == "Input"),
        tuple(names),
    )


def custom_nodes(graph: Graph, outputs: Iterable[str] | None = None) -> Mapping[str, str]:
    """Return the nodes that would need a plugin when read as UFF, with their op.

    Only nodes the outputs depend on count.
    """
    return inspect_uff(graph, outputs).custom


def _outputs(
    graph: Graph,
    wiring: Wiring[WiredNode],
    outputs: Iterable[str] | None,
    conversion: Conversion,
) -> list[str]:
    if outputs is not None and (given := list(outputs)):
        names = given
    elif graph.outputs is not None:
        names = [str(ref) for ref in graph.outputs]
    elif conversion.strict:
        names = [node.name for node in wiring.outputs]
    else:
        names = [str(ref) for ref in deduce_outputs(graph)]
    if not names:
        raise ConvertError(
            "The graph has no outputs: every node is read by another.",
            hint="Name the outputs.",
        )
    return [_output(graph, wiring, name, conversion) for name in names]


def _output(graph: Graph, wiring: Wiring[WiredNode], name: str, conversion: Conversion) -> str:
    if name in wiring.node_map:
        return name
    ref = TensorRef.parse(name)
    if not conversion.strict and ref.node in wiring.node_map:
        node = wiring.node_map[ref.node]
        if ref.port and is_native(node.op, strict=False):
            raise Unsupported(
                ref.node,
                f"Output {ref.port} of a {node.op} does not exist in UFF.",
                "Choose its first output.",
            )
        if ref.port:
            conversion.warnings.append(f"{ref.node}: UFF keeps no output number {ref.port}.")
        return ref.node
    if not conversion.strict and ref.node in graph:
        kept = ref.node
        while kept not in wiring.node_map and graph[kept].inputs:
            kept = graph[kept].inputs[0].node
        if kept in wiring.node_map:
            conversion.warnings.append(f"{ref.node}: this output is folded into {kept}.")
            return kept
    raise unknown_node(name, wiring.node_map)


def _walk(conversion: Conversion, outputs: Iterable[str]) -> None:
    seen: set[str] = set()
    stack = list(outputs)
    while stack:
        name = stack.pop()
        if conversion.id_of(name) in conversion.made or name in seen:
            continue
        seen.add(name)
        try:
            stack += _convert(conversion, name)
        except (Unsupported, ValueError, IndexError) as error:
            conversion.problems.append(_problem(conversion.sources[name], error))
            producers = map(clean_name, conversion.sources[name].input)
            stack += [producer for producer in producers if producer in conversion.sources]


def _problem(node: WiredNode, error: Exception) -> Unsupported:
    """Return what is wrong with a node, also where its own parts do not fit together."""
    if isinstance(error, Unsupported):
        return error
    return Unsupported(
        node.name,
        f"The inputs and attributes of this {node.op} do not fit together: {error}.",
        "Correct the node, or remove it.",
    )


def _convert(conversion: Conversion, name: str) -> Iterable[str]:
    spec = conversion.replaced.get(name)
    if spec is not None:
        if spec.name is not None and spec.name != name and not conversion.strict:
            conversion.repaired("consumers of a renamed input are renamed with it", name)
        conversion.add(
            spec.name or name,
            "Input",
            dtype=fields.dtype(spec.dtype),
            shape=fields.integers(spec.shape),
        )
        return ()
    node = conversion.sources[name]
    value = conversion.fold(name)
    if value is not None:
        conversion.add_constant(name, value.array, value.dtype)
        return ()
    inputs = conversion.inputs_of(node)
    convert = CONVERTERS.get(node.op)
    if not conversion.strict:
        convert = REPAIRS.get(node.op, convert)
    if convert is None:
        known = None if conversion.strict else conversion.inferred(node)
        if known is None:
            return custom(conversion, node, inputs)
        conversion.add_constant(name, known.array, known.dtype)
        return ()
    return convert(conversion, node, inputs)


def _mark_outputs(conversion: Conversion, outputs: Iterable[str]) -> None:
    for number, name in enumerate(outputs):
        identity = f"MarkOutput_{number}"
        while identity in conversion.made:
            number += 1
            identity = f"MarkOutput_{number}"
        conversion.add(identity, "MarkOutput", [name])


def _file(conversion: Conversion) -> UffFile:
    shell = pb.MetaGraph(version=1, descriptor_core_version=1)
    shell.descriptors.add(id="tensorflow_extension", version=1)
    if conversion.custom:
        shell.descriptors.add(id="custom", version=1)
    main = shell.graphs.add(id="main")
    main.nodes.extend(conversion.made.values())
    for key, data in conversion.shared.items():
        shell.referenced_data[key].CopyFrom(data)
    return UffFile(shell, MappingProxyType(conversion.blobs))
