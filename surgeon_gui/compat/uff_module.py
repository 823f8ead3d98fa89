"""What `import uff` offers: NVIDIA's converter from TensorFlow, 0.6.9, on our own writer."""

from __future__ import annotations

import os
from collections.abc import Iterable, MutableSequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from surgeon_gui.compat.graphsurgeon import extras
from surgeon_gui.compat.graphsurgeon.dynamic_graph import DynamicGraph
from surgeon_gui.compat.graphsurgeon.messages import GraphDef, NodeDef
from surgeon_gui.compat.preprocess import graph_from_dynamic, preprocess
from surgeon_gui.errors import OpenError, SurgeonError, UsageError
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.values import DType
from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.uff.convert import InputSpec
from surgeon_gui.uff.file import UffFile, save_uff, save_uff_text
from surgeon_gui.uff.writer import UffExport, uff_from_graph

__version__ = "0.6.9"
__all__ = ["UffException", "from_tensorflow", "from_tensorflow_frozen_model"]

UffException = SurgeonError
"""What a failed conversion raises."""

TESTED_TENSORFLOW = "1.15.0"
"""The TensorFlow NVIDIA's converter 0.6.9 was tested with."""


@dataclass(frozen=True)
class Converted:
    """What came of a conversion.

    Attributes:
        inputs: the NodeDefs that became inputs.
        outputs: the NodeDefs of the outputs.
    """

    export: UffExport
    inputs: list[NodeDef]
    outputs: list[NodeDef]


def from_tensorflow_frozen_model(
    frozen_file: str | os.PathLike[str],
    output_nodes: MutableSequence[str] | None = None,
    preprocessor: str | os.PathLike[str] | None = None,
    **kwargs: Any,
) -> Any:
    """Convert a binary GraphDef file; see `from_tensorflow`.

    Raises:
        OpenError: the file cannot be read, or is no GraphDef.
    """
    return from_tensorflow(read_graphdef(frozen_file), output_nodes, preprocessor, **kwargs)


def read_graphdef(path: str | os.PathLike[str]) -> pb.GraphDef:
    """Return the message in a binary GraphDef file.

    Raises:
        OpenError: the file cannot be read, or is no GraphDef.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise OpenError(f"The file cannot be read: {error.strerror}.", where=str(path)) from error
    try:
        # Tells damaged and foreign files apart, which protobuf does not.
        graph_from_graphdef(data)
    except OpenError as error:
        raise type(error)(error.message, where=error.where or str(path), hint=error.hint) from error
    return pb.GraphDef.FromString(data)


def from_tensorflow(
    graphdef: GraphDef,
    output_nodes: MutableSequence[str] | None = None,
    preprocessor: str | os.PathLike[str] | None = None,
    *,
    return_graph_info: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a GraphDef as a serialized UFF file.

    Args:
        graphdef: TensorFlow's or ours; changed in place.
        output_nodes: see `convert`.
        preprocessor: see `convert`.
        return_graph_info: return a tuple of the file, the input and the output NodeDefs.
        **kwargs: see `convert`; with `list_nodes`, None is returned.

    Raises:
        SurgeonError: the graph cannot be converted, or an argument is wrong.
    """
    converted = convert(graphdef, output_nodes, preprocessor, **kwargs)
    if converted is None:
        return None
    data = converted.export.file.to_bytes()
    return (data, converted.inputs, converted.outputs) if return_graph_info else data


