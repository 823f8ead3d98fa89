"""Freezing TensorFlow 1 checkpoints: a graph with variables, and their values beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from surgeon_gui.errors import NotFrozen, OpenError, UsageError
from surgeon_gui.freeze.frozen import FED, Choice, Frozen, frozen_graph
from surgeon_gui.freeze.sample import Sampler, tensor_type
from surgeon_gui.freeze.trouble import first_line, missing_shards, unknown_op
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs, namespace_of, reachable, resolve_output
from surgeon_gui.graph.values import Array
from surgeon_gui.reference.tensorflow_import import import_tensorflow

_PART = re.compile(r"\.(meta|index|data-\d+-of-\d+)$")
_TRAINS = re.compile(r"^(Resource)?(Sparse)?Apply[A-Z]")
_SAVER_OPS = frozenset({"SaveV2", "Save", "RestoreV2", "Restore", "RestoreSlice"})
_LIKELY_OUTPUTS = frozenset({"Softmax", "Sigmoid", "LogSoftmax", "ArgMax", "BiasAdd", "Tanh"})
_VARIABLE_TENSORS = frozenset({"Variable", "VariableV2", "AutoReloadVariable", "ReadVariableOp"})


def freeze_checkpoint(
    path: Path,
    *,
    graph: Path | None = None,
    choice: Choice | None = None,
    sampler: Sampler | None = None,
) -> Frozen:
    """Return the graph of a checkpoint with the checkpoint's values as constants.

    Args:
        path: the folder, the prefix (`model.ckpt-7`) or any of its files.
        graph: the GraphDef, where there is no `.meta` file beside the checkpoint.
        choice: outputs are deduced by default, unless the graph is one for training.
        sampler: runs the source while its variables are loaded.

    Raises:
        OpenError: a file is missing or damaged, or an op is not known.
        NotFrozen: there is no graph to the values, or a variable without a value.
        UnknownNode: a chosen tensor is not in the graph.
        UsageError: which checkpoint or which outputs are meant is not clear.
    """
    choice = choice or Choice()
    tensorflow = import_tensorflow()
    v1 = tensorflow.compat.v1
    prefix = _prefix(path, tensorflow)
    meta = Path(f"{prefix}.meta")
    if graph is None and not meta.exists():
        raise NotFrozen(
            "These are a checkpoint's values without their graph: there is no .meta file.",
            where=str(path),
            hint="Name the graph's .pb as well, or save a SavedModel from the code that made it.",
        )
    if missing := missing_shards(Path(prefix)):
        raise OpenError(
            f"A part of this checkpoint is missing: {', '.join(missing)}.",
            where=prefix,
            hint="Copy it beside the other files; all of .index and .data-… belong together.",
        )
    with tensorflow.Graph().as_default() as loaded, v1.Session() as session:
        try:
            _restore(tensorflow, session, prefix, meta if graph is None else graph)
        except (tensorflow.errors.OpError, OSError, ValueError, KeyError, TypeError) as error:
            raise unknown_op(error, lambda: _nodes(meta if graph is None else graph)) or OpenError(
                f"The checkpoint cannot be restored: {first_line(error)}",
                where=prefix,
                hint="The graph and the values must come from the same training.",
            ) from error
        definition = loaded.as_graph_def()
        source = graph_from_graphdef(definition.SerializeToString())
        refs = tuple(resolve_output(source, name) for name in choice.outputs)
        refs = refs or _deduced(source, prefix)
        if sampler is not None:
            _sample(session, loaded, source, refs, choice.inputs, sampler)
        try:
            constants = v1.graph_util.convert_variables_to_constants(
                session, definition, list(dict.fromkeys(ref.node for ref in refs))
            )
        except (tensorflow.errors.OpError, ValueError) as error:
            raise NotFrozen(
                f"TensorFlow cannot freeze this graph: {first_line(error)}", where=prefix
            ) from error
    frozen = frozen_graph(
        constants.SerializeToString(),
        (),
        [(ref.node, str(ref)) for ref in refs],
        Choice(tuple(map(str, refs)), choice.inputs),
        source="checkpoint",
        nodes_before=len(definition.node),
    )
    # The sampler fed the inputs chosen and took the outputs chosen.
    return replace(frozen, whole=frozen.graph, own=refs)


def _sample(
    session: Any,
    loaded: Any,
    source: Graph,
    refs: Sequence[TensorRef],
    inputs: Sequence[str],
    sampler: Sampler,
) -> None:
    """Run the graph in its session, fed at its placeholders or at the inputs chosen."""
    cuts = [resolve_output(source, name) for name in inputs]
    chosen = {f"{ref.node}_input": ref for ref in cuts if source[ref.node].op not in FED}
    fed = {ref.node for ref in chosen.values()}
    needed = reachable(source, {ref.node for ref in refs} - fed)
    places = {name: TensorRef(name) for name in needed if source[name].op in FED}
    places |= chosen
    tensors = {
        name: loaded.get_tensor_by_name(f"{ref.node}:{ref.port}") for name, ref in places.items()
    }
    wanted = [loaded.get_tensor_by_name(f"{ref.node}:{ref.port}") for ref in refs]

    def compute(feeds: Mapping[str, Array]) -> Sequence[Array]:
        given = {tensors[name]: array for name, array in feeds.items()}
        return [np.asarray(array) for array in session.run(wanted, given)]

    sampler.take({name: tensor_type(tensor) for name, tensor in tensors.items()}, compute)


def _nodes(graph: Path) -> Sequence[Any]:
    """Return the NodeDefs of a `.meta` file or a GraphDef."""
    if graph.suffix != ".meta":
        return list(open_graph(graph))
    from tensorflow.core.protobuf import meta_graph_pb2

    return list(meta_graph_pb2.MetaGraphDef.FromString(graph.read_bytes()).graph_def.node)


def _prefix(path: Path, tensorflow: Any) -> str:
    if path.is_dir():
        latest = tensorflow.train.latest_checkpoint(str(path))
        found = [_PART.sub("", str(index)) for index in sorted(path.glob("*.index"))]
        if latest is None and len(found) != 1:
            raise OpenError(
                "Which checkpoint of this folder is meant is not clear."
                if found
                else "There is no checkpoint in this folder.",
                where=str(path),
                hint=f"Name one of {', '.join(found)}." if found else "Choose another folder.",
            )
        return str(latest or found[0])
    prefix = _PART.sub("", str(path))
    if not Path(f"{prefix}.index").exists():
        raise OpenError(
            "There is no .index file to this checkpoint.",
            where=prefix,
            hint="All its files (.index and every .data-…) must lie beside each other.",
        )
    return prefix


def _restore(tensorflow: Any, session: Any, prefix: str, graph: Path) -> None:
    """Load a `.meta` file or a GraphDef into the session, and the values into its variables."""
    v1 = tensorflow.compat.v1
    if graph.suffix == ".meta":
        v1.train.import_meta_graph(str(graph), clear_devices=True).restore(session, prefix)
        return
    opened = open_graph(graph)
    definition = v1.GraphDef.FromString(graphdef_from_graph(opened))
    for node in definition.node:
        node.device = ""
    tensorflow.import_graph_def(definition, name="")
    own = [node for node in opened if node.op == "NoOp" and node.name.endswith("/restore_all")]
    readers = [node for node in opened if node.op == "RestoreV2"]
    if own and readers:
        # The graph's own saver knows about partitioned variables.
        session.run(own[0].name, {f"{readers[0].inputs[0].node}:0": prefix})
    else:
        v1.train.Saver(var_list=_variables(tensorflow, prefix)).restore(session, prefix)


def _variables(tensorflow: Any, prefix: str) -> dict[str, Any]:
    """Return the graph's tensors that read what the checkpoint has values for."""
    current = tensorflow.compat.v1.get_default_graph()
    found = {}
    for name in tensorflow.train.load_checkpoint(prefix).get_variable_to_shape_map():
        for tensor in (f"{name}/Read/ReadVariableOp:0", f"{name}:0"):
            try:
                candidate = current.get_tensor_by_name(tensor)
            except (KeyError, ValueError):
                continue
            if candidate.op.type in _VARIABLE_TENSORS:
                found[name] = candidate
                break
    return found


def _deduced(graph: Graph, where: str) -> tuple[TensorRef, ...]:
    """Return the outputs of a graph made for inference.

    Raises:
        UsageError: it is one for training, where nobody can tell.
    """
    if not any(_TRAINS.search(node.op) for node in graph):
        savers = {namespace_of(node.name) for node in graph if node.op in _SAVER_OPS} - {""}
        found = deduce_outputs(graph)
        return tuple(ref for ref in found if namespace_of(ref.node) not in savers) or found
    likely = [
        node.name
        for node in graph
        if node.op in _LIKELY_OUTPUTS and not node.name.startswith("gradients/")
    ]
    raise UsageError(
        "This graph is for training, so its outputs have to be named.",
        where=where,
        hint=f"Perhaps {' or '.join(likely[-3:])}." if likely else "Name the model's result.",
    )
