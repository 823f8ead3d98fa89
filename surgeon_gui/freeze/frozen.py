"""What every way of freezing ends in: a graph without variables, cut down to its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surgeon_gui.edits.wiring import CutInput
from surgeon_gui.errors import NotFrozen
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_variable
from surgeon_gui.graph.query import reachable, resolve_output

FED = ("Placeholder", "PlaceholderV2")
"""Ops that are inputs as they are."""
_TABLES = ("HashTable", "LookupTable", "MutableDenseHashTable", "MutableHashTable")
_ITERATORS = ("Iterator", "OneShotIterator", "MultiDeviceIterator")


@dataclass(frozen=True)
class Frozen:
    """A frozen graph and where it came from.

    Args:
        graph: with its outputs set.
        source: what the source was, in words: `SavedModel`, `Keras model`, `checkpoint`.
        nodes_before: nodes of the graph before it was cut down to its outputs.
        whole: the frozen graph before it was cut down to what the user chose.
        own: the source's own outputs in `whole`; None for one that cannot be frozen.
        signature: the signature taken, None where the source has none.
        signatures: all the source has.
    """

    graph: Graph
    source: str
    nodes_before: int
    whole: Graph
    own: tuple[TensorRef | None, ...]
    signature: str | None = None
    signatures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What the user wants of a source instead of all it has.

    Args:
        outputs: tensors to keep, or names of the source's outputs; none keeps all of these.
        inputs: tensors to feed, or names of the source's inputs; what computes them goes.
    """

    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


def frozen_graph(
    graphdef: bytes,
    inputs: Sequence[str],
    outputs: Sequence[tuple[str, str]],
    choice: Choice,
    *,
    source: str,
    nodes_before: int,
) -> Frozen:
    """Return the graph, cut down to what its outputs need, which get the names users know.

    Args:
        graphdef: serialized, without variables.
        inputs: tensor names that stay even when no output reads them.
        outputs: the source's own name of each output, and its tensor in the graph.
        choice: what the user wants instead.
        source: what it was, in words.
        nodes_before: nodes of what was frozen.

    Raises:
        NotFrozen: a variable, a table or an iterator is left that an output needs.
        UnknownNode: a chosen tensor is not in the graph.
        EditError: a chosen input cannot be one.
    """
    whole, own = _named_outputs(graph_from_graphdef(graphdef), outputs)
    known = {name: ref for (name, _), ref in zip(outputs, own, strict=True)}
    refs = tuple(known.get(name) or resolve_output(whole, name) for name in choice.outputs) or own
    graph = whole.with_outputs(refs)
    for name in choice.inputs:
        if graph[resolve_output(graph, name).node].op not in FED:
            graph = CutInput(name).apply(graph)
    kept = reachable(graph, [ref.node for ref in refs])
    if not choice.inputs:
        kept |= {TensorRef.parse(name).node for name in inputs} & {node.name for node in graph}
    draft = Draft(graph)
    for node in graph:
        if node.name not in kept:
            draft.remove(node.name)
    result = draft.commit()
    for node in sorted(result, key=lambda node: node.op != "IteratorGetNext"):
        _refuse(node)
    clear = tuple(ref if _is_frozen(whole, ref) else None for ref in own)
    return Frozen(result, source, nodes_before, whole, clear)


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


def _is_frozen(graph: Graph, ref: TensorRef) -> bool:
    return not any(_is_leftover(graph[name]) for name in reachable(graph, [ref.node]))


def _is_leftover(node: Node) -> bool:
    return is_variable(node.op) or node.op.startswith((*_TABLES, *_ITERATORS))


def _refuse(node: Node) -> None:
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
            hint="Choose outputs before the table, or feed what it looks up as an input.",
        )
    if node.op.startswith(_ITERATORS):
        raise NotFrozen(
            "This iterator reads a data set while the graph runs, which no frozen graph can.",
            where=node.name,
            hint=f"Feed what it gives as an input instead: {node.name}.",
        )
