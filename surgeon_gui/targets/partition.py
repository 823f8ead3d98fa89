"""Which parts of a graph become TensorRT segments, and what stays in TensorFlow around them.

The words and defaults are those of TF-TRT: a segment is a convex set of nodes a target takes, of at
least `minimum_segment_size` nodes; what is smaller, refused or denied stays in TensorFlow.
Constants do not count: every segment gets its own copies of those it reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph, TensorRef

BORDER = "It stays in TensorFlow, as the borders of a graph do."
"""Why the ends of a graph are in no segment."""


@dataclass(frozen=True)
class PartitionOptions:
    """How a graph is divided.

    Args:
        minimum_segment_size: nodes below which a segment stays in TensorFlow; constants and
            identities do not count.
        deny: globs of names that stay in TensorFlow (TF-TRT's `nodes_blacklist`).
        allow: globs of the only names that may be converted; empty allows all.
        dynamic: segments may have inputs of unknown shape, built when the shape is met
            (TF-TRT's `is_dynamic_op`); else only the first dimension may be unknown.

    Raises:
        UsageError: the size is below 1.
    """

    minimum_segment_size: int = 3
    deny: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    dynamic: bool = False

    def __post_init__(self) -> None:
        if self.minimum_segment_size < 1:
            raise UsageError("A segment has at least one node.", where="minimum segment size")

    def idle_patterns(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of `deny` and `allow` that no node's name fits."""
        known = tuple(names)
        return tuple(
            pattern
            for pattern in (*self.deny, *self.allow)
            if not any(name == pattern or fnmatchcase(name, pattern) for name in known)
        )


@dataclass(frozen=True)
class Segment:
    """A set of nodes that becomes one engine.

    Attributes:
        name: the node it becomes, `TRTEngineOp_0` ….
        nodes: its members, producers first; constants are not among them.
        constants: the constant nodes it gets copies of, producers first.
        inputs: tensors it reads from outside, in the order they are read.
        outputs: tensors read outside, in the order of their nodes.
        controls: nodes outside that some member waits for.
        size: members that compute something.
    """

    name: str
    nodes: tuple[str, ...]
    constants: tuple[str, ...]
    inputs: tuple[TensorRef, ...]
    outputs: tuple[TensorRef, ...]
    controls: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Suggestion:
    """What one more cure would bring.

    Attributes:
        nodes: the nodes to cure, all of one op and reason.
        op: their op.
        reason: why they stay in TensorFlow.
        rule: id of the bundled rule that cures them, or None.
        segments: how many segments there would be then.
        converted: how many nodes would be converted then.
    """

    nodes: tuple[str, ...]
    op: str
    reason: str
    rule: str | None
    segments: int
    converted: int


@dataclass(frozen=True)
class Partition:
    """A graph divided into segments and the rest.

    Attributes:
        target: the target whose verdicts were taken.
        graph: the graph.
        segments: in the order they can run.
        remaining: live nodes outside all segments → why; constants are not among them.
        live: how many nodes the outputs need, constants included.
        kept_constants: the constants that nodes outside read.
    """

    target: str
    graph: Graph = field(repr=False)
    segments: tuple[Segment, ...]
    remaining: Mapping[str, str] = field(repr=False)
    live: int
    kept_constants: tuple[str, ...]

    @property
    def converted(self) -> int:
        """Live nodes that are not needed in TensorFlow any more, constants included."""
        return self.live - len(self.remaining) - len(self.kept_constants)

    @property
    def left(self) -> int:
        """Nodes of the divided graph: what stays in TensorFlow, and one for each segment."""
        return self.live - self.converted + len(self.segments)

    @property
    def rate(self) -> float:
        """Share of the live nodes that are converted, 0 to 1."""
        return self.converted / self.live if self.live else 0.0

    @property
    def remaining_ops(self) -> dict[str, int]:
        """How often each op remains, the most frequent first."""
        counted = Counter(self.graph[name].op for name in self.remaining)
        return dict(counted.most_common())

    @property
    def is_whole(self) -> bool:
        """Whether one segment is all but the borders of the graph: a plain engine would do."""
        return len(self.segments) == 1 and all(
            reason == BORDER for reason in self.remaining.values()
        )
