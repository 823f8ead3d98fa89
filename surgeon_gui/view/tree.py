"""The namespaces of a graph as a tree of what can be drawn.

Items are integers: a node is its position in `Tree.nodes` (≥ 0), a group is `~number` (< 0). An
operation and a namespace of the same path are thus two items. `Tree.nodes` is ordered so that every
group is one range of it.

What is simplified on the way: folded constants are no items; a namespace that would show a single
thing is replaced by that thing; numbered siblings that are alike fold into a series; a group of
more than `MOST_CHILDREN` is split into parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from surgeon_gui.graph.model import Graph
from surgeon_gui.view.flow import Flow, flow_steps
from surgeon_gui.view.fold import Folding, fold_steps
from surgeon_gui.view.pace import BATCH, Pace, completed
from surgeon_gui.view.scopes import Member, Part, Scope, Series, nodes_in, scope_at
from surgeon_gui.view.series import DOTS, label, namespaces_in, series_name, series_steps

MOST_CHILDREN = 300
_PART = 150
ROOT = -1


@dataclass(slots=True)
class Group:
    """A namespace, a series of them, or a part of one that has too many members.

    Attributes:
        path: the namespace, without a closing slash; empty for the whole graph. A series and a part
            have the one they are in.
        label: the path seen from the parent.
        parent: the item it is in (`ROOT` for the outermost; of the root itself too).
        depth: 0 for the root.
        part: 0 for a namespace, else the number of the part (from 1) it was split into.
        series: the paths of the namespaces a series folds.
        children: items directly in it, in file order.
        start, stop: the range of `Tree.nodes` inside.
        count: nodes inside, folded constants included.
    """

    path: str
    label: str = ""
    parent: int = ROOT
    depth: int = 0
    part: int = 0
    series: tuple[str, ...] = ()
    children: tuple[int, ...] = ()
    start: int = 0
    stop: int = 0
    count: int = 0


def _name(groups: Sequence[Group], item: int) -> str:
    group = groups[~item]
    if group.series:
        return f"{series_name(group.series[0], group.series[-1])}/"
    if group.part:
        return f"{_name(groups, group.parent)}#{group.part}/"
    return f"{group.path}/" if group.path else ""


@dataclass(frozen=True)
class Tree:
    """The drawable items of a graph.

    Attributes:
        graph: what it was made from.
        flow: its edges.
        folding: its folded constants.
        nodes: graph positions of the nodes drawn, in tree order.
        place: graph position → position in `nodes`, -1 for folded constants.
        home: per entry of `nodes` the group item it is in.
        groups: group `~g` at index g; the root first.
        by_path: path → group item; a replaced namespace leads to what replaced it.
    """

    graph: Graph
    flow: Flow
    folding: Folding
    nodes: tuple[int, ...]
    place: tuple[int, ...]
    home: tuple[int, ...]
    groups: tuple[Group, ...]
    by_path: dict[str, int] = field(repr=False)

    def group(self, item: int) -> Group:
        return self.groups[~item]

    def parent(self, item: int) -> int:
        """The group item an item is in; the root's parent is the root."""
        return self.home[item] if item >= 0 else self.groups[~item].parent

    def ancestors(self, item: int) -> tuple[int, ...]:
        """The groups around an item, innermost first, without the root."""
        found = []
        current = self.parent(item)
        while current != ROOT:
            found.append(current)
            current = self.groups[~current].parent
        return tuple(found)

    def range_of(self, item: int) -> tuple[int, int]:
        """The range of `nodes` an item covers."""
        if item >= 0:
            return item, item + 1
        group = self.groups[~item]
        return group.start, group.stop

    def depth(self, item: int) -> int:
        return self.groups[~self.home[item]].depth + 1 if item >= 0 else self.groups[~item].depth

    def name(self, item: int) -> str:
        """The public name: a node's own, `namespace/` of a group, `namespace/#2/` of a part.

        A series is named as `view.series` says: `namespace/block_1…block_12/`.
        """
        if item >= 0:
            return self.graph.nodes[self.nodes[item]].name
        return _name(self.groups, item)

    def label(self, item: int) -> str:
        """The name seen from the group it is in."""
        if item < 0:
            return self.groups[~item].label
        name = self.graph.nodes[self.nodes[item]].name
        path = self.groups[~self.home[item]].path
        return name[len(path) + 1 :] if path and name.startswith(path + "/") else name

    def find(self, name: str) -> int | None:
        """The item of a public name; a folded constant gives the first node it is shown in."""
        position = self.graph.position(name) if name in self.graph else None
        if position is not None:
            if self.place[position] >= 0:
                return self.place[position]
            return self.place[self.folding.readers[position][0]]
        return self.by_path.get(name.removesuffix("/"))

    def find_group(self, path: str) -> int | None:
        """The group item of a namespace (with or without its closing slash), if it is drawn.

        A series that has changed since it was named is found by its members.
        """
        path = path.removesuffix("/")
        item = self.by_path.get(path)
        if item is None and DOTS in path:
            members = (self.by_path.get(name[:-1]) for name in namespaces_in(f"{path}/"))
            around = (self.parent(member) for member in members if member is not None)
            item = next((outer for outer in around if self.group(outer).series), None)
        return item if item is not None and item < ROOT else None

    def members(self, item: int) -> tuple[str, ...]:
        """The names of all nodes in a group, folded constants included, in file order."""
        start, stop = self.range_of(item)
        found = set(self.nodes[start:stop])
        group = self.groups[~item] if item < 0 else Group("")
        paths = group.series or ((group.path,) if group.path else ())
        prefixes = tuple(f"{path}/" for path in paths)
        return tuple(
            node.name
            for position, node in enumerate(self.graph.nodes)
            if position in found or (self.place[position] < 0 and node.name.startswith(prefixes))
        )


