"""The check `pattern`: structural patterns, as graphs of nodes or as chains of operators.

A node of a pattern is an op, or `*` for any tensor; names that stand for no node are captured
operands. A chain is read along data edges from first to last; `...` is up to a few nodes in
between, `*rank4*` a tensor of four dimensions. Identity nodes do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.ops import is_commutative
from surgeon_gui.graph.query import namespace_of
from surgeon_gui.targets.checks.context import CHECKS, IDENTITIES, Context, Facts, constant_of
from surgeon_gui.targets.plugins import facts as table

Bindings = dict[str, TensorRef]
Part = Mapping[str, Any]

_GAP = 4
"""How many nodes `...` may stand for."""


@CHECKS.register("pattern")
def pattern(context: Context, facts: Facts) -> bool | None:
    """Whether the node is the end of a pattern, or a link of a chain."""
    return matches(context, str(facts["pattern"]), facts.get("data_format"))


def matches(context: Context, name: str, data_format: str | None = None) -> bool | None:
    """Say whether a named pattern stands at a node."""
    stated: Part = table("pitfalls")["patterns"][name]
    if data_format is not None and not _has_layout(context, data_format):
        return False
    if "nodes" in stated:
        return any(_Graph(context, stated).bindings(TensorRef(context.node.name)))
    return _chain(context, stated)


def _has_layout(context: Context, wanted: str) -> bool:
    """Whether the images near the node lie so; NHWC where nothing says otherwise."""
    found = {
        node.attrs["data_format"]
        for node in _upstream(context, context.node, 12)
        if isinstance(node.attrs.get("data_format"), bytes)
    }
    return not found or wanted.encode() in found


def _upstream(context: Context, node: Node, steps: int) -> Iterator[Node]:
    for _ in range(steps):
        source = context.graph.get(node.inputs[0].node) if node.inputs else None
        if source is None:
            return
        yield source
        node = source


def _behind(context: Context, ref: TensorRef) -> TensorRef:
    """Return the tensor an operand is, looking through Identity nodes."""
    seen = 0
    while (node := context.graph.get(ref.node)) is not None and node.op in IDENTITIES:
        seen += 1
        if not node.inputs or seen > len(context.graph):
            break
        ref = node.inputs[0]
    return ref


class _Graph:
    """Matches a pattern stated as nodes, from its output upwards."""

    def __init__(self, context: Context, stated: Part) -> None:
        self._context = context
        self._parts = {part["id"]: part for part in stated["nodes"]}
        self._output: Part = self._parts[stated["output"]]
        self._either = frozenset(stated.get("commutative", ()))

    def bindings(self, ref: TensorRef) -> Iterator[Bindings]:
        yield from self._part(self._output, ref, {})

    def _part(self, part: Part, ref: TensorRef, bound: Bindings) -> Iterator[Bindings]:
        name = part["id"]
        ref = _behind(self._context, ref)
        if name in bound:
            if bound[name] == ref:
                yield bound
            return
        node = self._context.graph.get(ref.node)
        if node is None or (part["op"] != ["*"] and node.op not in part["op"]):
            return
        if not self._attributes_fit(part, node):
            return
        bound = {**bound, name: ref}
        if part["op"] == ["*"]:
            yield bound
            return
        for order in self._orders(part, node):
            yield from self._inputs(part, order, bound)

    def _attributes_fit(self, part: Part, node: Node) -> bool:
        for name, wanted in part.get("attrs", {}).items():
            # keep_dims was called keepdims in between; either spelling counts.
            spelled = [node.attrs.get(key) for key in (name, name.replace("_", ""))]
            if wanted not in spelled:
                return False
        return True

    def _orders(self, part: Part, node: Node) -> Iterator[Sequence[TensorRef]]:
        yield node.inputs
        both = part["id"] in self._either or is_commutative(node.op)
        if both and len(node.inputs) == 2 and node.inputs[0] != node.inputs[1]:
            yield node.inputs[::-1]

    def _inputs(self, part: Part, refs: Sequence[TensorRef], bound: Bindings) -> Iterator[Bindings]:
        wanted: list[str] = part["inputs"]
        if node_squares(part, wanted, refs):
            wanted = [*wanted, *wanted]
        rest = wanted[-1:] == ["..."]
        if rest and len(refs) >= len(wanted) - 1:
            # The named operand may be any of them: a shape is packed in any order.
            for ref in refs:
                yield from self._operands(wanted[:-1], [ref], part, bound)
            return
        if len(refs) < len(wanted) or (len(refs) > len(wanted) and not _is_open(part)):
            return
        yield from self._operands(wanted, refs, part, bound)

    def _operands(
        self, names: Sequence[str], refs: Sequence[TensorRef], part: Part, bound: Bindings
    ) -> Iterator[Bindings]:
        if not names:
            yield bound
            return
        name, ref = names[0], refs[0]
        if name in self._parts:
            found = self._part(self._parts[name], ref, bound)
        else:
            found = self._captured(name, ref, part, bound)
        for each in found:
            yield from self._operands(names[1:], refs[1:], part, each)

    def _captured(
        self, name: str, ref: TensorRef, part: Part, bound: Bindings
    ) -> Iterator[Bindings]:
        ref = _behind(self._context, ref)
        wanted = part.get("const", {}).get(name)
        if wanted is not None:
            value = constant_of(self._context.graph, ref)
            if value is None or list(value.array.flat) != wanted:
                return
        yield {**bound, name: ref}


def node_squares(part: Part, wanted: Sequence[str], refs: Sequence[TensorRef]) -> bool:
    """Whether a product of a tensor with itself stands where the pattern says Square."""
    return len(wanted) == 1 and len(refs) == 2 and "Mul" in part["op"] and refs[0] == refs[1]


def _is_open(part: Part) -> bool:
    """Whether further operands, such as a slice's bounds, go unnamed in the pattern."""
    return bool({"StridedSlice", "GatherV2"} & set(part["op"]))


