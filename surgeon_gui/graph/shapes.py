"""Static shapes, dtypes and small values of every tensor of a graph, without running it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from surgeon_gui.errors import GraphError, OpenError
from surgeon_gui.graph import attrs
from surgeon_gui.graph.evaluate import evaluate, has_evaluator
from surgeon_gui.graph.inference.base import INFERENCES, UNKNOWN, Mismatch, join
from surgeon_gui.graph.inference.control import handle_facts, handle_value
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_identity_like, is_stateful, output_count
from surgeon_gui.graph.partial import evaluate_partly
from surgeon_gui.graph.query import deduce_inputs, topological_order
from surgeon_gui.graph.values import Array, DType, Shape, TensorType, TensorValue

LARGEST_VALUE = 256
"""Elements up to which a computed value is worth following; shape arithmetic is far below."""

_SCALARS_MEAN_UNKNOWN = 21
_NOTHING = TensorType(DType.INVALID, UNKNOWN)
_MERGES = frozenset({"Merge", "RefMerge"})
_SWITCHES = frozenset({"Switch", "RefSwitch"})
_BACK = frozenset({"NextIteration", "RefNextIteration"})
_HANDLES = frozenset({"TensorArrayV3"})
FLOW = frozenset(
    {"Enter", "RefEnter", "Exit", "RefExit", "LoopCond", *_MERGES, *_SWITCHES, *_BACK, *_HANDLES}
)
"""Ops of TensorFlow 1's control flow, whose types depend on more than their inputs' types."""

_CARRIERS = frozenset({"Enter", "RefEnter", "Exit", "RefExit", "Switch", "RefSwitch", "Merge"})


def infer_node(
    node: Node, inputs: Sequence[TensorType], values: Sequence[Array | None]
) -> tuple[TensorType, ...]:
    """Return the types of a node's outputs; what does not fit or is not known is unknown.

    Args:
        node: the node.
        inputs: the types of its data inputs.
        values: their values where known; masked arrays where only some elements are.
    """
    try:
        return _infer(node, inputs, values)
    except Mismatch:
        return _unknown(node, inputs)


def _infer(
    node: Node, inputs: Sequence[TensorType], values: Sequence[Array | None]
) -> tuple[TensorType, ...]:
    function = INFERENCES.get(node.op)
    if function is None:
        return _unknown(node, inputs)
    try:
        return tuple(function(node, inputs, values))
    except Mismatch:
        raise
    except (IndexError, TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        raise Mismatch("has too few inputs or a wrong attribute") from error


def _unknown(node: Node, inputs: Sequence[TensorType]) -> tuple[TensorType, ...]:
    """Return what attributes alone tell of a node no function knows."""
    declared = attrs.shapes(node, "_output_shapes")
    count = max(output_count(node), len(declared))
    kinds = attrs.dtypes(node, "Tout") or attrs.dtypes(node, "output_types")
    single = attrs.dtype(node, "dtype", "Tout", "out_type", "output_type", "T")
    return tuple(
        TensorType(
            kinds[port] if port < len(kinds) else single,
            declared[port] if port < len(declared) else UNKNOWN,
        )
        for port in range(count)
    )


class Types:
    """What is known about every tensor of a graph.

    Attributes:
        problems: nodes whose inputs do not fit, with the reason.
        dead: tensors that never come, being on a branch a constant predicate does not take.
        inputs: nodes that a user feeds.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.problems: dict[str, str] = {}
        self.dead: set[TensorRef] = set()
        self.inputs: frozenset[str] = frozenset()
        self._types: dict[str, tuple[TensorType, ...]] = {}
        self._values: dict[TensorRef, Array] = {}

    @property
    def known(self) -> Mapping[TensorRef, Array]:
        """Values found so far; masked arrays where only some elements are known."""
        return self._values

    def adopt(self, before: Types) -> None:
        """Take over what is known of nodes that this graph has too."""
        kept = self.graph
        self._types.update((name, found) for name, found in before._types.items() if name in kept)
        self._values.update(
            (ref, value) for ref, value in before._values.items() if ref.node in kept
        )

    def outputs(self, name: str) -> tuple[TensorType, ...]:
        """Return the types of all outputs of a node."""
        return self._types.get(name, ())

    def type(self, ref: TensorRef) -> TensorType:
        """Return the type of a tensor; dtype INVALID and unknown rank where nothing is known."""
        found = self._types.get(ref.node, ())
        return found[ref.port] if ref.port < len(found) else _NOTHING

    def shape(self, ref: TensorRef) -> Shape:
        return self.type(ref).shape

    def is_dead(self, name: str) -> bool:
        """Whether a node is on a branch that is never taken."""
        return TensorRef(name, -1) in self.dead

    def value(self, ref: TensorRef) -> Array | None:
        """Return a tensor's value where it is a constant or follows from constants and shapes.

        Constants of any size are found, also through Identity; what is computed only up to
        `LARGEST_VALUE` elements.
        """
        found = self.partial(ref)
        if found is None or isinstance(found, np.ma.MaskedArray) or handle_facts(found):
            return self._constant(ref)
        return found

    def partial(self, ref: TensorRef) -> Array | None:
        """Like `value` for small tensors, but masked where some of its elements are unknown."""
        found = self._values.get(ref)
        if found is not None:
            return found
        node = self.graph.get(ref.node)
        if node is None or not node.is_const or ref.port:
            return None
        value = node.attrs.get("value")
        if not isinstance(value, TensorValue) or value.size > LARGEST_VALUE:
            return None
        try:
            self._values[ref] = value.array
        except OpenError:
            return None
        return value.array

    def _constant(self, ref: TensorRef) -> Array | None:
        node = self.graph.get(ref.node)
        while node is not None and not ref.port and is_identity_like(node.op) and node.inputs:
            ref = node.inputs[0]
            node = self.graph.get(ref.node)
        if node is None or ref.port or not node.is_const:
            return None
        value = node.attrs.get("value")
        if not isinstance(value, TensorValue):
            return None
        try:
            return value.array
        except OpenError:
            return None


