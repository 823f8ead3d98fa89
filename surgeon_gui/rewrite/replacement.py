"""What takes a match's place: worked out first, without touching the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.ops import is_known_op, output_count
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import (
    AttrValue,
    DType,
    FuncRef,
    RawAttr,
    Shape,
    TensorValue,
)
from surgeon_gui.rewrite.attributes import plugin_attributes, value_from_toml
from surgeon_gui.rewrite.pattern import AnyTensor, NodePattern, Rest
from surgeon_gui.rewrite.predicates import NoSuchNode, Place
from surgeon_gui.rewrite.subject import Mismatch


@dataclass(frozen=True)
class Replacement:
    """What is put where a match was.

    Attributes:
        root: a node in the root's place, with its name, so that readers and outputs stay as they
            are; or the tensor the root's readers read instead; or None to drop the root.
        added: new nodes, in file order before the root.
        forward_controls: whether, when the root is dropped, who waited for it waits for what it
            waited for.
        changed: nodes of the match that take the place of those of the same name.
    """

    root: Node | TensorRef | None
    added: tuple[Node, ...] = ()
    forward_controls: bool = True
    changed: tuple[Node, ...] = ()


class _NoValue(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Template:
    """A replacement as a rule states it: an expression, and attributes by the names in it.

    `"$alpha"` stands for the elements of the captured constant (one element: a number), and
    `"$node.key"` for an attribute of the captured node; `"$$"` is a dollar sign. Dtypes that a new
    TensorFlow node's inputs or value tell need not be stated; attributes of all other operations
    get graphsurgeon's plugin suffixes.
    """

    expression: NodePattern | AnyTensor
    attrs: Mapping[str, Mapping[str, Any]]

    def build(self, place: Place) -> Replacement | Mismatch:
        """Return the replacement for one match, or why it cannot be."""
        root = place.node("root")
        if isinstance(self.expression, AnyTensor):
            return bypass(place, place.tensor(self.expression.name or "root"))
        names = _Names(place)
        added: list[Node] = []
        try:
            inputs = self._inputs(self.expression, place, names, added)
            attrs = self._attrs(self.expression, "root", inputs, place)
        except _NoValue as problem:
            return Mismatch(root.name, problem.reason)
        node = Node(
            root.name,
            self.expression.ops[0],
            inputs,
            attrs,
            controls=root.controls,
            device=root.device,
        )
        return replaced_by(place, node, tuple(added))

    def _inputs(
        self, pattern: NodePattern, place: Place, names: _Names, added: list[Node]
    ) -> tuple[TensorRef, ...]:
        return tuple(self._refs(pattern, place, names, added))

    def _refs(
        self, pattern: NodePattern, place: Place, names: _Names, added: list[Node]
    ) -> Iterator[TensorRef]:
        for arg in pattern.args or ():
            if isinstance(arg, AnyTensor):
                yield place.tensor(arg.name or "")
            elif isinstance(arg, Rest):
                yield from place.match.lists[arg.name or ""]
            else:
                label = arg.name or arg.ops[0].lower()
                inputs = self._inputs(arg, place, names, added)
                name = names.take(f"{place.match.root}/{label}")
                attrs = self._attrs(arg, label, inputs, place)
                added.append(Node(name, arg.ops[0], inputs, attrs))
                yield TensorRef(name, arg.port or 0)

    def _attrs(
        self, pattern: NodePattern, label: str, inputs: Sequence[TensorRef], place: Place
    ) -> dict[str, AttrValue]:
        op = pattern.ops[0]
        stated = self.attrs.get(pattern.name or label, self.attrs.get(label, {}))
        attrs: dict[str, AttrValue] = {}
        for key, raw in stated.items():
            whole = op == "Const" and key == "value"
            attrs[key] = _attr_value(_resolve(raw, place, whole=whole))
        if not is_known_op(op):
            return plugin_attributes(attrs)
        return {**default_attrs(op, _dtypes(inputs, place), attrs), **attrs}


def _dtypes(inputs: Sequence[TensorRef], place: Place) -> list[DType | None]:
    """Return the inputs' dtypes; one made here is taken to be the root's."""
    usual = place.node("root").attrs.get("T")
    fallback = usual if isinstance(usual, DType) else None
    found = (place.subject.type(ref).dtype for ref in inputs)
    return [fallback if dtype is DType.INVALID else dtype for dtype in found]


class _Names:
    """Names for new nodes: taken neither in the graph nor by one another."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._taken or self._place.subject.get(name) is not None:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name


