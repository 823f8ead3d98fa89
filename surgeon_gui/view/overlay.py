"""What is drawn over the nodes: one mark per node, and the worst of them for a closed group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
DIFFERENCES = (ADDED, REMOVED, CHANGED)
"""What a node is when two graphs are compared."""

# From the best to the worst; a group wears the worst inside.
STATUSES = ("vanishes", "takes", "unknown", "caveat", "cured", "refuses", *reversed(DIFFERENCES))
_RANK = {status: rank for rank, status in enumerate(STATUSES)}
_DRAWN = frozenset(status for status in STATUSES if _RANK[status] >= _RANK["unknown"])
_CONVERTS = frozenset({"vanishes", "takes", "caveat"})


@dataclass(frozen=True, slots=True)
class Mark:
    """What an overlay says about one node.

    Attributes:
        status: one of `STATUSES`. `takes` and `vanishes` draw nothing; `caveat` a warning,
            `cured` a wrench (a rule cures it), `refuses` a cross, `unknown` a question mark;
            `added`, `removed` and `changed` a plus, a minus and a tilde.
        reason: one sentence for the tooltip.
    """

    status: str
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status not in _RANK:
            raise ValueError(f"{self.status!r} is none of {', '.join(STATUSES)}")

    @property
    def rank(self) -> int:
        """How bad it is; higher is worse."""
        return _RANK[self.status]

    @property
    def is_drawn(self) -> bool:
        """Whether the node wears a badge for it."""
        return self.status in _DRAWN


@dataclass(frozen=True, slots=True)
class Summary:
    """The marks of several nodes, as a closed group shows them.

    Attributes:
        worst: the worst status inside, None where no node has a mark.
        count: how many nodes have that status.
        converts: share of the marked nodes the target takes, 0 to 1.
        differences: how many nodes were added, removed and changed, of those that are not none.
    """

    worst: str | None = None
    count: int = 0
    converts: float = 1.0
    differences: tuple[tuple[str, int], ...] = ()

    @property
    def is_drawn(self) -> bool:
        """Whether the group wears a badge for it."""
        return self.worst is not None and _RANK[self.worst] >= _RANK["unknown"]


@dataclass(frozen=True)
class Overlay:
    """Marks by node name; nodes without one are drawn plain.

    Attributes:
        marks: node name → mark.
        title: what the marks are about, as the legend says it: `TensorRT 10`.
        edges: producer and consumer of an edge → `added` or `removed`.
    """

    marks: Mapping[str, Mark] = field(default_factory=lambda: MappingProxyType({}))
    title: str = ""
    edges: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def statuses(self) -> frozenset[str]:
        """The statuses there are."""
        return frozenset({mark.status for mark in self.marks.values()})

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """The nodes whose marks are drawn; mostly few, so that others need not be looked at."""
        return tuple(name for name, mark in self.marks.items() if mark.status in _DRAWN)

    def summary(self, names: Iterable[str]) -> Summary:
        """Return the summary of the marks of `names`."""
        counts: dict[str, int] = {}
        for name in names:
            mark = self.marks.get(name)
            if mark is not None:
                counts[mark.status] = counts.get(mark.status, 0) + 1
        return summarize(counts)


def summarize(counts: Mapping[str, int]) -> Summary:
    """Return the summary of `counts` (status → nodes that have it)."""
    total = sum(counts.values())
    if not total:
        return Summary()
    worst = max(counts, key=_RANK.__getitem__)
    converts = sum(count for status, count in counts.items() if status in _CONVERTS)
    differences = tuple((status, counts[status]) for status in DIFFERENCES if status in counts)
    return Summary(worst, counts[worst], converts / total, differences)
