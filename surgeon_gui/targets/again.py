"""Inspecting a graph again after an edit: only what the edit can have changed is judged.

The verdict on a node depends on the node and its neighbourhood. So the nodes an edit touches are
cut out with a margin around them, judged as a small graph of their own, and the verdicts of all
others stay; rules are tried on the graph itself, at the roots that can reach what was touched.
Where that would not be the same (control flow, open dimensions, functions, too much touched) the
whole graph is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from surgeon_gui.errors import GraphCycle
from surgeon_gui.graph.creators import FoundCreator, found_creators
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs, reachable
from surgeon_gui.graph.shapes import FLOW, Types, infer_types
from surgeon_gui.graph.update import update_types
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.rewrite.search import roots_over
from surgeon_gui.targets.base import (
    VANISHES,
    Judgement,
    Question,
    SupportReport,
    Target,
    Verdict,
    find_target,
)
from surgeon_gui.targets.cutting import cut_out
from surgeon_gui.targets.inspect import (
    circular,
    curable,
    cures,
    inspect,
    report_of,
    rules_for,
    with_cures,
)
from surgeon_gui.targets.pitfalls import Hits
from surgeon_gui.uff.graph import is_uff_graph

REGION = (6, 3)
"""How far a verdict may change: so many edges downstream, and from there so many upstream."""

MARGIN = (7, 3, 3)
"""How far around those the cut goes, so that their neighbourhood is whole: so many edges upstream,
so many downstream, and from there so many upstream."""

LARGEST_SHARE = 0.25
"""Of the graph's nodes; a larger cut is not worth it."""


@dataclass(frozen=True)
class _Seen:
    """What was seen of a graph; the verdicts are those of the target, without the cures found."""

    graph: Graph
    outputs: tuple[TensorRef, ...]
    shapes: Mapping[str, Shape]
    types: Types
    verdicts: Mapping[str, Verdict]
    cures: Mapping[str, str]
    hits: Hits
    live: frozenset[str]
    tensors: Mapping[TensorRef, TensorType]


@dataclass
class Inspector:
    """Inspects graphs one after the other; what it saw of the last one per target it reuses.

    Attributes:
        was_local: whether the last inspection judged a part only.
    """

    was_local: bool = False
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _creators: Mapping[str, FoundCreator] = field(default_factory=found_creators)

    def inspect(
        self,
        graph: Graph,
        target_id: str,
        *,
        outputs: Sequence[TensorRef] | None = None,
        shapes: Mapping[str, Shape] | None = None,
    ) -> SupportReport:
        """Do what `targets.inspect` does.

        Args:
            graph: the graph.
            target_id: see `catalogue`.
            outputs: what must be computed; None deduces it.
            shapes: placeholder shapes that fix unknown dimensions.

        Raises:
            UsageError: there is no such target.
        """
        try:
            return self._inspect(graph, target_id, outputs, shapes)
        except GraphCycle as cycle:
            self._seen.pop(target_id, None)
            self.was_local = False
            return circular(graph, find_target(target_id), cycle)

    def _inspect(
        self,
        graph: Graph,
        target_id: str,
        outputs: Sequence[TensorRef] | None,
        shapes: Mapping[str, Shape] | None,
    ) -> SupportReport:
        target = find_target(target_id)
        creators = found_creators()
        if creators is not self._creators:
            # Plugins came or went: a verdict may be another though the graph is the same.
            self._seen.clear()
            self._creators = creators
        if is_uff_graph(graph):
            self.was_local = False
            return inspect(graph, target_id, outputs=outputs, shapes=shapes)
        wanted = tuple(deduce_outputs(graph) if outputs is None else outputs)
        given = dict(shapes or {})
        before = self._seen.get(target_id)
        if before is not None and (before.shapes != given or before.outputs != wanted):
            before = None
        edit = _Edit.of(before, graph) if before is not None else None
        seen = _local(target, edit) if edit is not None else None
        self.was_local = seen is not None
        if seen is None:
            types = infer_types(graph, given) if edit is None else edit.types
            judgement = target.judge(Question(graph, wanted, given, types))
            found = (
                _cures(target, edit, judgement.verdicts)
                if edit is not None and edit.is_small
                else cures(
                    graph, target, curable(judgement.verdicts), types=None if given else types
                )
            )
            live = frozenset(reachable(graph, [ref.node for ref in wanted]))
            seen = _Seen(
                graph,
                wanted,
                given,
                types,
                judgement.verdicts,
                found,
                judgement.hits,
                live,
                judgement.types,
            )
        self._seen[target_id] = seen
        verdicts = with_cures(seen.verdicts, seen.cures)
        return report_of(target, graph, verdicts, seen.hits, seen.tensors)


