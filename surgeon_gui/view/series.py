"""Numbered siblings, `block_1`, `block_2` … `block_12`, that fold into one group: a series.

A series needs members that are alike, and that make one piece of the flow: where the way from one
member to another leads past a third thing (as `conv2d_1` → `norm_1` → `conv2d_2` does), one box for
all of them would be above and below that thing at once, so they do not fold.

The name of a series tells its members: `net/block_1…block_12/` stands for `net/block_1/` to
`net/block_12/`. As TensorFlow names them, the first may have no number: `conv…conv_3/`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from surgeon_gui.view.flow import Flow
from surgeon_gui.view.pace import BATCH, Pace

LEAST = 4
DOTS = "…"
# Ops two neighbours have in common, of all they have together; two of three is another block.
_ALIKE = 0.7
_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)


def series_name(first: str, last: str) -> str:
    """Return the path of the series from one namespace (a path) to its sibling."""
    return f"{first}{DOTS}{last.rpartition('/')[2]}"


def label(first: str, last: str) -> str:
    """Return how a series is written, from the names of its first and last member."""
    return f"{first} {DOTS} {last}"


def short_label(text: str) -> str:
    """Return a label that says the stem but once: `block_1 … 12`."""
    first, _, last = text.rpartition(f" {DOTS} ")
    end = _NUMBERED.fullmatch(last)
    return label(first, end[2]) if end is not None else text


def namespaces_in(item: str) -> tuple[str, ...]:
    """Return the namespaces a series stands for, by its name; of anything else itself.

    >>> namespaces_in("net/block_1…block_3/")
    ('net/block_1/', 'net/block_2/', 'net/block_3/')
    """
    outer, slash, name = item.removesuffix("/").rpartition("/")
    first, dots, last = name.partition(DOTS)
    end = _NUMBERED.fullmatch(last)
    if not item.endswith("/") or not dots or end is None:
        return (item,)
    stem, high = end[1], int(end[2])
    if first == stem.removesuffix("_") and stem.endswith("_"):
        names = [first, *(f"{stem}{number}" for number in range(1, high + 1))]
    else:
        begin = _NUMBERED.fullmatch(first)
        if begin is None or begin[1] != stem:
            return (item,)
        names = [_numbered(stem, number, begin[2]) for number in range(int(begin[2]), high + 1)]
    return tuple(f"{outer}{slash}{name}/" for name in names)


def series_around(items: Sequence[str]) -> str:
    """Return the name of the series that stands for exactly these namespaces; empty for none."""
    if len(items) < LEAST or not all(item.endswith("/") for item in items):
        return ""
    name = f"{series_name(items[0][:-1], items[-1][:-1])}/"
    return name if namespaces_in(name) == tuple(items) else ""


def _numbered(stem: str, number: int, like: str) -> str:
    """Return `stem` with a number written as wide as `like`, if that is padded."""
    return f"{stem}{number:0{len(like)}d}" if like.startswith("0") else f"{stem}{number}"


def numbered_runs(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the places of names with one stem and consecutive numbers, four or more, in order."""
    stems: dict[str, dict[int, tuple[str, int]]] = {}
    for place, name in enumerate(names):
        match = _NUMBERED.fullmatch(name)
        if match is not None:
            stems.setdefault(match[1], {}).setdefault(int(match[2]), (match[2], place))
    found: list[list[int]] = []
    for stem, numbers in stems.items():
        run: list[int] = []
        before, like = -2, ""
        for number, (digits, place) in sorted(numbers.items()):
            if number != before + 1 or names[place] != _numbered(stem, number, like):
                run, like = [], digits
                found.append(run)
            run.append(place)
            before = number
    taken = {place for run in found if len(run) > 1 for place in run}
    where = {name: place for place, name in enumerate(names)}
    for run in found:
        name = names[run[0]]
        unnumbered = where.get(name.removesuffix("_1")) if name.endswith("_1") else None
        if unnumbered is not None and unnumbered not in taken:
            run.insert(0, unnumbered)
    return [tuple(run) for run in found if len(run) >= LEAST]


def series_steps(
    names: Sequence[str],
    inside: Callable[[int], Iterable[int]],
    ops: Callable[[int], str],
    flow: Flow,
) -> Pace[list[tuple[int, ...]]]:
    """Return the series among the members of a namespace, as their places, in steps.

    Args:
        names: each member's name; empty for what is no namespace.
        inside: a member's place → the graph positions of the nodes in it.
        ops: a graph position → the node's op.
        flow: the graph's edges.
    """
    runs = numbered_runs(names)
    if not runs:
        return []
    kinds: dict[int, Counter[str]] = {}
    for run in runs:
        counted = 0
        for place in run:
            kinds[place] = Counter(map(ops, inside(place)))
            counted += kinds[place].total()
            if counted > BATCH:
                counted = 0
                yield 0.0
        yield 0.0
    alike = [part for run in runs for part in _alike(run, kinds)]
    if not alike:
        return []
    level = yield from _level(len(names), inside, flow)
    found = []
    for run in alike:
        if level.is_one_piece(run):
            level.join(run)
            found.append(run)
        yield 0.0
    return found


def _alike(run: tuple[int, ...], kinds: dict[int, Counter[str]]) -> list[tuple[int, ...]]:
    """Cut a run where two neighbours differ; parts with too few members are left out."""
    parts: list[list[int]] = []
    for place in run:
        if not parts or not _are_alike(kinds[parts[-1][-1]], kinds[place]):
            parts.append([])
        parts[-1].append(place)
    return [tuple(part) for part in parts if len(part) >= LEAST]


def _are_alike(one: Counter[str], other: Counter[str]) -> bool:
    return (one & other).total() >= _ALIKE * (one | other).total()


class _Level:
    """Which member of a namespace feeds which; a series that was joined counts as one member."""

    def __init__(self, after: list[set[int]]) -> None:
        self._after = after
        self._leader = list(range(len(after)))

    def is_one_piece(self, run: Sequence[int]) -> bool:
        """Whether no way from one of `run` to another leads past anything else."""
        members = set(run)
        waiting = [place for member in run for place in self._next(member) - members]
        seen = set(waiting)
        while waiting:
            following = self._next(waiting.pop())
            if not members.isdisjoint(following):
                return False
            fresh = following - seen
            seen |= fresh
            waiting += fresh
        return True

    def join(self, run: Sequence[int]) -> None:
        leader = run[0]
        for member in run:
            self._leader[member] = leader
        self._after[leader] = set().union(*(self._after[member] for member in run))

    def _next(self, place: int) -> set[int]:
        leader = self._leader
        return {leader[other] for other in self._after[place]} - {place}


def _level(count: int, inside: Callable[[int], Iterable[int]], flow: Flow) -> Pace[_Level]:
    """Return the edges between members that run along the flow; loops do not count."""
    owner: dict[int, int] = {}
    filed = 0
    for place in range(count):
        owner.update(dict.fromkeys(inside(place), place))
        if len(owner) > filed + BATCH:
            filed = len(owner)
            yield 0.0
    after: list[set[int]] = [set() for _ in range(count)]
    order, consumers, get = flow.order, flow.consumers, owner.get
    for number, (position, place) in enumerate(owner.items()):
        if number % BATCH == 0:
            yield 0.0
        for target in consumers[position]:
            other = get(target, place)
            if other != place and order[target] > order[position]:
                after[place].add(other)
    return _Level(after)
