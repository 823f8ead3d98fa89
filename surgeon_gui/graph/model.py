"""The frozen graph: nodes, the tensors between them, and what else a GraphDef carries."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from surgeon_gui.errors import DanglingInput, DuplicateName, UnknownNode
from surgeon_gui.graph.values import AttrValue

Decoder = Callable[[memoryview | bytes], dict[str, AttrValue]]
"""Reads the attributes out of a serialized NodeDef."""


class TensorRef(NamedTuple):
    """A tensor, named by its producer and the producer's output port: `split:1`."""

    node: str
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> TensorRef:
        """Read `name` or `name:port`; a colon that no number follows belongs to the name."""
        name, colon, port = text.rpartition(":")
        if colon and port.isdigit():
            return cls(name, int(port))
        return cls(text, 0)

    def __str__(self) -> str:
        return self.node if self.port == 0 else f"{self.node}:{self.port}"


class Node:
    """One NodeDef: immutable; `replace` returns a changed copy.

    Attributes are decoded from the file's bytes at first use, so opening a large graph does not pay
    for what nobody looks at.

    Attributes:
        name: unique in its graph; slashes separate namespaces.
        op: the operation.
        inputs: the tensors it consumes, in order.
        controls: names of the nodes it waits for (`^name` in the NodeDef).
        device: as in the NodeDef, mostly empty.
        source: the NodeDef's bytes as read, None for a node made or changed here.
    """

    __slots__ = (
        "_attrs",
        "_decode",
        "_raw",
        "controls",
        "device",
        "inputs",
        "name",
        "op",
        "source",
    )

    name: str
    op: str
    inputs: tuple[TensorRef, ...]
    controls: tuple[str, ...]
    device: str
    source: memoryview | bytes | None
    _attrs: Mapping[str, AttrValue] | None
    _raw: memoryview | bytes | None
    _decode: Decoder | None

    def __init__(
        self,
        name: str,
        op: str,
        inputs: Iterable[TensorRef] = (),
        attrs: Mapping[str, AttrValue] | None = None,
        *,
        controls: Iterable[str] = (),
        device: str = "",
        source: memoryview | bytes | None = None,
        decode: Decoder | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "op", op)
        put(self, "inputs", tuple(inputs))
        put(self, "controls", tuple(controls))
        put(self, "device", device)
        put(self, "source", source)
        put(self, "_raw", source)
        put(self, "_decode", decode)
        put(self, "_attrs", None if decode else MappingProxyType(dict(attrs or {})))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Node is frozen; use replace({name}=…)")

    @property
    def attrs(self) -> Mapping[str, AttrValue]:
        if self._attrs is not None:
            return self._attrs
        decoded = self._decode(self._raw) if self._decode and self._raw is not None else {}
        found = MappingProxyType(decoded)
        object.__setattr__(self, "_attrs", found)
        return found

    @property
    def encoded_attrs(self) -> memoryview | bytes | None:
        """The NodeDef this node's attributes still equal, None once they were changed or made."""
        return self._raw if self._decode else None

    @property
    def origin(self) -> memoryview | bytes | None:
        """The NodeDef this node was made from by changes, None for a node made here."""
        return self._raw

    @property
    def namespace(self) -> str:
        """The path before the last slash; empty at top level."""
        return self.name.rpartition("/")[0]

    @property
    def is_const(self) -> bool:
        return self.op == "Const"

    def replace(self, **changes: Any) -> Node:
        """Return a copy with some of name, op, inputs, attrs, controls, device changed."""
        if all(
            same_attrs(self.attrs, value) if key == "attrs" else getattr(self, key) == value
            for key, value in changes.items()
        ):
            return self
        kept = {key: getattr(self, key) for key in ("name", "op", "inputs", "controls", "device")}
        changed = Node(**{**kept, **changes})
        object.__setattr__(changed, "_raw", self._raw)
        if "attrs" not in changes:
            object.__setattr__(changed, "_attrs", self._attrs)
            object.__setattr__(changed, "_decode", self._decode)
        return changed

    def _key(self) -> tuple[object, ...]:
        return self.name, self.op, self.inputs, self.controls, self.device

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Node):
            return NotImplemented
        return self._key() == other._key() and same_attrs(self.attrs, other.attrs)

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        inputs = ", ".join([*map(str, self.inputs), *(f"^{name}" for name in self.controls)])
        return f"<{self.name} = {self.op}({inputs})>"


def same_value(first: object, second: object) -> bool:
    """Whether two attribute values are one in a file: 1, 1.0 and True differ, NaN equals NaN."""
    if type(first) is not type(second):
        return False
    if isinstance(first, float):
        return repr(first) == repr(second)
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(map(same_value, first, second))
    return first == second


def same_attrs(first: Mapping[str, AttrValue], second: Mapping[str, AttrValue]) -> bool:
    return first is second or (
        first.keys() == second.keys()
        and all(same_value(value, second[key]) for key, value in first.items())
    )


