"""Surgery in place on a list of nodes, the way graphsurgeon does it.

The converter's passes and the graphsurgeon-compatible API share this. A node is anything with a
name, an op and a mutable list of input strings (`x`, `x:1`, `^x`): a NodeDef message, or the
`WiredNode` the writer makes of a node of a `Graph`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, MutableSequence, Sequence, Set
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import AttrValue
from surgeon_gui.proto import graphdef_pb2 as pb


class NodeLike(Protocol):
    """What surgery needs of a node."""

    @property
    def name(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def input(self) -> MutableSequence[str]: ...


N = TypeVar("N", bound=NodeLike)


@dataclass(slots=True)
class WiredNode:
    """A node of a frozen graph whose inputs may be rewired."""

    name: str
    op: str
    input: list[str]
    node: Node

    @property
    def attrs(self) -> Mapping[str, AttrValue]:
        return self.node.attrs

    @classmethod
    def of(cls, node: Node) -> WiredNode:
        inputs = [str(ref) if ref.port else ref.node for ref in node.inputs]
        inputs += [f"^{name}" for name in node.controls]
        if node.inputs and node.controls and node.source is not None:
            # graphsurgeon may have left control inputs before others, where their place counts.
            inputs = list(pb.NodeDef.FromString(bytes(node.source)).input)
        return cls(node.name, node.op, inputs, node)


def clean_name(text: str) -> str:
    """Return the node an input string names: without `^`, up to the first colon."""
    return text.replace("^", "").partition(":")[0] if "^" in text or ":" in text else text


def last_component(name: str) -> str:
    return name.rpartition("/")[2]


def matches(text: str, patterns: str | Iterable[str]) -> bool:
    """Whether one pattern equals `text` or, as a regular expression, matches all of it.

    As in graphsurgeon the match is made at the start and must happen to span the text, so that
    `a|ab` does not match `ab`.
    """
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if pattern == text:
            return True
        found = re.match(pattern, text)
        if found is not None and found.group() == text:
            return True
    return False


def rewire(node: NodeLike, inputs: Iterable[str]) -> None:
    """Set all inputs of a node, touching it only where they change."""
    wanted = list(inputs)
    if wanted != list(node.input):
        del node.input[:]
        node.input.extend(wanted)


class Wiring(Generic[N]):
    """A list of nodes, and who consumes whom.

    Attributes:
        nodes: in file order.
        node_map: by name; of equal names the last.
        consumers: by name, the nodes that read it or wait for it, one entry per input; in node
            order as long as nothing was changed.
    """

    def __init__(self, nodes: Iterable[N]) -> None:
        self.nodes: list[N] = list(nodes)
        self.node_map: dict[str, N] = {node.name: node for node in self.nodes}
        self.consumers: defaultdict[str, list[N]] = defaultdict(list)
        for node in self.nodes:
            self.consumers[node.name]
            for text in node.input:
                self.consumers[clean_name(text)].append(node)

    @property
    def outputs(self) -> list[N]:
        """Nodes with an input and no consumer, in node order."""
        return [node for node in self.nodes if len(node.input) and not self.consumers[node.name]]

    def find_by_op(self, ops: str | Iterable[str]) -> list[N]:
        wanted = {ops} if isinstance(ops, str) else set(ops)
        return [node for node in self.nodes if node.op in wanted]

    def inputs_of(self, node: NodeLike) -> list[N]:
        """Return the producers of a node that exist, in input order, repeated as they are."""
        names = map(clean_name, node.input)
        return [self.node_map[name] for name in names if name in self.node_map]

    def inputs_named(self, node: NodeLike, patterns: str | Iterable[str]) -> list[N]:
        """Return the producers whose last path component matches."""
        wanted = [patterns] if isinstance(patterns, str) else list(patterns)
        return [
            self.node_map[clean_name(text)]
            for text in node.input
            if matches(last_component(text), wanted) and clean_name(text) in self.node_map
        ]

    def chains_by_op(self, ops: Sequence[str]) -> list[list[N]]:
        """Return the chains of nodes with these ops, each from its start to its end.

        Where several inputs of a node continue the chain, their parts stand one after the other.
        """

        def back(node: N, depth: int) -> list[N]:
            if depth == 0:
                return [node]
            parts: list[N] = []
            for producer in self.inputs_of(node):
                if producer.op == ops[depth - 1]:
                    parts += back(producer, depth - 1)
            return [*parts, node] if parts else []

        last = len(ops) - 1
        found = [back(node, last) for node in self.nodes if node.op == ops[last]]
        return [chain for chain in found if chain]

    def remove(self, names: Iterable[str], *, exclusive: bool = False) -> None:
        """Delete nodes, and the inputs that name them in those that stay.

        Args:
            names: which; those that do not exist are passed over.
            exclusive: also delete inputs that nobody else uses, and theirs, and so on.
        """
        gone = {name for name in names if name in self.node_map}
        pending = list(gone) if exclusive else []
        left = {name: len(readers) for name, readers in self.consumers.items()}
        while pending:
            for text in self.node_map[pending.pop()].input:
                producer = clean_name(text)
                if producer not in self.node_map:
                    continue
                left[producer] -= 1
                if left[producer] == 0 and producer not in gone:
                    gone.add(producer)
                    pending.append(producer)
        self._drop(gone)
        self._connect(
            (node, [text for text in node.input if clean_name(text) not in gone])
            for node in self._readers(gone)
        )

    def forward_inputs(self, names: Iterable[str]) -> None:
        """Delete nodes and put their inputs where their consumers named them.

        A node with a control input is left alone. Where a forwarded node has several inputs and
        some of these are forwarded themselves, what stands for those comes last.
        """
        wanted = {
            name: node
            for name in names
            if (node := self.node_map.get(name)) is not None
            and not any(text.startswith("^") for text in node.input)
        }
        instead = _expansions(wanted)
        self._drop(wanted.keys())
        self._connect(
            (node, [new for text in node.input for new in instead.get(_forwarded(text), [text])])
            for node in self._readers(map(clean_name, wanted))
        )

    def rewire(self, node: N, inputs: Iterable[str]) -> None:
        """Set all inputs of a node; one that was deleted is not counted as a reader for it."""
        if any(each is node for each in self.nodes):
            self._connect([(node, list(inputs))])
        else:
            rewire(node, inputs)

    def _connect(self, wanted: Iterable[tuple[N, list[str]]]) -> None:
        """Set all inputs of each node."""
        changes = list(wanted)
        self._disconnect([node for node, _ in changes])
        for node, inputs in changes:
            rewire(node, inputs)
            for text in inputs:
                self.consumers[clean_name(text)].append(node)

    def _disconnect(self, nodes: Sequence[N]) -> None:
        # By identity, as equal nodes may stand in a GraphDef.
        gone = set(map(id, nodes))
        for name in {clean_name(text) for node in nodes for text in node.input}:
            self.consumers[name] = [node for node in self.consumers[name] if id(node) not in gone]

    def _readers(self, names: Iterable[str]) -> list[N]:
        """Return the nodes that read one of the names or wait for it, each once."""
        return list({id(node): node for name in names for node in self.consumers[name]}.values())

    def _drop(self, names: Set[str]) -> None:
        self._disconnect([node for node in self.nodes if node.name in names])
        self.nodes = [node for node in self.nodes if node.name not in names]
        for name in names:
            del self.node_map[name]


def _forwarded(text: str) -> str:
    """Return the node whose first output, or whose end, an input string names."""
    return text.lstrip("^").removesuffix(":0")


def _expansions(wanted: Mapping[str, NodeLike]) -> dict[str, list[str]]:
    """Return what stands for each forwarded node; nothing for one that forwards itself."""
    done: dict[str, list[str]] = {}
    for root in wanted:
        path = [root]
        on_path = {root}
        while path:
            name = path[-1]
            sources = [_forwarded(text) for text in wanted[name].input]
            pending = [
                source
                for source in sources
                if source in wanted and source not in done and source not in on_path
            ]
            if pending:
                path.append(pending[0])
                on_path.add(pending[0])
                continue
            inputs = wanted[name].input
            kept = [
                text for text, source in zip(inputs, sources, strict=True) if source not in wanted
            ]
            tail = [text for source in sources if source in wanted for text in done.get(source, [])]
            done[name] = kept + tail
            on_path.discard(path.pop())
    return done
