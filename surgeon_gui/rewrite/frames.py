"""Frames of loops (Enter … Exit): a constant is in the one whose nodes it waits for.

TensorFlow runs a node without inputs outside every loop unless it waits for a node inside, and
refuses to run a node that reads from two frames.
"""

from __future__ import annotations

from collections.abc import Mapping

from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import topological_order

Frame = tuple[object, ...]
"""The names of the loops around a node, the outermost first."""

_ENTERS = frozenset({"Enter", "RefEnter"})
_EXITS = frozenset({"Exit", "RefExit"})
_TURNS = frozenset({"NextIteration", "RefNextIteration"})
_SWITCHES = frozenset({"Switch", "RefSwitch"})
_BODY = 1
"""The port of a loop's Switch that leads into its body."""


def kept_in_frames(before: Graph, after: Graph) -> Graph:
    """Return `after` whose nodes without inputs wait for the loop they were in, if they left it."""
    if before is after or not any(node.op in _ENTERS for node in before):
        return after
    wanted, found = _frames(before), _frames(after)
    left = [
        node
        for node in after
        if not node.inputs and len(found[node.name]) < len(wanted.get(node.name, ()))
    ]
    if not left:
        return after
    conditions = {
        wanted[node.name]: _of_this_turn(after, node.name)
        for node in after
        if node.op == "LoopCond" and node.name in wanted
    }
    draft = Draft(after)
    for node in left:
        frame = wanted[node.name]
        if node.name in conditions.get(frame, ()):
            # The body waits for the condition, which must not wait for the body.
            place = _start(after, wanted, frame)
        else:
            place = _pivot(after, wanted, frame) or _start(after, wanted, frame)
        if place is not None:
            draft.change(node.name, controls=(*node.controls, place))
    return draft.commit()


def _frames(graph: Graph) -> dict[str, Frame]:
    """Return the loops around every node."""
    found: dict[str, Frame] = {}
    for name in topological_order(graph):
        node = graph[name]
        sources = [*(ref.node for ref in node.inputs), *node.controls]
        frame = max((found.get(source, ()) for source in sources), key=len, default=())
        if node.op in _ENTERS:
            frame = (*frame, node.attrs.get("frame_name"))
        found[name] = frame[:-1] if node.op in _EXITS else frame
    return found


def _of_this_turn(graph: Graph, name: str) -> set[str]:
    """Return what a node depends on, but for what an earlier turn of a loop has computed."""
    found: set[str] = set()
    pending = [name]
    while pending:
        name = pending.pop()
        if name in found or name not in graph:
            continue
        found.add(name)
        node = graph[name]
        if node.op not in _TURNS:
            pending += [*(ref.node for ref in node.inputs), *node.controls]
    return found


def _pivot(graph: Graph, frames: Mapping[str, Frame], frame: Frame) -> str | None:
    """Return a node that runs once in every turn of the loop's body and needs nothing else."""
    conditions = {node.name for node in graph if node.op == "LoopCond"}
    for node in graph:
        if frames.get(node.name) != frame or node.controls or len(node.inputs) != 1:
            continue
        ref: TensorRef = node.inputs[0]
        switch: Node | None = graph.get(ref.node)
        if (
            switch is not None
            and switch.op in _SWITCHES
            and ref.port == _BODY
            and switch.inputs[1].node in conditions
        ):
            return node.name
    return None


def _start(graph: Graph, frames: Mapping[str, Frame], frame: Frame) -> str | None:
    """Return a node every turn of the loop begins with."""
    return next(
        (
            node.name
            for node in graph
            if node.op in ("Merge", "RefMerge")
            and frames.get(node.name) == frame
            and any(source.op in _ENTERS for source in _producers(graph, node))
        ),
        None,
    )


def _producers(graph: Graph, node: Node) -> list[Node]:
    return [graph[ref.node] for ref in node.inputs if ref.node in graph]
