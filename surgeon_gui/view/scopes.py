"""The namespaces of a graph while its tree is made."""

from __future__ import annotations


class Scope:
    """A namespace while the tree is built; `first` is the earliest place of a node inside."""

    __slots__ = ("count", "first", "members", "path", "shown")

    def __init__(self, path: str) -> None:
        self.path = path
        self.members: list[Member] = []
        self.count = 0
        self.first = 0
        self.shown: Member | None = self


class Part:
    """Some members of a scope that has too many."""

    __slots__ = ("members", "number")

    def __init__(self, number: int, members: list[Member]) -> None:
        self.number = number
        self.members = members


class Series:
    """Members of a scope that fold, and the paths of the namespaces they are."""

    __slots__ = ("members", "paths")

    def __init__(self, members: list[Member], paths: tuple[str, ...]) -> None:
        self.members = members
        self.paths = paths


Member = int | Scope | Part | Series


def nodes_in(member: Member) -> list[int]:
    """Return the positions of the nodes drawn in a member."""
    found: list[int] = []
    waiting = [member]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, int):
            found.append(inner)
        else:
            waiting += inner.members
    return found


def scope_at(path: str, scopes: dict[str, Scope]) -> Scope:
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
        made = Scope(inner)
        scopes[inner.rpartition("/")[0]].members.append(made)
        scopes[inner] = made
    return scopes[path]
