"""What rules look at: a graph (or a draft of one) with the questions matching asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from surgeon_gui.errors import GraphCycle, OpenError
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_identity_like
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Array, Shape, TensorType, TensorValue

LONGEST_LOOK = 1000
"""Identities in a row that are looked through; a damaged graph may hold a circle of them."""


class View(Protocol):
    """The part of Graph and Draft that matching needs."""

    def get(self, name: str) -> Node | None: ...

    def consumers(self, name: str) -> tuple[Node, ...]: ...


@dataclass(frozen=True)
class Match:
    """A place where a pattern fits.

    Attributes:
        root: name of the node the pattern's root fits.
        tensors: captured tensors, `root` among them.
        lists: captured lists of tensors.
        nodes: names of all matched nodes, the root first, then in pattern order.
        through: names of the identities between them that were looked through.
        spared: names of matched nodes that may have other consumers, as they stay or are constants.
    """

    root: str
    tensors: Mapping[str, TensorRef]
    lists: Mapping[str, tuple[TensorRef, ...]] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    spared: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """All nodes the match covers, each once."""
        return tuple(dict.fromkeys([*self.nodes, *self.through]))


@dataclass(frozen=True)
class Mismatch:
    """Why a pattern does not fit: the node that stands against it, and the reason."""

    node: str
    reason: str

    def __str__(self) -> str:
        return f"{self.node}: {self.reason}"


class Subject:
    """A graph under rules.

    Shapes and values are inferred at the first question and kept, as rules change neither for the
    tensors that stay.

    Args:
        view: the graph or draft.
        outputs: names of nodes that are outputs and must keep their names.
        snapshot: returns the graph to infer shapes on.
    """

    def __init__(self, view: View, outputs: frozenset[str], snapshot: Callable[[], Graph]) -> None:
        self.view = view
        self.outputs = outputs
        self._snapshot = snapshot
        self._types: Types | None = None

    @classmethod
    def of(cls, graph: Graph, types: Types | None = None) -> Subject:
        """Return a graph under rules; `types` is what is known of its tensors, if that is known."""
        made = cls(graph, output_names(graph), lambda: graph)
        made._types = types
        return made

    def forget(self) -> None:
        """Infer shapes and values anew at the next question."""
        self._types = None

    def get(self, name: str) -> Node | None:
        return self.view.get(name)

    def consumers(self, name: str) -> tuple[Node, ...]:
        return self.view.consumers(name)

    def producer(self, ref: TensorRef) -> Node | None:
        return self.view.get(ref.node)

    def source(self, ref: TensorRef) -> TensorRef:
        """Return the tensor `ref` is a copy of: without the identities in between."""
        seen = 0
        while ref.port == 0:
            node = self.view.get(ref.node)
            if node is None or not is_transparent(node) or seen > LONGEST_LOOK:
                break
            ref = node.inputs[0]
            seen += 1
        return ref

    def source_ops(self, name: str) -> frozenset[str]:
        """Operations a node's inputs come from, the identities in between and those behind them."""
        ops: set[str] = set()
        node = self.view.get(name)
        for ref in () if node is None else node.inputs:
            source = self.view.get(ref.node)
            if source is not None:
                ops.add(source.op)
                if ref.port == 0 and is_transparent(source):
                    ops.update(self._ops_behind(source))
        return frozenset(ops)

    def _ops_behind(self, node: Node) -> Iterator[str]:
        for _ in range(LONGEST_LOOK):
            ref = node.inputs[0]
            source = self.view.get(ref.node)
            if source is None:
                return
            yield source.op
            if ref.port or not is_transparent(source):
                return
            node = source

    def readers(self, name: str) -> tuple[Node, ...]:
        """Nodes that read a tensor of `name`, control edges aside."""
        return tuple(
            node
            for node in self.view.consumers(name)
            if any(ref.node == name for ref in node.inputs)
        )

    def is_output(self, name: str) -> bool:
        """Whether the node is an output: chosen, deduced, or read by nobody."""
        return name in self.outputs or not self.readers(name)

    def type(self, ref: TensorRef) -> TensorType:
        """Return dtype and shape of a tensor; unknown for one made since they were inferred."""
        return self._inferred().type(ref)

    def _inferred(self) -> Types:
        if self._types is None:
            graph = self._snapshot()
            try:
                self._types = infer_types(graph)
            except GraphCycle:
                self._types = Types(graph)
        return self._types

    def shape(self, ref: TensorRef) -> Shape:
        return self.type(ref).shape

    def value(self, ref: TensorRef) -> Array | None:
        """Return the elements of a tensor that is constant, directly or by inference."""
        node = self.producer(self.source(ref))
        if node is not None and node.is_const:
            value = node.attrs.get("value")
            try:
                return value.array if isinstance(value, TensorValue) else None
            except OpenError:
                return None
        return self._inferred().value(ref)


def is_transparent(node: Node) -> bool:
    """Whether a pattern may look through the node: it copies its input and waits for nothing."""
    return is_identity_like(node.op) and len(node.inputs) == 1 and not node.controls


def output_names(graph: Graph) -> frozenset[str]:
    """Names of the graph's outputs, chosen or deduced."""
    return frozenset(ref.node for ref in deduce_outputs(graph))
