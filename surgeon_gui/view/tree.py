"""The namespaces of a graph as a tree of what can be drawn.

Items are integers: a node is its position in `Tree.nodes` (≥ 0), a group is `~number` (< 0). An
operation and a namespace of the same path are thus two items. `Tree.nodes` is ordered so that every
group is one range of it.

What is simplified on the way: folded constants are no items; a namespace that would show a single
thing is replaced by that thing; a group of more than `MOST_CHILDREN` is split into parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from surgeon_gui.graph.model import Graph
from surgeon_gui.view.flow import Flow, flow_steps
from surgeon_gui.view.fold import Folding, fold_steps
from surgeon_gui.view.pace import BATCH, Pace, completed

MOST_CHILDREN = 300
_PART = 150
ROOT = -1


@dataclass(slots=True)
class Group:
    """A namespace, or a part of one that has too many members.

    Attributes:
        path: the namespace, without a closing slash; empty for the whole graph.
        label: the path seen from the parent.
        parent: the item it is in (`ROOT` for the outermost; of the root itself too).
        depth: 0 for the root.
        part: 0 for a namespace, else the number of the part (from 1) it was split into.
        children: items directly in it, in file order.
        start, stop: the range of `Tree.nodes` inside.
        count: nodes inside, folded constants included.
    """

    path: str
    label: str = ""
    parent: int = ROOT
    depth: int = 0
    part: int = 0
    children: tuple[int, ...] = ()
    start: int = 0
    stop: int = 0
    count: int = 0


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
        """The public name: a node's own, `namespace/` of a group, `namespace/#2/` of a part."""
        if item >= 0:
            return self.graph.nodes[self.nodes[item]].name
        group = self.groups[~item]
        if group.part:
            return f"{self.name(group.parent) if group.parent != ROOT else ''}#{group.part}/"
        return f"{group.path}/" if group.path else ""

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
        """The group item of a namespace (with or without its closing slash), if it is drawn."""
        item = self.by_path.get(path.removesuffix("/"))
        return item if item is not None and item < ROOT else None

    def members(self, item: int) -> tuple[str, ...]:
        """The names of all nodes in a group, folded constants included, in file order."""
        start, stop = self.range_of(item)
        found = set(self.nodes[start:stop])
        path = self.groups[~item].path if item < 0 else ""
        prefix = f"{path}/"
        return tuple(
            node.name
            for position, node in enumerate(self.graph.nodes)
            if position in found
            or (self.place[position] < 0 and bool(path) and node.name.startswith(prefix))
        )


class _Scope:
    """A namespace while the tree is built; `first` is the earliest place of a node inside."""

    __slots__ = ("count", "first", "members", "path", "shown")

    def __init__(self, path: str) -> None:
        self.path = path
        self.members: list[_Member] = []
        self.count = 0
        self.first = 0
        self.shown: _Member | None = self


class _Part:
    """Some members of a scope that has too many."""

    __slots__ = ("members", "number")

    def __init__(self, number: int, members: list[_Member]) -> None:
        self.number = number
        self.members = members


_Member = int | _Scope | _Part


def tree_from_graph(graph: Graph) -> Tree:
    """Return the tree of what can be drawn of `graph`."""
    return completed(tree_steps(graph))


def tree_steps(graph: Graph) -> Pace[Tree]:
    """The same as `tree_from_graph`, in steps."""
    flow = yield from flow_steps(graph)
    folding = yield from fold_steps(graph, flow)
    return (yield from _Builder(graph, flow, folding).build())


class _Builder:
    def __init__(self, graph: Graph, flow: Flow, folding: Folding) -> None:
        self.graph, self.flow, self.folding = graph, flow, folding
        self.groups: list[Group] = []
        self.nodes: list[int] = []
        self.home: list[int] = []
        self.by_path: dict[str, int] = {}
        self.items: dict[_Scope, int] = {}

    def build(self) -> Pace[Tree]:
        scopes = yield from self._scopes()
        yield from self._fill(scopes[""])
        place = [-1] * len(self.graph)
        for position, node in enumerate(self.nodes):
            place[node] = position
        for scope in scopes.values():
            if isinstance(scope.shown, _Scope):
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

    def _scopes(self) -> Pace[dict[str, _Scope]]:
        """Return the namespaces by path, each with what is to be shown for it."""
        scopes = {"": _Scope("")}
        for position, node in enumerate(self.graph.nodes):
            scope = _scope(node.name.rpartition("/")[0], scopes)
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
                if (shown := member.shown if isinstance(member, _Scope) else member) is not None
            ]
            scope.first = min((self._place(member) for member in scope.members), default=0)
            if path:
                scopes[path.rpartition("/")[0]].count += scope.count
                if len(scope.members) < 2:
                    scope.shown = scope.members[0] if scope.members else None
        return scopes

    def _fill(self, root: _Scope) -> Pace[None]:
        """Number groups and nodes depth first; a stack, since names may nest deeply."""
        self.groups.append(Group("", count=root.count))
        self.items[root] = ROOT
        stack = [(ROOT, iter(self._split(root.members)), list[int]())]
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
                stack.append((made, iter(self._split(member.members)), []))

    def _group(self, parent: int, member: _Scope | _Part) -> int:
        outer = self.groups[~parent]
        item = ~len(self.groups)
        made = Group(outer.path, parent=parent, depth=outer.depth + 1, start=len(self.nodes))
        if isinstance(member, _Scope):
            made.path, made.count = member.path, member.count
            made.label = member.path[len(outer.path) + 1 :] if outer.path else member.path
            self.items[member] = item
        else:
            made.part, made.label = member.number, f"part {member.number}"
            self.by_path.setdefault(f"{outer.path}/#{member.number}".lstrip("/"), item)
        self.groups.append(made)
        return item

    def _split(self, members: list[_Member]) -> list[_Member]:
        """Cut a list too long to read into parts that follow the flow."""
        if len(members) <= MOST_CHILDREN:
            return members
        ordered = sorted(members, key=self._place)
        # Equal parts of about `_PART`, but never more parts than that either.
        parts = min(-(-len(ordered) // _PART), _PART)
        size = -(-len(ordered) // parts)
        return [
            _Part(number, ordered[at : at + size])
            for number, at in enumerate(range(0, len(ordered), size), start=1)
        ]

    def _place(self, member: _Member) -> int:
        """Where in the flow a member begins."""
        if isinstance(member, int):
            return self.flow.order[member]
        if isinstance(member, _Scope):
            return member.first
        return min(map(self._place, member.members), default=0)


def _scope(path: str, scopes: dict[str, _Scope]) -> _Scope:
    """Return the namespace of that path, made with those around it if it is new."""
    found = scopes.get(path)
    if found is not None:
        return found
    missing = [path]
    outer = path.rpartition("/")[0]
    while outer not in scopes:
        missing.append(outer)
        outer = outer.rpartition("/")[0]
    for inner in reversed(missing):
        made = _Scope(inner)
        scopes[inner.rpartition("/")[0]].members.append(made)
        scopes[inner] = made
    return scopes[path]
