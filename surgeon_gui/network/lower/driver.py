"""From a graph to a network: every reachable node through its converter, every refusal kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from surgeon_gui.errors import ConvertError, OpenError, Unsupported
from surgeon_gui.graph.evaluate import evaluate
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_stateful, output_count
from surgeon_gui.graph.query import deduce_outputs, topological_order
from surgeon_gui.graph.shapes import infer_node
from surgeon_gui.graph.values import DType, Shape, TensorType
from surgeon_gui.network.ir import Network
from surgeon_gui.network.lower.branches import control_guards
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.inline import Inlined, inline_functions
from surgeon_gui.network.lower.refusals import loop_problem, refusal
from surgeon_gui.network.lower.registry import CONVERTERS
from surgeon_gui.network.lower.sources import EXAMPLE_SIZE
from surgeon_gui.network.lower.value import DEAD, Guard, Value, held_dtype
from surgeon_gui.network.simplify import settle, tidy
from surgeon_gui.network.simplify import simplify as simplified

# Nothing is computed for these: their outputs are their inputs, or numbers of the file.
_NOT_FOLDED = frozenset({"Const", "Switch", "Merge", "RefSwitch", "RefMerge", "Identity"})
_MERGES = frozenset({"Merge", "RefMerge"})
_INPUTS = frozenset({"Placeholder", "PlaceholderV2"})
# What carries values around a loop: the loop's one problem is that of its LoopCond.
_LOOP_EDGES = frozenset(
    {"Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "RefNextIteration"}
)


@dataclass(frozen=True, eq=False)
class Lowering:
    """What became of a graph.

    Attributes:
        network: the network, or None when there are problems.
        problems: why not, at most one per node, in execution order.
        types: dtype and shape of every tensor that was reached.
        vanished: nodes that need no layer: constants, shape arithmetic, identities, and what other
            nodes' layers absorbed whole.
        unjudged: nodes nothing can be said about, because a tensor they read has no known shape.
        layers_of: for every node with layers, their names in the network.
        notes: what the user should know about a node that was lowered.
    """

    network: Network | None
    problems: tuple[Unsupported, ...]
    types: Mapping[TensorRef, TensorType]
    vanished: frozenset[str]
    unjudged: frozenset[str]
    layers_of: Mapping[str, tuple[str, ...]]
    notes: Mapping[str, str]


def network_from_graph(
    graph: Graph,
    *,
    outputs: Sequence[TensorRef] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    simplify: bool = True,
) -> Lowering:
    """Lower what the outputs need; collect every problem instead of stopping at the first.

    Args:
        graph: a frozen graph.
        outputs: the tensors to compute; None: the graph's own, or deduced.
        shapes: dimensions of inputs by node name; a batch left open becomes 1.
        simplify: fold and merge layers, as an expert would.

    Raises:
        GraphCycle: the graph goes in a circle.
    """
    wanted = tuple(outputs) if outputs is not None else deduce_outputs(graph)
    inlined = inline_functions(graph)
    run = _Run(inlined, dict(shapes or {}))
    for name in _order(inlined.graph, wanted):
        run.lower(inlined.graph[name])
    refs = tuple(dict.fromkeys(wanted))
    for ref in refs:
        run.mark_output(ref)
    network = None
    layers_of: dict[str, list[str]] = {}
    if not run.problems:
        built = tidy(run.b.builder.build(), refs)
        network = settle(simplified(built) if simplify else built)
        for layer in network.layers:
            for origin in layer.origin:
                layers_of.setdefault(origin, []).append(layer.name)
    # Nodes of functions are not in the graph the user sees: their call speaks for them.
    judged = {name for name in run.done - run.unjudged if name not in run.owners}
    judged -= set(run.problems)
    with_layers = set(layers_of) if network is not None else run.with_layers
    return Lowering(
        network,
        tuple(run.problems.values()),
        run.types,
        frozenset(judged - with_layers),
        frozenset(name for name in run.unjudged if name not in run.owners),
        {name: tuple(names) for name, names in layers_of.items()},
        dict(run.b.notes),
    )


def _order(graph: Graph, outputs: Sequence[TensorRef]) -> list[str]:
    """Return the nodes the outputs read, by data edges, in execution order.

    Control inputs only count where they say on which branch of a conditional a node lies.
    """
    found = {ref.node for ref in outputs if ref.node in graph}
    pending = list(found)
    while pending:
        node = graph[pending.pop()]
        predicates = [ref for ref, _ in control_guards(graph, node)]
        for ref in (*node.inputs, *predicates):
            if ref.node not in found and ref.node in graph:
                found.add(ref.node)
                pending.append(ref.node)
    return [name for name in topological_order(graph) if name in found]


class _Run:
    def __init__(self, inlined: Inlined, shapes: dict[str, Shape]) -> None:
        self.graph = inlined.graph
        self.owners = inlined.owners
        self.uncalled = {problem.node: problem for problem in inlined.problems}
        self.b = Lower(inlined.graph, shapes, inlined.owners)
        self.problems: dict[str, Unsupported] = {}
        self.types: dict[TensorRef, TensorType] = {}
        self.unjudged: set[str] = set()
        self.done: set[str] = set()
        self.refused: set[str] = set()
        self.guessing = False
        self.with_layers: set[str] = set()

    def lower(self, node: Node) -> None:
        """Lower one node; whatever happens, say what its outputs are as far as it is known."""
        self.b.node = node
        self.done.add(node.name)
        if node.name in self.uncalled:
            self.problems[node.name] = self.uncalled[node.name]
        inputs = [self.b.values.get(ref) for ref in node.inputs]
        values = tuple(value for value in inputs if value is not None)
        if len(values) < len(inputs) or node.op in _LOOP_EDGES:
            self._skip(node, inputs)
            return
        before = len(self.b.builder)
        try:
            results = self._results(node, values)
        except (ConvertError, OpenError) as error:
            if not isinstance(error, Unsupported):
                error = Unsupported(node.name, error.message, error.hint)
            if self.guessing and node.op in CONVERTERS and node.op not in _INPUTS:
                self.unjudged.add(node.name)
                self._guess(node, inputs)
            else:
                self._refuse(node, error, inputs)
            return
        if len(self.b.builder) > before:
            self.with_layers.add(self.owners.get(node.name, node.name))
        for port, value in enumerate(results):
            self._set(TensorRef(node.name, port), value)
        if self.guessing:
            self._type(node, inputs)

    def _results(self, node: Node, values: tuple[Value, ...]) -> tuple[Value, ...]:
        guards: set[Guard] = set()
        if node.op not in _MERGES:
            for ref, side in control_guards(self.graph, node):
                predicate = self.b.values.get(ref)
                if predicate is None:
                    continue
                if predicate.array is None:
                    guards.add((ref, side))
                elif bool(predicate.array) is not side:
                    return (DEAD,) * max(output_count(node), 1)
            if any(value.dead for value in values):
                return (DEAD,) * max(output_count(node), 1)
            for value in values:
                guards |= value.guards
        results = self._converted(node, values)
        if not guards:
            return results
        return tuple(replace(value, guards=value.guards | guards) for value in results)

    def _converted(self, node: Node, values: tuple[Value, ...]) -> tuple[Value, ...]:
        if values and node.op not in _NOT_FOLDED and not is_stateful(node.op):
            arrays = [value.array for value in values if value.array is not None]
            if len(arrays) == len(values):
                folded = evaluate(node, arrays)
                if folded is not None:
                    types = infer_node(node, [value.type for value in values], arrays)
                    return tuple(
                        Value.known(array, _dtype_of(array, types, port))
                        for port, array in enumerate(folded)
                    )
        convert = CONVERTERS.get(node.op)
        if convert is None:
            raise refusal(node)
        result = convert(Call(node, values), self.b)
        return result if isinstance(result, tuple) else (result,)

    def _set(self, ref: TensorRef, value: Value) -> None:
        self.b.values[ref] = value
        if not value.dead:
            self.types[ref] = value.type
            # TensorFlow computes only the branch taken: nothing to compare on the other one.
            if not value.guards and ref.node not in self.owners:
                self.b.set_source(ref, value)

    def _skip(self, node: Node, inputs: Sequence[Value | None]) -> None:
        """An input has no known shape, or does not exist."""
        for ref, value in zip(node.inputs, inputs, strict=True):
            if value is None and ref.node not in self.graph:
                self._refuse(
                    node,
                    Unsupported(
                        node.name,
                        f"It reads {ref}, which does not exist.",
                        "Connect the input to another node or remove this node.",
                    ),
                    inputs,
                )
                return
            lost = ref.node in self.unjudged or ref.node in self.refused
            if value is None and ref.node in self.done and not lost:
                self._refuse(
                    node,
                    Unsupported(node.name, f"{ref.node} has no output {ref.port}."),
                    inputs,
                )
                return
        if node.op == "LoopCond":
            self._refuse(node, loop_problem(node), inputs)
            return
        if node.op not in CONVERTERS and node.op not in _LOOP_EDGES:
            self._refuse(node, refusal(node), inputs)
            return
        self.unjudged.add(node.name)
        self._guess(node, inputs)

    def _type(self, node: Node, inputs: Sequence[Value | None]) -> tuple[TensorType, ...]:
        """Record what is known of a node's outputs without its inputs' values in the network."""
        known = [
            self.types.get(ref) or TensorType(DType.INVALID if value is None else value.dtype)
            for ref, value in zip(node.inputs, inputs, strict=True)
        ]
        arrays = [
            None
            if value is None or (self.guessing and self.graph[ref.node].op != "Const")
            else value.array
            for ref, value in zip(node.inputs, inputs, strict=True)
        ]
        found = infer_node(node, known, arrays)
        for port, kind in enumerate(found):
            self.types[TensorRef(node.name, port)] = kind
        return found

    def _refuse(self, node: Node, problem: Unsupported, inputs: Sequence[Value | None]) -> None:
        owner = self.owners.get(node.name)
        if owner is not None:
            inner = node.name.removeprefix(f"{owner}/")
            reason = f"In the function it calls, {inner}: {problem.reason}"
            problem = Unsupported(owner, reason, problem.remedy, rule=problem.rule)
        self.refused.add(node.name)
        self.problems.setdefault(problem.node, problem)
        self._guess(node, inputs)

    def _guess(self, node: Node, inputs: Sequence[Value | None]) -> None:
        """Type the outputs of a node that was not lowered, so that its readers can be judged.

        Where the type is known in full, an input of the network that will never be stands in. The
        open dimensions of a refused input are guessed: what depends on the guess is not reported.
        """
        for port, found in enumerate(self._type(node, inputs)):
            held = held_dtype(found.dtype)
            dims = found.shape.dims
            if held is None or dims is None:
                continue
            if node.op in _INPUTS:
                self.guessing = True
                dims = tuple(
                    dim if dim >= 0 else EXAMPLE_SIZE if axis else 1
                    for axis, dim in enumerate(dims)
                )
            if all(dim >= 0 for dim in dims):
                ref = TensorRef(node.name, port)
                tensor = self.b.builder.add_input(f"{ref}__unknown", held, dims)
                self.b.values[ref] = Value.of(tensor, found.dtype)

    def mark_output(self, ref: TensorRef) -> None:
        self.b.node = Node(str(ref), "Output")
        value = self.b.values.get(ref)
        if ref.node not in self.graph:
            self.problems.setdefault(
                ref.node,
                Unsupported(ref.node, "This output does not exist.", "Choose another output."),
            )
            return
        if value is None or value.dead:
            reason = "This output lies on a branch that is never taken."
            if value is None:
                reason = f"The shape of output {ref} cannot be known."
            if value is not None or not self.problems:
                self.problems.setdefault(ref.node, Unsupported(ref.node, reason))
            return
        try:
            tensor = self.b.edge_tensor(value)
        except Unsupported as problem:
            self.problems.setdefault(ref.node, problem)
            return
        self.b.builder.mark_output(tensor)


def _dtype_of(array: object, types: Sequence[TensorType], port: int) -> DType | None:
    """Return the inferred dtype, which tells quint8 from uint8; None: the array's own."""
    dtype = types[port].dtype if port < len(types) else DType.INVALID
    return None if dtype is DType.INVALID or dtype.numpy is None else dtype