_last = Inspector()


def inspect_again(graph: Graph, target_id: str) -> SupportReport:
    """Do what `targets.inspect` does, reusing what this process saw of the graph before an edit.

    The graph may have been read anew: nodes that are equal to the last graph's count as the same.
    """
    seen = _last._seen.get(target_id)
    if seen is not None:
        graph = _with_nodes_of(graph, seen.graph)
    return _last.inspect(graph, target_id)


def _with_nodes_of(graph: Graph, before: Graph) -> Graph:
    nodes = tuple(
        old if (old := before.get(node.name)) is not None and old == node else node
        for node in graph
    )
    return Graph(nodes, graph.versions, graph.library, graph.extra, graph.outputs)


@dataclass(frozen=True)
class _Edit:
    """What an edit did.

    Attributes:
        before: what was seen of the graph before it.
        types: what is known of the tensors now.
        live: the nodes that outputs need now.
        touched: nodes of which something is another now.
    """

    before: _Seen
    graph: Graph
    types: Types
    live: frozenset[str]
    touched: frozenset[str]

    @classmethod
    def of(cls, before: _Seen, graph: Graph) -> _Edit | None:
        """Return what leads from one graph to the other; None where they are too different."""
        if graph is before.graph:
            return cls(before, graph, before.types, before.live, frozenset())
        if graph.library != before.graph.library or graph.versions != before.graph.versions:
            return None
        live = frozenset(reachable(graph, [ref.node for ref in before.outputs]))
        types, stale = update_types(before.types, graph, before.shapes)
        turned = {name for name in live ^ before.live if name in graph}
        touched = frozenset(_touched(before.graph, graph) | stale | turned)
        return cls(before, graph, types, live, touched)

    @property
    def most(self) -> float:
        """Of how many nodes a part is worth judging alone."""
        return LARGEST_SHARE * len(self.graph)

    @property
    def is_small(self) -> bool:
        return len(self.touched) <= self.most


def _local(target: Target, edit: _Edit) -> _Seen | None:
    """Return what is known after judging a part of the graph; None where that does not do."""
    before, graph, types, live = edit.before, edit.graph, edit.types, edit.live
    if graph is before.graph:
        return before
    if not edit.is_small:
        return None
    touched, most = edit.touched, edit.most
    region = _region(graph, types, touched)
    if len(region) > most or any(graph[name].op in FLOW for name in region):
        return None
    cut = _with_margin(graph, types, region, touched)
    if len(cut) > most:
        return None
    if any(ref.node in cut for ref in types.dead):
        # Which branch is never taken cannot be seen from inside.
        return None
    small = cut_out(graph, cut & live, types, before.outputs)
    if small is None or (small.nodes and not small.outputs):
        return None
    # What no output needs was cut away: where nothing else was touched there is nothing to judge.
    judgement = (
        target.judge(Question(small, small.outputs, before.shapes))
        if small.outputs
        else Judgement({})
    )
    fresh = {
        name: judgement.verdicts[name] if name in live else VANISHES
        for name in region
        if name in touched or not _is_known(graph[name], types)
        if name not in live or name in small
    }
    verdicts = {}
    for node in graph:
        verdict = fresh.get(node.name) or before.verdicts.get(node.name)
        if verdict is None:
            return None
        verdicts[node.name] = verdict
    hits = {
        key: tuple(
            name
            for name in dict.fromkeys([*before.hits.get(key, ()), *judgement.hits.get(key, ())])
            if name in graph
            and (name in judgement.hits.get(key, ()) if name in region else name in live)
        )
        for key in {**before.hits, **judgement.hits}
    }
    tensors = {ref: known for ref, known in before.tensors.items() if ref.node in graph}
    tensors |= {ref: known for ref, known in judgement.types.items() if ref.node in region}
    found = _cures(target, edit, verdicts)
    return _Seen(graph, before.outputs, before.shapes, types, verdicts, found, hits, live, tensors)


