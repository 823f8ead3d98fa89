"""Where rules would apply, how often, and why one does not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.rule import Rule
from surgeon_gui.rewrite.subject import Match, Mismatch, Subject


class RuleIndex:
    """Rules by the operations their roots may be, in order."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._any: list[tuple[int, Rule]] = []
        self._by_op: dict[str, list[tuple[int, Rule]]] = {}
        self._merged: dict[str, tuple[Rule, ...]] = {}
        self.depth = 1
        for number, rule in enumerate(rules):
            self.depth = max(self.depth, rule.depth)
            ops = {op for pattern in rule.patterns for op in pattern.ops}
            if any(not pattern.ops for pattern in rule.patterns):
                self._any.append((number, rule))
            else:
                for op in ops:
                    self._by_op.setdefault(op, []).append((number, rule))

    def rules(self, op: str) -> tuple[Rule, ...]:
        """Return the rules that can have a node of this op as their root."""
        found = self._merged.get(op)
        if found is None:
            numbered = sorted([*self._any, *self._by_op.get(op, [])], key=lambda item: item[0])
            found = self._merged[op] = tuple(rule for _, rule in numbered)
        return found


def find_rule_matches(
    graph: Graph,
    rule: Rule,
    subject: Subject | None = None,
    *,
    roots: Iterable[str] | None = None,
) -> list[Match]:
    """Return where a rule would apply to the graph as it is, in node order.

    Args:
        graph: the graph.
        rule: the rule.
        subject: `Subject.of(graph)`, to share what is inferred between several rules.
        roots: the only nodes asked, in node order; None asks all.
    """
    ((_, matches),) = matches_by_rule(graph, [rule], subject, roots=roots)
    return matches


def matches_by_rule(
    graph: Graph,
    rules: Iterable[Rule],
    subject: Subject | None = None,
    *,
    roots: Iterable[str] | None = None,
) -> Iterator[tuple[Rule, list[Match]]]:
    """Yield what `find_rule_matches` returns for each rule in turn; nodes are sorted once for all.

    Args:
        graph: the graph.
        rules: the rules, in the order wanted.
        subject: `Subject.of(graph)`, where there is one.
        roots: the only nodes asked, in node order; None asks all.
    """
    subject = subject or Subject.of(graph)
    asked = graph.nodes if roots is None else [graph[name] for name in roots]
    by_op: dict[str, list[tuple[int, str]]] = {}
    for number, node in enumerate(asked):
        by_op.setdefault(node.op, []).append((number, node.name))
    sources: dict[str, frozenset[str]] = {}
    for rule in rules:
        ops = {op for pattern in rule.patterns for op in pattern.ops}
        if any(not pattern.ops for pattern in rule.patterns):
            ops = set(by_op)
        matches = []
        for _, name in sorted(place for op in ops for place in by_op.get(op, ())):
            if name not in sources:
                sources[name] = subject.source_ops(name)
            match = rule.match(subject, name, sources[name])
            if match is not None:
                matches.append(match[0])
        yield rule, matches


def count_matches(graph: Graph, rules: Iterable[Rule]) -> dict[str, int]:
    """Return how often each rule would apply to the graph as it is, by id."""
    subject = Subject.of(graph)
    listed = list(rules)
    counts = {rule.id: 0 for rule in listed}
    index = RuleIndex(listed)
    for node in graph:
        rules_here = index.rules(node.op)
        sources = subject.source_ops(node.name) if rules_here else frozenset()
        for rule in rules_here:
            if rule.match(subject, node.name, sources) is not None:
                counts[rule.id] += 1
    return counts


def why_not(graph: Graph, rule: Rule, node: str) -> Mismatch | None:
    """Return why a rule does not apply at a node, None when it does.

    The node may be the root of the rule's pattern or stand within it; then the roots downstream
    are asked, and the nearest miss is returned.

    Raises:
        UnknownNode: there is no such node.
    """
    subject = Subject.of(graph)
    wanted = graph[node]
    roots = frozenset(op for pattern in rule.patterns for op in pattern.ops)
    open_root = any(not pattern.ops for pattern in rule.patterns)
    if open_root or wanted.op in roots:
        return rule.nearest_miss(subject, node)
    inner = {op for pattern in rule.patterns for part in pattern.nodes() for op in part.ops}
    starts = " or ".join(sorted(roots))
    if wanted.op not in inner:
        return Mismatch(node, f"The rule starts at {starts}; this is {wanted.op}.")
    misses: list[Mismatch] = []
    for name in _downstream(graph, node, rule.depth):
        if graph[name].op not in roots:
            continue
        miss = rule.nearest_miss(subject, name)
        if miss is None:
            return None
        misses.append(miss)
    return misses[0] if misses else Mismatch(node, f"No {starts} reads what it makes.")


def roots_over(graph: Graph, names: Iterable[str], depth: int) -> list[str]:
    """Return the nodes that can be the root of a match with one of `names` in it, in node order.

    Args:
        graph: the graph.
        names: nodes.
        depth: the deepest pattern's.
    """
    far = dict.fromkeys(names, 0)
    pending = deque(far)
    while pending:
        name = pending.popleft()
        step = graph[name].op != "Identity"
        reached = far[name] + step
        if reached >= depth:
            continue
        for reader in graph.consumers(name):
            if reached < far.get(reader.name, depth):
                far[reader.name] = reached
                # What is no step away comes first, so that the nearest way counts.
                (pending.append if step else pending.appendleft)(reader.name)
    return sorted(far, key=graph.position)


def _downstream(graph: Graph, name: str, depth: int) -> list[str]:
    seen = {name: 0}
    pending = [name]
    for current in pending:
        node = graph[current]
        far = seen[current] + (node.op != "Identity")
        if far < depth:
            for reader in graph.consumers(current):
                if reader.name not in seen:
                    seen[reader.name] = far
                    pending.append(reader.name)
    return pending[1:]
