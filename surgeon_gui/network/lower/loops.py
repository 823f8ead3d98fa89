"""Loops: unrolled turn by turn while the condition is known, one Loop layer from there on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.values import FuncRef
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.inline import function_body
from surgeon_gui.network.lower.order import ENTERS, EXITS, Frame, reached
from surgeon_gui.network.lower.refusals import loop_problem
from surgeon_gui.network.lower.scope import Scope
from surgeon_gui.network.lower.value import Value
from surgeon_gui.network.lower.whiles import lower_loop

WHILES = frozenset({"While", "StatelessWhile"})
_MOST_TURNS = 2048
_PASSES = frozenset({"Switch", "RefSwitch", "NextIteration", "RefNextIteration"})
_COPIES = frozenset({"Identity", "IdentityN", "StopGradient"})


class Runner(Protocol):
    """What lowers nodes one by one."""

    scope: Scope
    values: dict[TensorRef, Value]
    b: Lower

    def lower(self, node: Node) -> None: ...

    def own(self, name: str, owner: str) -> None: ...


@dataclass(frozen=True)
class _Template:
    """A function's nodes, in execution order, and the tensors it returns.

    Names begin with a slash, arguments are `/argument_0` and so on; a turn puts its prefix before.
    `needed` are the nodes the results read; the others only say on which branch those lie.
    """

    nodes: tuple[Node, ...]
    results: tuple[TensorRef, ...]
    needed: set[str]

    def keeps(self, place: int) -> bool:
        """Whether a result is the argument of the same place."""
        by_name = {node.name: node for node in self.nodes}
        ref = self.results[place]
        while (node := by_name.get(ref.node)) is not None and node.op in _COPIES:
            ref = node.inputs[ref.port if node.op == "IdentityN" else 0]
        return ref == TensorRef(f"/argument_{place}")


class Unroller:
    """Unrolls the functional loops of one graph."""

    def __init__(self, run: Runner, graph: Graph) -> None:
        self._run = run
        self._graph = graph
        self._templates: dict[str, _Template] = {}

    def unroll(self, node: Node, state: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return what a While returns.

        Raises:
            Unsupported: it runs too often, or carries what TensorRT's loops cannot.
        """
        condition, body = (self._function(node, name) for name in ("cond", "body"))
        for turn in range(_MOST_TURNS):
            go = self._call(node, condition, state, f"cond_{turn}")[0]
            if go.array is None or _is_long(self._run.b, state):
                return lower_loop(
                    self._run.b,
                    node,
                    state,
                    [place for place in range(len(state)) if not body.keeps(place)],
                    lambda now: self._call(node, condition, now, "cond"),
                    lambda now: self._call(node, body, now, "body"),
                )
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
            graph, results = body
            needed = reached(Scope(graph), results)
            order = tuple(graph[name] for name in topological_order(graph))
            template = _Template(order, results, needed)
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
            if inner.name in template.needed:
                run.lower(copy)
        results = [
            run.values.get(TensorRef(prefix + ref.node, ref.port)) for ref in template.results
        ]
        found = tuple(value for value in results if value is not None)
        if len(found) < len(results):
            raise Unsupported(node.name, "A turn of this loop cannot be lowered.")
        return found


def unroll_frame(run: Runner, frame: Frame, lost: Callable[[Node], None]) -> None:
    """Lower a TF1 while loop.

    Args:
        run: lowers the nodes.
        frame: the loop.
        lost: is told of every node that cannot be judged because the loop cannot be lowered.

    Raises:
        Unsupported: it cannot be lowered; the node is its LoopCond.
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
    loop = _FrameLoop(
        run, condition, merges, [n for n in nodes if n.name in decides], body, by_name
    )
    problem = loop_problem(condition)
    for _ in range(_MOST_TURNS):
        go = loop.decide(carried)
        if go is None:
            break
        long = _is_long(run.b, [run.values.get(TensorRef(node.name)) for node in enters])
        if go.array is None or long:
            try:
                loop.keep_going([carried.get(node.name) for node in merges])
            except Unsupported as found:
                problem = found
                break
        if go.array is None or long or not bool(go.array):
            for node in exits:
                _leave(run, node, by_name)
            return
        for node in body:
            run.lower(node)
        if any(_missing(run, by_name, node) for node in merges):
            problem = Unsupported(condition.name, "A turn of this loop cannot be lowered.")
            break
        carried = loop.following()
    for node in (*body, *exits):
        if not any(TensorRef(node.name, port) in run.values for port in range(2)):
            lost(node)
    raise problem


def _is_long(b: Lower, state: Sequence[Value | None]) -> bool:
    """Whether a loop reads a list with an open number of elements, and so has as many turns."""
    lists = [value for value in state if value is not None and value.stack is not None]
    return bool(b.growing) and any(value.items is None for value in lists)


@dataclass(frozen=True)
class _FrameLoop:
    """A TF1 while loop, taken apart.

    Attributes:
        condition: its LoopCond.
        merges: a Merge per loop variable.
        decides: the nodes that say whether it goes on, the LoopCond last.
        body: the nodes of a turn.
    """

    run: Runner
    condition: Node
    merges: Sequence[Node]
    decides: Sequence[Node]
    body: Sequence[Node]
    by_name: dict[str, Node]

    def decide(self, carried: Mapping[str, Value | None]) -> Value | None:
        """Return whether there is another turn; None: it cannot be lowered."""
        for node in self.merges:
            value = carried.get(node.name)
            if value is not None:
                self.run.values[TensorRef(node.name)] = value
        for node in self.decides:
            self.run.lower(node)
        return self.run.values.get(TensorRef(self.condition.name))

    def following(self) -> dict[str, Value | None]:
        """Return the variables after a turn, by the name of their Merge."""
        return {
            node.name: self.run.values.get(source.inputs[0])
            for node in self.merges
            for source in (_next(node, self.by_name),)
            if source is not None
        }

    def keep_going(self, state: Sequence[Value | None]) -> None:
        """Give the Merges the values they have after the last turn.

        Raises:
            Unsupported: TensorRT has no such loop.
        """
        known = [value for value in state if value is not None]
        if len(known) < len(state):
            raise Unsupported(self.condition.name, "What this loop begins with cannot be lowered.")
        changing = [place for place, node in enumerate(self.merges) if not self._keeps(node)]
        results = lower_loop(self.run.b, self.condition, known, changing, self._whether, self._turn)
        for node, value in zip(self.merges, results, strict=True):
            self.run.values[TensorRef(node.name)] = value

    def _whether(self, now: tuple[Value, ...]) -> tuple[Value, ...]:
        go = self.decide({node.name: v for node, v in zip(self.merges, now, strict=True)})
        return self._found([go])

    def _turn(self, now: tuple[Value, ...]) -> tuple[Value, ...]:
        self._whether(now)
        # Inside a turn, the condition held.
        self.run.values[TensorRef(self.condition.name)] = Value.known(np.bool_(True))
        for node in self.body:
            self.run.values.pop(TensorRef(node.name), None)
            self.run.lower(node)
        return self._found(list(self.following().values()))

    def _found(self, values: Sequence[Value | None]) -> tuple[Value, ...]:
        found = tuple(value for value in values if value is not None)
        if len(found) < len(values):
            raise Unsupported(self.condition.name, "A turn of this loop cannot be lowered.")
        return found

    def _keeps(self, merge: Node) -> bool:
        """Whether a turn leaves a variable as it is."""
        source = _next(merge, self.by_name)
        while source is not None and source.name != merge.name:
            if source.op not in (*_COPIES, *_PASSES):
                return False
            source = self.by_name.get(source.inputs[0].node)
        return source is not None


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
