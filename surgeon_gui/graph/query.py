"""Questions about a graph: namespaces, order, reachability, what goes in and comes out."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set

from surgeon_gui.errors import GraphCycle, GraphError
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_identity_like, is_known_op, names_in, output_count

_INPUT_OPS = ("Placeholder", "PlaceholderV2", "_Arg")
_OPTIONAL_INPUT_OPS = ("PlaceholderWithDefault", "IteratorGetNext", "QueueDequeueV2")
_BACK_EDGE_OPS = frozenset({"NextIteration", "RefNextIteration"})

# Ops nobody fetches: checks, side effects, bookkeeping.
_SIDE_EFFECTS = names_in(
    """
    NoOp Assert ControlTrigger Print PrintV2 Abort SaveV2 Save RestoreV2 Restore Assign
    AssignAdd AssignSub AssignVariableOp AssignAddVariableOp AssignSubVariableOp
    IsVariableInitialized VarIsInitializedOp ScalarSummary ImageSummary HistogramSummary
    MergeSummary TensorArrayCloseV3 QueueEnqueueV2 QueueEnqueueManyV2 QueueCloseV2 QueueSizeV2
    ApplyMomentum ApplyAdam ApplyGradientDescent Switch RefSwitch LoopCond
    """
)
# What depends on data only through these knows its shape, not its values.
_SHAPE_READERS = frozenset({"Shape", "ShapeN", "Rank", "Size"})
# Nodes whose every output is meant for the reader, where nobody reads any.
_ALL_OUTPUTS = names_in(
    """
    TopK TopKV2 Split SplitV Unpack IdentityN Unique UniqueV2 NonMaxSuppressionV4
    NonMaxSuppressionV5 CombinedNonMaxSuppression TFLite_Detection_PostProcess If StatelessIf
    While StatelessWhile Case StatelessCase PartitionedCall StatefulPartitionedCall TRTEngineOp
    """
)
_RANDOM_OPS = frozenset(
    {"RandomUniform", "RandomStandardNormal", "TruncatedNormal", "RandomUniformInt"}
)
_SOURCES = frozenset({*_INPUT_OPS, *_OPTIONAL_INPUT_OPS, "QueueDequeueManyV2"})


def namespace_of(name: str) -> str:
    """Return the path before the last slash; empty at top level."""
    return name.rpartition("/")[0]


def namespaces(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Return every namespace with the names of the nodes directly in it, in node order.

    The top level is the empty name; a namespace that only holds others has no members.
    """
    members: dict[str, list[str]] = {"": []}
    for node in graph.nodes:
        space = namespace_of(node.name)
        found = members.get(space)
        if found is None:
            found = members[space] = []
            outer = namespace_of(space)
            while outer not in members:
                members[outer] = []
                outer = namespace_of(outer)
        found.append(node.name)
    return {space: tuple(names) for space, names in members.items()}