def _resolve(raw: Any, place: Place, *, whole: bool) -> Any:
    if isinstance(raw, list):
        return [_resolve(item, place, whole=False) for item in raw]
    if isinstance(raw, dict):
        return {key: _resolve(item, place, whole=False) for key, item in raw.items()}
    if not isinstance(raw, str) or not raw.startswith("$"):
        return raw
    if raw.startswith("$$"):
        return raw[1:]
    name, dot, key = raw[1:].partition(".")
    if dot:
        try:
            found = place.node(name).attrs.get(key)
        except NoSuchNode as problem:
            raise _NoValue(str(problem)) from problem
        if found is None:
            raise _NoValue(f"{place.node(name).name} has no attribute {key}.")
        return found
    array = place.value(name)
    if array is None:
        raise _NoValue(f"{name} is not constant.")
    if whole:
        return TensorValue.from_array(array)
    items = array.reshape(-1).tolist()
    return items[0] if array.size == 1 else items


_TYPED = (bytes, tuple, DType, Shape, TensorValue, FuncRef, RawAttr)


def _attr_value(value: Any) -> AttrValue:
    if isinstance(value, _TYPED):
        return value
    try:
        return value_from_toml(value)
    except ValueError as error:
        raise _NoValue(f"{error}.") from error


def names_in(raw: Any) -> Iterator[str]:
    """Yield the captures an attribute's value refers to."""
    if isinstance(raw, list):
        for item in raw:
            yield from names_in(item)
    elif isinstance(raw, dict):
        yield from names_in(list(raw.values()))
    elif isinstance(raw, str) and raw.startswith("$") and not raw.startswith("$$"):
        yield raw[1:].partition(".")[0]


def _ports_read(place: Place) -> set[int]:
    root = place.match.root
    return {
        ref.port
        for node in place.subject.consumers(root)
        for ref in node.inputs
        if ref.node == root
    }


def replaced_by(place: Place, node: Node, added: tuple[Node, ...] = ()) -> Replacement | Mismatch:
    """Return the replacement by a node, or why its readers forbid it."""
    port = max(_ports_read(place), default=0)
    if port > 0 and port >= output_count(node) and node.op != place.node("root").op:
        return Mismatch(node.name, f"Its output {port} is read, which {node.op} does not have.")
    return Replacement(node, added)


_BRANCHING = frozenset({"Switch", "RefSwitch", "_SwitchN"})


def bypass(place: Place, ref: TensorRef) -> Replacement | Mismatch:
    """Return the replacement of the root by a tensor, or why it cannot be.

    A node that is an output keeps its name: it becomes an Identity.
    """
    root = place.node("root")
    if any(port > 0 for port in _ports_read(place)):
        return Mismatch(root.name, "Another output than its first is read.")
    if place.subject.is_output(root.name):
        if root.op == "Identity":
            return Mismatch(root.name, "It is an output of the graph, so its name is kept.")
        return Replacement(identity(place, root, ref))
    source = place.subject.producer(ref)
    waited_for = any(root.name in node.controls for node in place.subject.consumers(root.name))
    if waited_for and source is not None and source.op in _BRANCHING:
        return Mismatch(
            root.name, "Nodes wait for it to learn which branch of a condition is taken."
        )
    return Replacement(ref)


def identity(place: Place, root: Node, ref: TensorRef) -> Node:
    """Return an Identity of `ref` in the root's place."""
    dtype = root.attrs.get("T") or root.attrs.get("dtype")
    if not isinstance(dtype, DType):
        found = place.subject.type(ref).dtype
        dtype = DType.FLOAT32 if found is DType.INVALID else found
    return Node(
        root.name, "Identity", [ref], {"T": dtype}, controls=root.controls, device=root.device
    )
