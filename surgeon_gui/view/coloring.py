"""What nodes are coloured by: a number or a word per node, and what stands for a group of them.

A colouring knows nothing of colours: `Tints` says for each item of a tree where on the scale it is
or which of the kinds it has; the canvas turns that into colours that suit its theme.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from surgeon_gui.view.pace import Pace, completed
from surgeon_gui.view.tree import Tree

T = TypeVar("T")

SUM, MAX = "sum", "max"
# More kinds than this share the last colour.
MOST_KINDS = 7
OTHER = "other"
# A scale that spans more than this is logarithmic.
_WIDE = 100.0
_BATCH = 8000
_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True)
class Numbers:
    """A number per node.

    Attributes:
        key: what the overlay is called in commands and files.
        title: as the legend says it.
        values: by node name; infinity where something is beyond measure.
        unit: `B` is written as KiB and MiB.
        gather: how a group answers for what is inside: `SUM` or `MAX`.
        note: what else there is to know, a short sentence.
    """

    key: str
    title: str
    values: Mapping[str, float]
    unit: str = ""
    gather: str = SUM
    note: str = ""


@dataclass(frozen=True)
class Kinds:
    """A word per node; a group has the word most nodes inside have, or the worst verdict.

    Attributes:
        key, title, note: as in `Numbers`.
        values: by node name.
        order: kinds in the order of the legend; others follow, the frequent ones first.
        words: what the legend says instead of a kind.
        are_verdicts: whether the kinds are statuses, from the best to the worst in `order`, which
            have colours of their own.
    """

    key: str
    title: str
    values: Mapping[str, str]
    order: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    are_verdicts: bool = False
    note: str = ""


Coloring = Numbers | Kinds


@dataclass(frozen=True)
class Scale:
    """From which number to which colours run.

    Attributes:
        low, high: the ends; equal when all numbers are.
        is_log: whether equal steps of colour are equal ratios.
        unit: of the numbers.
    """

    low: float
    high: float
    is_log: bool
    unit: str = ""

    def share(self, value: float) -> float:
        """Return where `value` is between the ends, 0 to 1."""
        if not value < self.high:
            return 1.0
        if not value > self.low:
            return 0.0
        low, high = self.low, self.high
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        # Halves, since the distance of two numbers may be no number.
        return min((value / 2 - low / 2) / (high / 2 - low / 2), 1.0)


def scale_of(values: Iterable[float], unit: str = "") -> Scale:
    """Return the scale that holds all finite numbers among `values`."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    positive = min((value for value in finite if value > 0), default=0.0)
    is_log = low >= 0.0 and positive > 0.0 and high / positive > _WIDE
    return Scale(positive if is_log else low, high, is_log, unit)


def amount(value: float, unit: str) -> str:
    """Return a number with its unit, short: `3.21 MiB`, `0.031 ms`."""
    if not math.isfinite(value):
        return "beyond measure"
    if unit != "B":
        return f"{value:.3g} {unit}".rstrip()
    step = 0
    while abs(value) >= 1024 and step < len(_BYTES) - 1:
        value /= 1024
        step += 1
    return f"{value:.3g} {_BYTES[step]}" if step and value < 1000 else f"{value:.0f} {_BYTES[step]}"


class NumberTints:
    """Numbers of all items of a tree.

    A folded constant is seen in the first node it is shown in only, so that no sum counts it twice.

    Attributes:
        tree: the items.
        coloring: the numbers, of which the constructor gets those of the tree's nodes in order.
        scale: of nodes and groups together.
        plain: how many drawn nodes have no number.
    """

    def __init__(self, tree: Tree, coloring: Numbers, values: Sequence[float | None]) -> None:
        self.coloring = coloring
        self.tree = tree
        own = np.array([math.nan if value is None else value for value in values])
        self._own = own
        self._has = np.concatenate(([0], np.cumsum(~np.isnan(own))))
        self.plain = int(np.count_nonzero(np.isnan(own)))
        known = own[~np.isnan(own)].tolist()
        if coloring.gather == SUM:
            known += self._largest_sum(tree, own)
        self.scale = scale_of(known, coloring.unit)

    def _largest_sum(self, tree: Tree, own: npt.NDArray[np.float64]) -> list[float]:
        """Return what the group with most holds; the root is never shown as one."""
        finite = np.where(np.isfinite(own), own, 0.0)
        # Differences of running sums are quick but not exact, so they only choose the group.
        sums = np.concatenate(([0.0], np.cumsum(finite)))
        ranges = np.array([(group.start, group.stop) for group in tree.groups[1:]], dtype=np.intp)
        if not len(ranges):
            return []
        start, stop = tree.range_of(~(1 + int(np.argmax(sums[ranges[:, 1]] - sums[ranges[:, 0]]))))
        return [float(finite[start:stop].sum())] if self._has[start] != self._has[stop] else []

    def value(self, item: int) -> float | None:
        """The number of a node, or of all inside a group; None where there is none."""
        start, stop = self.tree.range_of(item)
        if self._has[start] == self._has[stop]:
            return None
        inside = self._own[start:stop]
        if self.coloring.gather == MAX:
            return float(np.fmax.reduce(inside))
        with np.errstate(over="ignore"):
            return float(np.nansum(inside))

    def share(self, item: int) -> float | None:
        """Where on the scale an item is; None where it has no number."""
        value = self.value(item)
        return None if value is None else self.scale.share(value)

    def text(self, item: int) -> str:
        """The item's number in words; empty where it has none."""
        value = self.value(item)
        if value is None:
            return ""
        lead = "" if item >= 0 else ("Σ " if self.coloring.gather == SUM else "max ")
        return lead + amount(value, self.coloring.unit)