def back_edges(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Return the edges that close TF1 loops, as (NextIteration, its reader) names."""
    return tuple(
        (ref.node, node.name)
        for node in graph.nodes
        for ref in node.inputs
        if (source := graph.get(ref.node)) is not None and source.op in _BACK_EDGE_OPS
    )


def topological_order(graph: Graph) -> tuple[str, ...]:
    """Return the names so that producers come first; a graph already in order keeps its order.

    Edges out of NextIteration close TF1 loops and are left out; dangling inputs are ignored.

    Raises:
        GraphCycle: the nodes form a circle that is no loop.
    """
    if _is_in_order(graph):
        return tuple(graph.positions)
    position = graph.positions
    open_, done = 1, 2
    state = bytearray(len(position))
    order: list[str] = []
    for root in range(len(state)):
        if state[root]:
            continue
        state[root] = open_
        stack = [(root, iter(_order_sources(graph.nodes[root])))]
        while stack:
            index, sources = stack[-1]
            for name in sources:
                source = position.get(name)
                if source is None or state[source] == done:
                    continue
                if graph.nodes[source].op in _BACK_EDGE_OPS and graph.nodes[index].op in (
                    "Merge",
                    "RefMerge",
                ):
                    continue
                if state[source] == open_:
                    raise GraphCycle(
                        f"{name} depends on itself through {graph.nodes[index].name}.",
                        where=graph.nodes[index].name,
                        hint="Connect one of these inputs to another node.",
                    )
                state[source] = open_
                stack.append((source, iter(_order_sources(graph.nodes[source]))))
                break
            else:
                stack.pop()
                state[index] = done
                order.append(graph.nodes[index].name)
    return tuple(order)


def _is_in_order(graph: Graph) -> bool:
    """Whether every node stands after all it reads or waits for."""
    position = graph.positions
    for index, node in enumerate(graph.nodes):
        for ref in node.inputs:
            if position.get(ref.node, -1) >= index:
                return False
        for name in node.controls:
            if position.get(name, -1) >= index:
                return False
    return True


def _order_sources(node: Node) -> list[str]:
    return [*(ref.node for ref in node.inputs), *node.controls]


def reachable(graph: Graph, names: Iterable[str]) -> set[str]:
    """Return the names and all they depend on, by data and control edges.

    Raises:
        UnknownNode: one of the names is not in the graph.
    """
    found = {graph[name].name for name in names}
    return _walk_back(graph, found, frozenset())


def dependents(graph: Graph, names: Iterable[str]) -> set[str]:
    """Return the names and all that depend on them, by data and control edges.

    Raises:
        UnknownNode: one of the names is not in the graph.
    """
    found = {graph[name].name for name in names}
    pending = list(found)
    while pending:
        for node in graph.consumers(pending.pop()):
            if node.name not in found:
                found.add(node.name)
                pending.append(node.name)
    return found


def inside_loops(graph: Graph) -> set[str]:
    """Return the nodes in a TF1 loop's frame: their values exist once per turn."""
    found: set[str] = set()
    pending = [node for node in graph if node.op in ("Enter", "RefEnter")]
    while pending:
        node = pending.pop()
        if node.name in found or node.op in ("Exit", "RefExit"):
            continue
        found.add(node.name)
        pending.extend(graph.consumers(node.name))
    return found


def _walk_back(graph: Graph, found: set[str], barrier: Iterable[str]) -> set[str]:
    """Add to `found` all its nodes depend on, without passing through `barrier`."""
    seen = found | set(barrier)
    pending = list(found)
    while pending:
        node = graph.get(pending.pop())
        if node is None:
            continue
        for name in _order_sources(node):
            if name not in seen and name in graph:
                seen.add(name)
                found.add(name)
                pending.append(name)
    return found


def exclusive_dependencies(graph: Graph, names: Iterable[str]) -> set[str]:
    """Return the nodes that only `names` need: dead once `names` are gone.

    Without the names themselves, inputs of the graph and its chosen outputs. Loops are handled.

    Raises:
        UnknownNode: one of the names is not in the graph.
    """
    removed = {graph[name].name for name in names}
    candidates = reachable(graph, removed) - removed
    others = {node.name for node in graph.nodes} - candidates - removed
    kept = others | {ref.node for ref in graph.outputs or () if ref.node not in removed}
    kept |= {name for name in candidates if graph[name].op in _SOURCES}
    return candidates - _walk_back(graph, kept, removed)


def find(graph: Graph, *, op: str | None = None, name_glob: str | None = None) -> tuple[Node, ...]:
    """Return the nodes of that op whose name matches the glob (`*` also matches slashes)."""
    pattern = None if name_glob is None else re.compile(fnmatch.translate(name_glob))
    return tuple(
        node
        for node in graph.nodes
        if (op is None or node.op == op) and (pattern is None or pattern.match(node.name))
    )


def resolve_output(graph: Graph, text: str) -> TensorRef:
    """Return the tensor a user names as `name` or `name:port`.

    How many outputs a plugin has is its own matter: any port of an unknown op is taken as given.

    Raises:
        UnknownNode: no node has this name.
        GraphError: the node has no such output.
    """
    text = text.strip()
    ref = TensorRef(text) if text in graph else TensorRef.parse(text)
    node = graph[ref.node]
    count = output_count(node)
    if is_known_op(node.op) and ref.port >= max(count, 1):
        raise GraphError(
            f"This node has {count} output{'s' if count > 1 else ''}, numbered from 0.",
            where=text,
        )
    return ref


def deduce_inputs(graph: Graph) -> tuple[Node, ...]:
    """Return the nodes a user feeds: placeholders that something reads, in file order.

    A placeholder with a default (or a data queue) counts only where there is no plain one.
    """
    for ops in (_INPUT_OPS, _OPTIONAL_INPUT_OPS):
        found = tuple(node for node in graph.nodes if node.op in ops)
        if found:
            chosen = {ref.node for ref in graph.outputs or ()}
            used = tuple(n for n in found if n.name in chosen or graph.consumers(n.name))
            return used or found
    return ()


def deduce_outputs(graph: Graph) -> tuple[TensorRef, ...]:
    """Return the outputs the user chose, else the tensors a graph seems made to compute.

    Those are the nodes nothing reads, in file order, less the leftovers: checks and side effects,
    pivots of conditionals, loop exits, what carries no data of an input (constants, shape
    arithmetic), and random masks of removed dropout. What only leftovers read is looked at in their
    place. A graph of nothing else (a constant one) has its last nodes as outputs.
    """
    if graph.outputs is not None:
        return graph.outputs
    known: tuple[TensorRef, ...] | None = graph.memo.get("outputs")
    if known is None:
        known = graph.memo["outputs"] = _deduced(graph)
    return known


def _deduced(graph: Graph) -> tuple[TensorRef, ...]:
    tests = tuple(_leftover_tests(graph))
    first = [node for node in graph.nodes if _is_leaf(graph, node, frozenset())]
    leaves = _without_leftovers(graph, first, tests)
    if not leaves:
        leaves = first
        for is_leftover in tests:
            leaves = [node for node in leaves if not is_leftover(node)] or leaves
    return tuple(
        TensorRef(node.name, port)
        for node in leaves
        for port in range(output_count(node) if node.op in _ALL_OUTPUTS else 1)
    )


def _without_leftovers(
    graph: Graph, leaves: Sequence[Node], tests: Sequence[Callable[[Node], bool]]
) -> list[Node]:
    """Return the leaves, each leftover replaced by those of its producers only leftovers read."""
    leftovers: set[str] = set()
    found: dict[str, Node] = {}
    pending = list(leaves)
    while pending:
        node = pending.pop()
        if node.name in found or node.name in leftovers:
            continue
        if not any(is_leftover(node) for is_leftover in tests):
            found[node.name] = node
            continue
        leftovers.add(node.name)
        producers = (graph.get(ref.node) for ref in node.inputs)
        pending += [p for p in producers if p is not None and _is_leaf(graph, p, leftovers)]
    return sorted(found.values(), key=lambda node: graph.position(node.name))


def _leftover_tests(graph: Graph) -> Iterator[Callable[[Node], bool]]:
    """Yield the tests of `deduce_outputs`, the surest first."""
    yield lambda node: node.op in ("Const", *_SOURCES)
    yield lambda node: _is_pivot(graph, node)
    fed = _fed(graph, through_shapes=True)
    yield lambda node: node.name not in fed
    yield lambda node: node.op in ("Exit", "RefExit", *_SHAPE_READERS)
    valued = _fed(graph, through_shapes=False)
    yield lambda node: node.name not in valued and not is_identity_like(node.op)
    random = [node.name for node in graph.nodes if node.op in _RANDOM_OPS]
    if random:
        after = dependents(graph, random)
        yield lambda node: node.name in after and _is_dropout_mask(graph, node)


def _is_leaf(graph: Graph, node: Node, leftovers: Set[str]) -> bool:
    """Whether nothing but leftovers and waiting NoOps and Asserts read it."""
    if node.op in _SIDE_EFFECTS:
        return False
    for reader in graph.consumers(node.name):
        if reader.name in leftovers:
            continue
        if reader.op not in ("NoOp", "Assert") or any(r.node == node.name for r in reader.inputs):
            return False
    return output_count(node) > 0


def _is_pivot(graph: Graph, node: Node) -> bool:
    """Whether it only names the branch of a conditional (`cond/switch_t`, `cond/pred_id`)."""
    while is_identity_like(node.op) and node.inputs:
        source = graph.get(node.inputs[0].node)
        if source is None:
            return False
        if source.op in ("Switch", "RefSwitch"):
            return len({ref.node for ref in source.inputs}) == 1
        node = source
    return False


def _fed(graph: Graph, *, through_shapes: bool) -> set[str]:
    """Return the nodes that depend on an input's values, or, `through_shapes`, on its shape too."""
    found = {node.name for node in graph.nodes if node.op in _SOURCES}
    pending = list(found)
    while pending:
        name = pending.pop()
        for node in graph.consumers(name):
            if node.name in found:
                continue
            if name in node.controls and all(ref.node != name for ref in node.inputs):
                continue
            if through_shapes or node.op not in _SHAPE_READERS:
                found.add(node.name)
                pending.append(node.name)
    return found


def _is_dropout_mask(graph: Graph, node: Node) -> bool:
    """Whether what a random op feeds is fed by no input with a shape of its own."""
    data: set[str] = {node.name}
    pending = [node]
    while pending:
        current = pending.pop()
        if current.op in _SHAPE_READERS:
            continue
        for ref in current.inputs:
            source = graph.get(ref.node)
            if source is not None and source.name not in data:
                data.add(source.name)
                pending.append(source)
    placeholders = [graph[name] for name in data if graph[name].op in _SOURCES]
    return all(_is_scalar_input(placeholder) for placeholder in placeholders)


def _is_scalar_input(node: Node) -> bool:
    shape = node.attrs.get("shape")
    return getattr(shape, "dims", None) in (None, ())