def convert(
    graphdef: GraphDef,
    output_nodes: MutableSequence[str] | None = None,
    preprocessor: str | os.PathLike[str] | None = None,
    *,
    quiet: bool = False,
    input_node: Iterable[str] = (),
    text: bool = False,
    list_nodes: bool = False,
    output_filename: str | os.PathLike[str] | None = None,
    write_preprocessed: bool = False,
    debug_mode: bool = False,
    repair: bool = False,
    **_: object,
) -> Converted | None:
    """Convert a GraphDef, and write the file if told where.

    Args:
        graphdef: TensorFlow's or ours; changed in place.
        output_nodes: names, or numbers of nodes (from 1, negative from the end), which are replaced
            by the names; empty: all nodes with an input that nobody reads.
        preprocessor: a script with a function `preprocess(dynamic_graph)`.
        quiet: print warnings only.
        input_node: `name,new_name,dtype,d1,d2,…` for each node to become an input.
        text: also write the text form beside `output_filename`.
        list_nodes: print the nodes and return None.
        output_filename: where to write the file.
        write_preprocessed: also write the GraphDef as it was converted, and for TensorBoard.
        debug_mode: print every node written.
        repair: repair what NVIDIA's converter gets wrong, and print what was repaired.

    Raises:
        SurgeonError: the graph cannot be converted, or an argument is wrong.
    """
    say = _silent if quiet else print
    say(f"Graph Surgeon writes UFF as uff {__version__} does, ", end="")
    say(f"which was tested with TensorFlow {TESTED_TENSORFLOW}.")
    dynamic = _prepared(graphdef, preprocessor)
    if write_preprocessed and output_filename is not None:
        _write_preprocessed(dynamic, Path(output_filename), say)
    names = output_nodes if output_nodes is not None else []
    if not names:
        names.extend(node.name for node in dynamic.graph_outputs)
        say(f"No output nodes given; found {_list(names)}.")
    if list_nodes:
        for number, node in enumerate(dynamic, 1):
            print(f'{number} {node.op}: "{node.name}"')
        return None
    names[:] = [_node_name(dynamic, name) for name in names]
    inputs = dict(_input_spec(dynamic, item) for item in input_node)
    if not inputs:
        say(f"Inputs: {_list(node.name for node in dynamic.graph_inputs)}.")
    for name in names:
        say(f"Output: {name}")
    graph, duplicates = graph_from_dynamic(dynamic)
    for name in duplicates:
        print(f"Warning: several nodes are named {name}; the last one is used.")
    say("Converting to UFF")
    export = uff_from_graph(graph, names, strict=not repair, inputs=inputs)
    _report(export, say, debug_mode=debug_mode)
    if output_filename is not None:
        _write(export.file, Path(output_filename), say, text=text)
    return Converted(export, _inputs(dynamic, inputs), [dynamic[name] for name in names])


def _silent(*_: object, **__: object) -> None:
    """Print nothing."""


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _prepared(graphdef: GraphDef, preprocessor: str | os.PathLike[str] | None) -> DynamicGraph:
    dynamic = DynamicGraph(graphdef)
    dynamic.remove(dynamic.find_nodes_by_op("Assert"), remove_exclusive_dependencies=True)
    if preprocessor is not None:
        dynamic = preprocess(dynamic, preprocessor)
    extras.process_dilated_conv(dynamic)
    extras.process_softmax(dynamic)
    return dynamic


def _write_preprocessed(dynamic: DynamicGraph, target: Path, say: Any) -> None:
    folder = target.with_name(f"{target.stem}_preprocessed")
    path = folder.with_name(f"{folder.name}.pb")
    dynamic.write(path)
    dynamic.write_tensorboard(folder)
    say(f"Preprocessed graph written to {path} and, for TensorBoard, {folder}")


def _node_name(dynamic: DynamicGraph, name: str) -> str:
    """Return the name of a node given by name or by number."""
    try:
        number = int(name)
    except ValueError:
        return name
    if number == 0 or abs(number) > len(dynamic):
        raise UsageError(
            f"There is no node number {number}.",
            hint=f"Numbers go from 1 to {len(dynamic)}, or from -1 back.",
        )
    return dynamic[number - 1 if number > 0 else number].name


def _input_spec(dynamic: DynamicGraph, item: str) -> tuple[str, InputSpec]:
    parts = item.split(",", 3)
    try:
        name, new_name, dtype, dims = parts
        shape = tuple(int(dim) for dim in dims.split(","))
        spec = InputSpec(DType.from_numpy(np.dtype(dtype)), shape, new_name or None)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{item!r} is no input.", hint="Write name,new_name,dtype,dim,dim …: x,,float32,1,3,8,8"
        ) from error
    return _node_name(dynamic, name), spec


def _report(export: UffExport, say: Any, *, debug_mode: bool) -> None:
    for name, op in export.custom.items():
        print(f"Warning: UFF has no operation for {op}.")
        print(f"Converting {name} as custom op {op}")
    for warning in export.warnings:
        print(f"Warning: {warning}")
    for node in export.nodes:
        if node.operation == "Flatten":
            print(f"Note: reshape {node.id} is written as a flatten.")
        if debug_mode:
            print(f"{node.id} = {node.operation}({', '.join(node.inputs)})")
    for repair in export.repairs:
        print(f"Repaired: {repair}")
    say(f"Number of nodes: {len(export.nodes)}")


def _write(file: UffFile, path: Path, say: Any, *, text: bool) -> None:
    save_uff(file, path)
    say(f"UFF file written to {path}")
    if text:
        target = path.with_suffix(".pbtxt")
        save_uff_text(file, target)
        say(f"UFF text file written to {target}")


def _inputs(dynamic: DynamicGraph, inputs: dict[str, InputSpec]) -> list[NodeDef]:
    if inputs:
        return [dynamic[name] for name in inputs]
    return [node for node in dynamic.graph_inputs if node.op == "Placeholder"]