class KindTints:
    """Kinds of all items of a tree.

    Attributes:
        tree: the items.
        coloring: the kinds, of which the constructor gets those of the tree's nodes in order.
        kinds: what the legend lists, at most `MOST_KINDS` of them, then perhaps `OTHER`.
        others: how many kinds `OTHER` stands for.
        plain: how many drawn nodes have no kind.
    """

    def __init__(self, tree: Tree, coloring: Kinds, words: Sequence[str | None]) -> None:
        self.coloring = coloring
        self.tree = tree
        counts = Counter(word for word in words if word)
        self.plain = len(words) - counts.total()
        first = [kind for kind in coloring.order if kind in counts]
        rest = sorted((kind for kind in counts if kind not in first), key=lambda k: (-counts[k], k))
        self._names = [*first, *rest]
        index = {kind: at for at, kind in enumerate(self._names)}
        index[""] = -1
        self._codes = np.array([index[word or ""] for word in words], dtype=np.int64)
        most = max(MOST_KINDS, len(first))
        self.kinds = (*self._names[:most], *((OTHER,) if len(self._names) > most else ()))
        self.others = len(self._names) - most if len(self._names) > most else 0
        self._groups: dict[int, int] = {}
        self._alike: dict[int, bool] = {}

    def value(self, item: int) -> str | None:
        """The kind of a node, or the one that stands for a group; None where there is none."""
        code = self._code(item)
        return None if code < 0 else self._names[code]

    def place(self, item: int) -> int | None:
        """The place of an item's kind among `kinds`; None where it has none."""
        code = self._code(item)
        return None if code < 0 else min(code, len(self.kinds) - 1)

    def text(self, item: int) -> str:
        """The item's kind in words; empty where it has none."""
        value = self.value(item)
        if value is None:
            return ""
        word = self.coloring.words.get(value, value)
        if item >= 0 or self._is_alike(item):
            return word
        return f"worst: {word}" if self.coloring.are_verdicts else f"mostly {word}"

    def _is_alike(self, group: int) -> bool:
        """Whether all nodes of a group have the kind that stands for it."""
        found = self._alike.get(group)
        if found is None:
            start, stop = self.tree.range_of(group)
            found = bool((self._codes[start:stop] == self._code(group)).all())
            self._alike[group] = found
        return found

    def _code(self, item: int) -> int:
        if item >= 0:
            return int(self._codes[item])
        found = self._groups.get(item)
        if found is None:
            start, stop = self.tree.range_of(item)
            inside = self._codes[start:stop]
            if self.coloring.are_verdicts:
                found = int(inside.max(initial=-1))
            else:
                counts = np.bincount(inside[inside >= 0])
                found = int(np.argmax(counts)) if len(counts) else -1
            self._groups[item] = found
        return found


Tints = NumberTints | KindTints


def tints_for(tree: Tree, coloring: Coloring) -> Tints:
    """Return what a colouring says of each item of a tree."""
    return completed(tints_steps(tree, coloring))


def tints_steps(tree: Tree, coloring: Coloring) -> Pace[Tints]:
    """The same as `tints_for`, in steps."""
    if isinstance(coloring, Kinds):
        words = yield from _by_node(tree, coloring.values, lambda own, _: own)
        return KindTints(tree, coloring, words)
    is_sum = coloring.gather == SUM
    numbers = yield from _by_node(
        tree, coloring.values, lambda a, b: a + b if is_sum else max(a, b)
    )
    yield 1.0
    return NumberTints(tree, coloring, numbers)


def _by_node(
    tree: Tree, values: Mapping[str, T], both: Callable[[T, T], T]
) -> Pace[list[T | None]]:
    """Return the value of each drawn node, its own and that of constants folded into it."""
    nodes, get, place = tree.graph.nodes, values.get, tree.place
    found: list[T | None] = []
    for at in range(0, len(tree.nodes), _BATCH):
        found += [get(nodes[position].name) for position in tree.nodes[at : at + _BATCH]]
        yield 0.3
    for number, (position, readers) in enumerate(tree.folding.readers.items()):
        if number % _BATCH == 0:
            yield 0.7
        value = get(nodes[position].name)
        if value is not None:
            at = place[readers[0]]
            own = found[at]
            found[at] = value if own is None else both(own, value)
    return found