def _chain(context: Context, stated: Part) -> bool:
    """Whether the node is a link of the chain, at any of the places its op stands for."""
    links: list[str] = stated["chain"]
    places = (
        [len(links) - 1]
        if stated.get("same_namespace") or stated.get("const_weights")
        else range(len(links))
    )
    for place in places:
        if not _fits(context, links[place], TensorRef(context.node.name)):
            continue
        for up in _paths(context, context.node, links[:place][::-1], upwards=True):
            down = _paths(context, context.node, links[place + 1 :], upwards=False)
            if _conditions(context, stated, up) and next(down, None) is not None:
                return True
    return False


def _fits(context: Context, link: str, ref: TensorRef) -> bool:
    if link == "*rank4*":
        return context.types.type(ref).shape.rank == 4
    if link in table("pitfalls")["patterns"]:
        node = context.graph[ref.node]
        return bool(matches(Context(context.graph, node, context.types), link))
    node_ = context.graph.get(ref.node)
    return node_ is not None and node_.op in link.split("|")


def _paths(
    context: Context, node: Node, links: Sequence[str], *, upwards: bool
) -> Iterator[tuple[Node, ...]]:
    """Yield the nodes that follow a chain's links from a node, the node itself left out."""
    if not links:
        yield ()
        return
    gap = _GAP if links[0] == "..." else 0
    rest = links[1:] if gap else links
    if not rest:
        yield ()
        return
    for found in _within(context, node, gap, upwards=upwards):
        if _fits(context, rest[0], TensorRef(found.name)):
            for tail in _paths(context, found, rest[1:], upwards=upwards):
                yield (found, *tail)


def _within(context: Context, node: Node, gap: int, *, upwards: bool) -> Iterator[Node]:
    """Yield the nodes next to one, and those behind up to `gap` others."""
    if upwards:
        refs = [_behind(context, ref) for ref in node.inputs]
        found = [context.graph.get(ref.node) for ref in refs]
        near = [source for source in found if source is not None and source.op != "Const"]
    else:
        near = list(_readers(context, node))
    for each in near:
        yield each
        if gap:
            yield from _within(context, each, gap - 1, upwards=upwards)


def _readers(context: Context, node: Node) -> Iterator[Node]:
    for reader in context.graph.consumers(node.name):
        if reader.op in IDENTITIES:
            yield from _readers(context, reader)
        elif any(ref.node == node.name for ref in reader.inputs):
            yield reader


def _conditions(context: Context, stated: Part, up: Sequence[Node]) -> bool:
    """Apply what a chain asks besides its operators; `up` lists the links before the last."""
    last = context.node
    if stated.get("const_weights") and (
        context.constant(1) is None or not _flattens_an_image(context, up)
    ):
        return False
    if stated.get("same_namespace") and namespace_of(up[-1].name) != namespace_of(last.name):
        return False
    if stated.get("rank_falls_and_returns"):
        start = context.types.type(up[-1].inputs[0]).shape.rank
        middle = context.types.type(TensorRef(up[-1].name)).shape.rank
        end = context.types.type(TensorRef(last.name)).shape.rank
        return start is not None and middle == start - 1 and end == start
    return True


def _flattens_an_image(context: Context, up: Sequence[Node]) -> bool:
    """Whether the 4-D tensor that is flattened has more than one pixel."""
    dims = context.types.type(TensorRef(up[-1].name)).shape.dims
    flat = context.types.type(TensorRef(up[0].name)).shape.rank
    return flat == 2 and (dims is None or dims[1:3] != (1, 1))
