"""TensorFlow's own graph optimiser (Grappler), a pass at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from surgeon_gui.errors import ConvertError
from surgeon_gui.freeze.trouble import UNKNOWN_OP, first_line
from surgeon_gui.graph.graphdef import graph_from_graphdef, graphdef_from_graph
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_inputs, deduce_outputs
from surgeon_gui.reference.tensorflow_import import import_tensorflow

PASSES = ("function", "pruning", "constfold", "arithmetic", "dependency")
"""Measured on ResNet50 (2.21): 1831 nodes become 289, batch norms folded.

`remap` and `layout` stay out: they make ops no exporter knows (`_FusedConv2D`)."""


@dataclass(frozen=True)
class PassReport:
    """What one pass did to the number of nodes."""

    name: str
    nodes_before: int
    nodes_after: int


def optimise(
    graph: Graph,
    passes: Sequence[str] = PASSES,
    on_pass: Callable[[str, int], None] | None = None,
) -> tuple[Graph, tuple[PassReport, ...]]:
    """Return the optimised graph, inputs and outputs kept by name, and what each pass did.

    Args:
        graph: a frozen graph.
        passes: names of Grappler passes; unknown ones are refused (Grappler ignores them).
        on_pass: called with each pass and its place before it runs.

    Raises:
        ConvertError: a pass is unknown, or TensorFlow cannot take the graph; `where` is the node.
    """
    unknown = [name for name in passes if name not in PASSES]
    if unknown:
        raise ConvertError(f"There is no pass {unknown[0]}.", hint=f"Use {', '.join(PASSES)}.")
    tensorflow = import_tensorflow()
    outputs = graph.outputs or deduce_outputs(graph)
    kept = [node.name for node in deduce_inputs(graph)] + [ref.node for ref in outputs]
    message = tensorflow.compat.v1.GraphDef.FromString(graphdef_from_graph(graph))
    reports = []
    for place, name in enumerate(passes):
        if on_pass is not None:
            on_pass(name, place)
        before = len(message.node)
        try:
            message = _run(tensorflow, message, name, kept)
        except (tensorflow.errors.OpError, ValueError) as error:
            raise _trouble(error, graph) from error
        reports.append(PassReport(name, before, len(message.node)))
    result = graph_from_graphdef(message.SerializeToString())
    return result.with_outputs(graph.outputs), tuple(reports)


def _trouble(error: Exception, graph: Graph) -> ConvertError:
    found = UNKNOWN_OP.search(str(error))
    if found is None:
        return ConvertError(
            f"TensorFlow cannot optimise this graph: {first_line(error)}",
            hint="Our own passes need no TensorFlow.",
        )
    op = found[1]
    return ConvertError(
        f"TensorFlow does not know the op {op}, so it cannot optimise this graph.",
        where=next((node.name for node in graph if node.op == op), op),
        hint="Optimise before the surgery that put it in; our own passes need no TensorFlow.",
    )


def _run(tensorflow: Any, message: Any, name: str, kept: Sequence[str]) -> Any:
    from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
    from tensorflow.python.grappler import tf_optimizer

    scratch = tensorflow.Graph()
    with scratch.as_default():
        tensorflow.import_graph_def(message, name="")
    meta = tensorflow.compat.v1.train.export_meta_graph(graph_def=message, graph=scratch)
    meta.collection_def["train_op"].node_list.value.extend(dict.fromkeys(kept))
    config = config_pb2.ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1
    options.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    options.optimizers.append(name)
    return tf_optimizer.OptimizeGraph(config, meta)