def _cures(target: Target, edit: _Edit, verdicts: Mapping[str, Verdict]) -> dict[str, str]:
    """Return the rules that cure nodes, trying only those that can hold something touched."""
    before, graph, types, touched = edit.before, edit.graph, edit.types, edit.touched
    asked, known = curable(verdicts), curable(before.verdicts)
    depth = max((rule.depth for rule in rules_for(target)), default=1)
    near = _spread(graph, types, roots_over(graph, touched, depth), 2 * depth, down=False)
    open_ = {name for name in asked if name in near or name not in known}
    found = {name: rule for name, rule in before.cures.items() if name in asked - open_}
    if open_:
        given = None if before.shapes else types
        roots = roots_over(graph, open_, depth)
        found |= cures(graph, target, open_, types=given, roots=roots)
    return found


def _touched(before: Graph, after: Graph) -> set[str]:
    """Return the nodes of `after` that are new or changed, or lost a reader or a source."""
    found: set[str] = set()
    for node in after:
        old = before.get(node.name)
        if old is not node:
            found.add(node.name)
            if old is not None:
                found |= {ref.node for ref in old.inputs}
    for node in before:
        if node.name not in after:
            found |= {ref.node for ref in node.inputs}
            found |= {reader.name for reader in before.consumers(node.name)}
    return {name for name in found if name in after}


def _region(graph: Graph, types: Types, touched: Set[str]) -> set[str]:
    """Return the nodes whose verdicts may be others now.

    What reads a touched node matters, and the operands of what reads it; the readers of all of them
    are added, which conditions ask for. Readers of a constant matter only where it was touched.
    What comes out of a loop says nothing about the loop.
    """
    down, up = REGION
    found = _spread(graph, types, touched, down, down=True, touched=touched)
    found = _spread(graph, types, found, up, down=False, stop=FLOW)
    return _spread(graph, types, found, 1, down=True)


def _with_margin(graph: Graph, types: Types, region: Set[str], touched: Set[str]) -> set[str]:
    """Return the region and what is near enough to matter to a verdict in it.

    Loops and conditionals are left out: what comes out of them is a tensor like any other.
    """
    up, down, beside = MARGIN
    above = _spread(graph, types, region, up, down=False, stop=FLOW)
    below = _spread(graph, types, region, down, down=True, touched=touched, stop=FLOW)
    found = above | _spread(graph, types, below, beside, down=False, stop=FLOW)
    return _spread(graph, types, found, 1, down=True, stop=FLOW)


def _spread(
    graph: Graph,
    types: Types,
    names: Iterable[str],
    steps: int,
    *,
    down: bool,
    touched: Set[str] = frozenset(),
    stop: Set[str] = frozenset(),
) -> set[str]:
    """Return the nodes within so many edges down- or upstream, up to the operations in `stop`.

    What a constant feeds, which may be half the graph, is near only where the constant was touched.
    """
    found = set(names)
    border = list(found)
    for _ in range(steps):
        beyond: dict[str, None] = {}
        for name in border:
            if not down:
                near = [graph.get(ref.node) for ref in graph[name].inputs]
            elif name not in touched and _is_known(graph[name], types):
                continue
            else:
                near = list(graph.consumers(name))
            for node in near:
                if node is not None and node.name not in found and node.op not in stop:
                    beyond[node.name] = None
        found.update(beyond)
        border = list(beyond)
    return found


def _is_known(node: Node, types: Types) -> bool:
    return node.is_const or types.value(TensorRef(node.name)) is not None