@dataclass(frozen=True)
class Versions:
    """GraphDef.versions; a producer above 21 means typed reductions and the like are allowed."""

    producer: int = 0
    min_consumer: int = 0
    bad_consumers: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Graph:
    """A whole GraphDef as a value; edits make new graphs that share unchanged nodes.

    Attributes:
        nodes: in file order.
        versions: GraphDef.versions.
        library: the serialized FunctionDefLibrary, empty when there is none.
        extra: other GraphDef fields (debug info …), serialized, kept as they are.
        outputs: the outputs the user chose, by tensor; None means they are deduced
            (`query.deduce_outputs`). Not part of a GraphDef.

    Raises:
        DuplicateName: two nodes share a name.
    """

    nodes: tuple[Node, ...] = ()
    versions: Versions = Versions()
    library: bytes = b""
    extra: bytes = b""
    outputs: tuple[TensorRef, ...] | None = None
    _index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        index = {node.name: position for position, node in enumerate(self.nodes)}
        if len(index) != len(self.nodes):
            seen: set[str] = set()
            for node in self.nodes:
                if node.name in seen:
                    raise DuplicateName("Two nodes have this name.", where=node.name)
                seen.add(node.name)
        object.__setattr__(self, "_index", index)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __getitem__(self, name: str) -> Node:
        """Return the node of that name.

        Raises:
            UnknownNode: there is none; the hint offers near names.
        """
        position = self._index.get(name)
        if position is None:
            raise unknown_node(name, self._index)
        return self.nodes[position]

    def get(self, name: str) -> Node | None:
        position = self._index.get(name)
        return None if position is None else self.nodes[position]

    @property
    def positions(self) -> Mapping[str, int]:
        """Each node's place in `nodes`, by name."""
        return self._index

    def position(self, name: str) -> int:
        """The node's place in `nodes`."""
        return self._index[self[name].name]

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What was found out about the graph before, by who asked: it never changes."""
        return {}

    @cached_property
    def _consumers(self) -> dict[str, tuple[Node, ...]]:
        found: defaultdict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for ref in node.inputs:
                readers = found[ref.node]
                if not readers or readers[-1] is not node:
                    readers.append(node)
            for name in node.controls:
                readers = found[name]
                if not readers or readers[-1] is not node:
                    readers.append(node)
        return {name: tuple(readers) for name, readers in found.items()}

    def consumers(self, name: str) -> tuple[Node, ...]:
        """Nodes that read any output of `name` or wait for it, each once, in node order."""
        return self._consumers.get(name, ())

    def producers(self, name: str) -> tuple[Node, ...]:
        """Nodes whose outputs `name` reads or waits for, each once, in input order."""
        node = self[name]
        names = dict.fromkeys([*(ref.node for ref in node.inputs), *node.controls])
        return tuple(self._producer(node, source) for source in names)

    def _producer(self, node: Node, name: str) -> Node:
        found = self.get(name)
        if found is None:
            raise DanglingInput(
                f"Input {name} does not exist.",
                where=node.name,
                hint="Connect the input to another node or remove this node.",
            )
        return found

    def dangling(self) -> list[tuple[Node, str]]:
        """Inputs no node produces: pairs of the reading node and the missing name."""
        return [
            (node, name)
            for node in self.nodes
            for name in [*(ref.node for ref in node.inputs), *node.controls]
            if name not in self._index
        ]

    def with_outputs(self, outputs: Iterable[TensorRef] | None) -> Graph:
        return replace(self, outputs=None if outputs is None else tuple(outputs))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Graph):
            return NotImplemented
        return (
            len(self) == len(other)
            and self.versions == other.versions
            and self.outputs == other.outputs
            and self.library == other.library
            and self.extra == other.extra
            and self.nodes == other.nodes
        )

    def __hash__(self) -> int:
        return hash((len(self.nodes), self.versions, self.outputs))

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes>"


def unknown_node(name: str, known: Iterable[str]) -> UnknownNode:
    """Return the error for a name that is not there, with the nearest names as its hint."""
    near = near_names(name, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Check the name in the outline."
    return UnknownNode("There is no such node.", where=name, hint=hint)


def near_names(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the names most like `name`, best first: a typing error in it, or another namespace."""
    last = name.rpartition("/")[2]
    by_last: dict[str, list[str]] = {}
    for other in known:
        tail = other.rpartition("/")[2]
        # Comparing texts is slow, and a large graph has 100,000 names.
        if abs(len(tail) - len(last)) <= 3:
            by_last.setdefault(tail, []).append(other)
    tails = sorted(by_last, key=lambda tail: -_shared_start(tail, last))[:1000]
    found: list[str] = []
    for tail in difflib.get_close_matches(last, tails, n=count):
        found += sorted(by_last[tail], key=lambda other: -_shared_start(other, name))[:20]
    found.sort(key=lambda other: -difflib.SequenceMatcher(None, other, name).ratio())
    return found[:count]


def _shared_start(first: str, second: str) -> int:
    """Return how many characters both begin with."""
    count = 0
    for a, b in zip(first, second, strict=False):
        if a != b:
            break
        count += 1
    return count