def infer_types(graph: Graph, shapes: Mapping[str, Shape] | None = None) -> Types:
    """Return what is known about every tensor.

    Args:
        graph: the graph; TF1 loops, unknown ops and dangling inputs are no obstacle.
        shapes: shapes of nodes' first outputs (placeholders, mostly), replacing their own.

    Raises:
        GraphCycle: the nodes form a circle that is no loop.
    """
    types = Types(graph)
    walk = Walk(types, shapes or {})
    order = topological_order(graph)
    walk.visit(order)
    walk.settle_loops(order)
    return types


def fed_nodes(graph: Graph) -> frozenset[str]:
    """Return the nodes a user feeds, by name."""
    return frozenset(node.name for node in deduce_inputs(graph))


class Walk:
    """One inference run over a graph."""

    def __init__(
        self, types: Types, shapes: Mapping[str, Shape], fed: frozenset[str] | None = None
    ) -> None:
        self._types = types
        self._graph = types.graph
        self._shapes = shapes
        self._widened: dict[str, Shape] = {}
        # What a user feeds has no value, even where it has a default.
        types.inputs = fed_nodes(types.graph) if fed is None else fed
        self._fed = types.inputs | set(shapes)
        # In old graphs a placeholder without a shape was written as a scalar (array_ops.cc).
        self._scalar_is_unknown = types.graph.versions.producer <= _SCALARS_MEAN_UNKNOWN

    def visit(self, names: Iterable[str]) -> None:
        for name in names:
            self.visit_node(self._graph[name])

    def settle_loops(self, order: Sequence[str]) -> None:
        """Widen loop variables whose shape changes from turn to turn, until nothing changes."""
        loops = [
            node
            for node in self._graph.nodes
            if node.op in _MERGES and any(self._comes_back(ref) for ref in node.inputs)
        ]
        for _ in range(len(loops) + 1):
            changed = set()
            for node in loops:
                before = self._types.type(TensorRef(node.name)).shape
                after = join(
                    before,
                    *(
                        self._types.shape(ref)
                        for ref in node.inputs
                        if ref.node in self._graph and ref not in self._types.dead
                    ),
                )
                if after != before:
                    self._widened[node.name] = after
                    changed.add(node.name)
            if not changed:
                return
            stale = set(changed)
            for name in order:
                node = self._graph[name]
                if name in stale or any(ref.node in stale for ref in node.inputs):
                    stale.add(name)
                    self.forget(node)
                    self.visit_node(node)

    def forget(self, node: Node) -> None:
        for port in range(len(self._types.outputs(node.name))):
            self._types._values.pop(TensorRef(node.name, port), None)

    def _comes_back(self, ref: TensorRef) -> bool:
        source = self._graph.get(ref.node)
        return source is not None and source.op in _BACK

    def visit_node(self, node: Node) -> None:
        types = self._types
        refs = self._live_inputs(node)
        inputs = [types.type(ref) for ref in refs]
        values = [types.partial(ref) for ref in refs]
        try:
            found = _infer(node, inputs, values)
            types.problems.pop(node.name, None)
        except Mismatch as error:
            if not types.is_dead(node.name):
                types.problems[node.name] = f"{node.op}: {error}."
            found = _unknown(node, inputs)
        wanted = self._widened.get(node.name, self._shapes.get(node.name))
        if wanted is not None and found:
            found = (TensorType(found[0].dtype, wanted), *found[1:])
        elif node.op == "Placeholder" and self._scalar_is_unknown and found[0].shape.dims == ():
            found = (TensorType(found[0].dtype, UNKNOWN),)
        types._types[node.name] = found
        self._compute(node, found, values)

    def _live_inputs(self, node: Node) -> Sequence[TensorRef]:
        """Return the inputs that can come, and note what of this node never comes."""
        types, dead = self._types, self._types.dead
        if not dead and node.op not in _SWITCHES and node.op not in _MERGES:
            return node.inputs
        if node.op in _MERGES:
            live = [
                ref
                for ref in node.inputs
                if ref not in dead and not self._comes_back(ref) and not types.is_dead(ref.node)
            ]
            if node.inputs and not live and not any(map(self._comes_back, node.inputs)):
                self._kill(node)
            return live or node.inputs
        if any(ref in dead for ref in node.inputs) or any(map(types.is_dead, node.controls)):
            self._kill(node)
        elif node.op in _SWITCHES and len(node.inputs) == 2:
            taken = types.value(node.inputs[1])
            if taken is not None and taken.size == 1:
                dead.add(TensorRef(node.name, 0 if bool(taken.reshape(())) else 1))
        return node.inputs

    def _kill(self, node: Node) -> None:
        dead = self._types.dead
        dead.add(TensorRef(node.name, -1))
        dead.update(TensorRef(node.name, port) for port in range(output_count(node)))

    def _compute(
        self, node: Node, found: Sequence[TensorType], values: Sequence[Array | None]
    ) -> None:
        known = self._types._values
        results: Sequence[Array | None] = ()
        if node.name in self._fed:
            return
        if node.op in _HANDLES:
            results = (handle_value(node, values),)
        elif node.op == "TensorArraySizeV3":
            facts = handle_facts(values[0]) if values else None
            if facts is not None and facts.size is not None:
                results = (np.array(facts.size, dtype=np.int32),)
        elif node.op in ("Shape", "ShapeN", "Size", "Rank"):
            refs = node.inputs
            results = [_read_shape(node, self._types.shape(ref)) for ref in refs]
        elif not values or any(value is None for value in values):
            if node.op in _SWITCHES and values and values[0] is not None:
                results = (values[0], values[0])
        elif is_identity_like(node.op) or node.op in _CARRIERS:
            results = self._carried(node, values)
        elif not has_evaluator(node.op) or is_stateful(node.op) or not _are_small(found):
            return
        else:
            results = _computed(node, [value for value in values if value is not None])
        for port, value in enumerate(results):
            ref = TensorRef(node.name, port)
            if value is not None and value.size <= LARGEST_VALUE:
                known[ref] = value

    def _carried(self, node: Node, values: Sequence[Array | None]) -> Sequence[Array | None]:
        """Return the values control flow lets through; a loop variable's changes."""
        first = values[0]
        if node.op in _MERGES and len(node.inputs) > 1:
            if any(map(self._comes_back, node.inputs)):
                return (first,) if handle_facts(first) else ()
            if len(values) > 1:
                return ()
        if node.op in _SWITCHES:
            return first, first
        return (first,)


def _are_small(found: Sequence[TensorType]) -> bool:
    return all((tensor.shape.size or 0) <= LARGEST_VALUE for tensor in found)


def _computed(node: Node, values: Sequence[Array]) -> Sequence[Array | None]:
    try:
        if any(isinstance(value, np.ma.MaskedArray) for value in values):
            return evaluate_partly(node, values)
        return evaluate(node, values) or ()
    except GraphError:
        return ()


def _read_shape(node: Node, shape: Shape) -> Array | None:
    """Return what Shape, Size or Rank gives, masked where a dimension is unknown."""
    kind = attrs.dtype(node, "out_type", default=DType.INT32).numpy
    if shape.dims is None or kind is None or kind.kind not in "iu":
        return None
    if max((shape.size or 0, *shape.dims)) > np.iinfo(kind).max:
        return None
    if node.op == "Rank":
        return np.array(len(shape.dims), dtype=kind)
    if node.op == "Size":
        return None if shape.size is None else np.array(shape.size, dtype=kind)
    # A damaged file may hold any number below zero; all are unknown.
    dims = np.array([max(dim, -1) for dim in shape.dims], dtype=kind)
    return dims if shape.is_static else np.ma.masked_array(dims, mask=dims < 0)