def tree_from_graph(graph: Graph, *, series: bool = True) -> Tree:
    """Return the tree of what can be drawn of `graph`.

    Args:
        graph: the graph.
        series: whether numbered siblings fold.
    """
    return completed(tree_steps(graph, series=series))


def tree_steps(graph: Graph, *, series: bool = True) -> Pace[Tree]:
    """The same as `tree_from_graph`, in steps."""
    flow = yield from flow_steps(graph)
    folding = yield from fold_steps(graph, flow)
    return (yield from _Builder(graph, flow, folding, folds=series).build())


class _Builder:
    def __init__(self, graph: Graph, flow: Flow, folding: Folding, *, folds: bool) -> None:
        self.graph, self.flow, self.folding, self.folds = graph, flow, folding, folds
        self.groups: list[Group] = []
        self.nodes: list[int] = []
        self.home: list[int] = []
        self.by_path: dict[str, int] = {}
        self.items: dict[Scope, int] = {}

    def build(self) -> Pace[Tree]:
        scopes = yield from self._scopes()
        yield from self._fill(scopes[""])
        yield 0.9
        place = [-1] * len(self.graph)
        for position, node in enumerate(self.nodes):
            place[node] = position
        for number, scope in enumerate(scopes.values()):
            if number % BATCH == 0:
                yield 0.9
            if isinstance(scope.shown, Scope):
                self.by_path[scope.path] = self.items[scope.shown]
            elif isinstance(scope.shown, int):
                self.by_path[scope.path] = place[scope.shown]
        yield 1.0
        return Tree(
            self.graph,
            self.flow,
            self.folding,
            tuple(self.nodes),
            tuple(place),
            tuple(self.home),
            tuple(self.groups),
            self.by_path,
        )

    def _scopes(self) -> Pace[dict[str, Scope]]:
        """Return the namespaces by path, each with what is to be shown for it."""
        scopes = {"": Scope("")}
        for position, node in enumerate(self.graph.nodes):
            scope = scope_at(node.name.rpartition("/")[0], scopes)
            if not self.folding.is_folded[position]:
                scope.members.append(position)
            scope.count += 1
            if position % BATCH == 0:
                yield 0.2
        # A scope is made after the one around it, so the reverse order runs from the inside out.
        for number, (path, scope) in enumerate(reversed(scopes.items())):
            if number % BATCH == 0:
                yield 0.5
            scope.members = [
                shown
                for member in scope.members
                if (shown := member.shown if isinstance(member, Scope) else member) is not None
            ]
            scope.first = min((self._place(member) for member in scope.members), default=0)
            if path:
                scopes[path.rpartition("/")[0]].count += scope.count
                if len(scope.members) < 2:
                    scope.shown = scope.members[0] if scope.members else None
        return scopes

    def _fill(self, root: Scope) -> Pace[None]:
        """Number groups and nodes depth first; a stack, since names may nest deeply."""
        self.groups.append(Group("", count=root.count))
        self.items[root] = ROOT
        stack = [(ROOT, iter((yield from self._members(root))), list[int]())]
        while stack:
            item, members, children = stack[-1]
            member = next(members, None)
            if member is None:
                group = self.groups[~item]
                group.children = tuple(children)
                group.stop = len(self.nodes)
                group.count = group.count or group.stop - group.start
                stack.pop()
            elif isinstance(member, int):
                children.append(len(self.nodes))
                self.home.append(item)
                self.nodes.append(member)
                if len(self.nodes) % BATCH == 0:
                    yield 0.8
            else:
                made = self._group(item, member)
                children.append(made)
                stack.append((made, iter((yield from self._members(member))), []))

    def _group(self, parent: int, member: Scope | Part | Series) -> int:
        outer = self.groups[~parent]
        item = ~len(self.groups)
        made = Group(outer.path, parent=parent, depth=outer.depth + 1, start=len(self.nodes))
        if isinstance(member, Scope):
            made.path, made.count = member.path, member.count
            made.label = member.path[len(outer.path) + 1 :] if outer.path else member.path
            self.items[member] = item
        elif isinstance(member, Series):
            made.series = member.paths
            first, last = (path.rpartition("/")[2] for path in (member.paths[0], member.paths[-1]))
            made.label = label(first, last)
            made.count = sum(inner.count for inner in member.members if isinstance(inner, Scope))
        else:
            made.part, made.label = member.number, f"part {member.number}"
        self.groups.append(made)
        if not isinstance(member, Scope):
            self.by_path.setdefault(_name(self.groups, item)[:-1], item)
        return item

    def _members(self, member: Scope | Part | Series) -> Pace[list[Member]]:
        """Return what is drawn directly in a group."""
        members = member.members
        if self.folds and isinstance(member, Scope):
            members = yield from self._folded(member)
        return self._split(members)

    def _folded(self, scope: Scope) -> Pace[list[Member]]:
        """Return the members of a namespace, numbered ones that are alike as one."""
        prefix = f"{scope.path}/" if scope.path else ""
        names = [
            member.path[len(prefix) :].partition("/")[0] if isinstance(member, Scope) else ""
            for member in scope.members
        ]
        nodes = self.graph.nodes
        found = yield from series_steps(
            names, lambda at: nodes_in(scope.members[at]), lambda at: nodes[at].op, self.flow
        )
        series: dict[int, Series] = {}
        for run in found:
            # A box around all there is would only be one more to open.
            if len(run) < len(scope.members):
                paths = tuple(f"{prefix}{names[at]}" for at in run)
                series.update(dict.fromkeys(run, Series([scope.members[at] for at in run], paths)))
        folded = (series.get(at, member) for at, member in enumerate(scope.members))
        return list(dict.fromkeys(folded))

    def _split(self, members: list[Member]) -> list[Member]:
        """Cut a list too long to read into parts that follow the flow."""
        if len(members) <= MOST_CHILDREN:
            return members
        ordered = sorted(members, key=self._place)
        # Equal parts of about `_PART`, but never more parts than that either.
        parts = min(-(-len(ordered) // _PART), _PART)
        size = -(-len(ordered) // parts)
        return [
            Part(number, ordered[at : at + size])
            for number, at in enumerate(range(0, len(ordered), size), start=1)
        ]

    def _place(self, member: Member) -> int:
        """Where in the flow a member begins."""
        if isinstance(member, int):
            return self.flow.order[member]
        if isinstance(member, Scope):
            return member.first
        return min(map(self._place, member.members), default=0)
