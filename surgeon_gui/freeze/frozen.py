"""What every way of freezing ends in: a graph without variables, cut down to its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surgeon_gui.errors import NotFrozen
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.ops import is_variable
from surgeon_gui.graph.query import reachable, resolve_output

_TABLES = ("HashTable", "LookupTable", "MutableDenseHashTable")


@dataclass(frozen=True)
class Frozen:
    """A frozen graph and where it came from.

    Args:
        graph: with its outputs set.
        source: what the source was, in words: `SavedModel`, `Keras model`, `checkpoint`.
        nodes_before: nodes of the graph before it was cut down to its outputs.
        signature: the signature taken, None where the source has none.
        signatures: all the source has.
    """

    graph: Graph
    source: str
    nodes_before: int
    signature: str | None = None
    signatures: tuple[str, ...] = ()


def frozen_graph(
    graphdef: bytes,
    inputs: Sequence[str],
    outputs: Sequence[tuple[str, str]],
    chosen: Sequence[str] = (),
) -> Graph:
    """Return the graph, cut down to what its outputs need, which get the names users know.

    Args:
        graphdef: serialized, without variables.
        inputs: tensor names that stay even when no output reads them.
        outputs: the source's own name of each output, and its tensor in the graph.
        chosen: outputs the user wants instead.

    Raises:
        NotFrozen: a variable or a table is left that an output needs.
        UnknownNode: a chosen output is not in the graph.
    """
    graph = graph_from_graphdef(graphdef)
    if chosen:
        refs = tuple(resolve_output(graph, name) for name in chosen)
    else:
        graph, refs = _named_outputs(graph, outputs)
    kept = reachable(graph, [ref.node for ref in refs])
    kept |= {TensorRef.parse(name).node for name in inputs} & {node.name for node in graph}
    draft = Draft(graph)
    for node in graph:
        if node.name not in kept:
            draft.remove(node.name)
    draft.set_outputs(refs)
    result = draft.commit()
    _refuse_leftovers(result)
    return result


def _named_outputs(
    graph: Graph, outputs: Sequence[tuple[str, str]]
) -> tuple[Graph, tuple[TensorRef, ...]]:
    """Rename the identities a function returns by (`Identity_1`) after the outputs they are."""
    draft = Draft(graph)
    refs: list[TensorRef] = []
    for wanted, tensor in outputs:
        ref = TensorRef.parse(tensor)
        node = graph[ref.node]
        nameless = node.op == "Identity" and node.name.partition("_")[0] == "Identity"
        if nameless and wanted not in draft and not graph.consumers(node.name):
            draft.rename({node.name: wanted})
            ref = TensorRef(wanted)
        refs.append(ref)
    return draft.commit(), tuple(refs)


def _refuse_leftovers(graph: Graph) -> None:
    for node in graph:
        if is_variable(node.op):
            raise NotFrozen(
                f"This variable ({node.op}) could not be frozen.",
                where=node.name,
                hint="Choose outputs that do not need it.",
            )
        if node.op.startswith(_TABLES):
            raise NotFrozen(
                "This table keeps its entries outside the graph, so they cannot be frozen.",
                where=node.name,
                hint="Choose outputs before the table, or look the words up before the graph.",
            )
