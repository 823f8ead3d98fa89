"""Loops whose number of turns is known while lowering, unrolled turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.values import FuncRef
from surgeon_gui.network.lower.inline import function_body
from surgeon_gui.network.lower.order import ENTERS, EXITS, Frame
from surgeon_gui.network.lower.refusals import loop_problem
from surgeon_gui.network.lower.scope import Scope
from surgeon_gui.network.lower.value import Value

WHILES = frozenset({"While", "StatelessWhile"})
_MOST_TURNS = 2048


class Runner(Protocol):
    """What lowers nodes one by one."""

    scope: Scope
    values: dict[TensorRef, Value]

    def lower(self, node: Node) -> None: ...

    def own(self, name: str, owner: str) -> None: ...


@dataclass(frozen=True)
class _Template:
    """A function's nodes, in execution order, and the tensors it returns.

    Names begin with a slash, arguments are `/argument_0` and so on; a turn puts its prefix before.
    """

    nodes: tuple[Node, ...]
    results: tuple[TensorRef, ...]


class Unroller:
    """Unrolls the functional loops of one graph."""

    def __init__(self, run: Runner, graph: Graph) -> None:
        self._run = run
        self._graph = graph
        self._templates: dict[str, _Template] = {}

    def unroll(self, node: Node, state: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return what a While returns.

        Raises:
            Unsupported: how often it runs depends on data, or is too often.
        """
        condition, body = (self._function(node, name) for name in ("cond", "body"))
        for turn in range(_MOST_TURNS):
            go = self._call(node, condition, state, f"cond_{turn}")[0]
            if go.array is None:
                raise loop_problem(node)
            if not bool(go.array):
                return state
            state = self._call(node, body, state, f"body_{turn}")
        raise Unsupported(
            node.name,
            f"It is a while loop of more than {_MOST_TURNS} turns.",
            "Cut the graph before and after the loop.",
        )

    def _function(self, node: Node, attribute: str) -> _Template:
        found = node.attrs.get(attribute)
        name = found.name if isinstance(found, FuncRef) else ""
        template = self._templates.get(name)
        if template is None:
            body = function_body(self._graph, name)
            if body is None:
                raise Unsupported(
                    node.name,
                    f"The function it calls ({attribute}) is not in the graph's library.",
                    "Freeze the model again with its functions inlined.",
                )
            order = topological_order(body[0])
            template = _Template(tuple(body[0][name] for name in order), body[1])
            self._templates[name] = template
        return template

    def _call(
        self, node: Node, template: _Template, state: Sequence[Value], tag: str
    ) -> tuple[Value, ...]:
        prefix = f"{node.name}/{tag}"
        run = self._run
        for place, value in enumerate(state):
            run.values[TensorRef(f"{prefix}/argument_{place}")] = value
        for inner in template.nodes:
            copy = inner.replace(
                name=prefix + inner.name,
                inputs=tuple(TensorRef(prefix + ref.node, ref.port) for ref in inner.inputs),
                controls=tuple(prefix + name for name in inner.controls),
            )
            run.scope.add(copy)
            run.own(copy.name, node.name)
            run.lower(copy)
        results = [
            run.values.get(TensorRef(prefix + ref.node, ref.port)) for ref in template.results
        ]
        found = tuple(value for value in results if value is not None)
        if len(found) < len(results):
            raise Unsupported(node.name, "A turn of this loop cannot be lowered.")
        return found


def unroll_frame(run: Runner, frame: Frame, lost: Callable[[Node], None]) -> None:
    """Lower a TF1 while loop, turn by turn.

    Args:
        run: lowers the nodes.
        frame: the loop.
        lost: is told of every node that cannot be judged because the loop cannot be unrolled.

    Raises:
        Unsupported: how often it runs depends on data; the node is its LoopCond.
    """
    nodes = [node for name in frame.members if (node := run.scope.get(name)) is not None]
    enters = [node for node in nodes if node.op in ENTERS]
    for node in enters:
        run.lower(node)
    conditions = [node for node in nodes if node.op == "LoopCond"]
    if len(conditions) != 1 or len({node.attrs.get("frame_name") for node in enters}) != 1:
        for node in nodes:
            lost(node)
        where = conditions[0] if conditions else nodes[0]
        raise Unsupported(
            where.name,
            "It belongs to loops inside of each other, which cannot be unrolled.",
            "Cut the graph before and after the loops.",
        )
    (condition,) = conditions
    by_name = {node.name: node for node in nodes}
    merges = [node for node in nodes if node.op in ("Merge", "RefMerge") and _closes(node, by_name)]
    decides = _needs(condition, by_name, {node.name for node in (*enters, *merges)})
    done = {node.name for node in (*enters, *merges)} | decides
    body = [
        node
        for node in nodes
        if node.name not in done and node.op not in (*EXITS, "NextIteration", "RefNextIteration")
    ]
    exits = [node for node in nodes if node.op in EXITS]
    carried = {
        node.name: run.values.get(ref)
        for node in merges
        for ref in node.inputs
        if (source := by_name.get(ref.node)) is not None and source.op in ENTERS
    }
    for _ in range(_MOST_TURNS):
        for node in merges:
            value = carried.get(node.name)
            if value is not None:
                run.values[TensorRef(node.name)] = value
        for node in nodes:
            if node.name in decides:
                run.lower(node)
        go = run.values.get(TensorRef(condition.name))
        if go is None or go.array is None:
            break
        if not bool(go.array):
            for node in exits:
                _leave(run, node, by_name)
            return
        for node in body:
            run.lower(node)
        if any(_missing(run, by_name, node) for node in merges):
            break
        carried = {
            node.name: run.values[source.inputs[0]]
            for node in merges
            for source in (_next(node, by_name),)
            if source is not None
        }
    else:
        go = None
    for node in (*body, *exits):
        if not any(TensorRef(node.name, port) in run.values for port in range(2)):
            lost(node)
    raise loop_problem(condition)


def _closes(node: Node, by_name: dict[str, Node]) -> bool:
    return _next(node, by_name) is not None


def _next(node: Node, by_name: dict[str, Node]) -> Node | None:
    """Return the NextIteration a loop's Merge reads."""
    for ref in node.inputs:
        source = by_name.get(ref.node)
        if source is not None and source.op in ("NextIteration", "RefNextIteration"):
            return source
    return None


def _missing(run: Runner, by_name: dict[str, Node], node: Node) -> bool:
    source = _next(node, by_name)
    return source is None or source.inputs[0] not in run.values


def _needs(node: Node, by_name: dict[str, Node], barrier: set[str]) -> set[str]:
    """Return the loop's nodes that decide whether it goes on."""
    found = {node.name}
    pending = [node]
    while pending:
        for ref in pending.pop().inputs:
            source = by_name.get(ref.node)
            if source is not None and source.name not in found and source.name not in barrier:
                found.add(source.name)
                pending.append(source)
    return found


def _leave(run: Runner, node: Node, by_name: dict[str, Node]) -> None:
    """Give an Exit the value its loop variable has at the end."""
    switch = by_name[node.inputs[0].node]
    run.values[node.inputs[0]] = run.values[switch.inputs[0]]
    run.lower(node)
