"""What an engine route accepts, and why not: targets, verdicts and the report over a graph."""

from __future__ import annotations

import dataclasses
import enum
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Shape, TensorType
from surgeon_gui.registry import Registry
from surgeon_gui.rewrite.routes import ROUTES


class Status(enum.Enum):
    """How a target takes a node, best first."""

    TAKES = "takes"
    VANISHES = "vanishes"
    CAVEAT = "caveat"
    CURED = "cured"
    UNKNOWN = "unknown"
    REFUSES = "refuses"

    @property
    def severity(self) -> int:
        """0 for the best; a closed group wears the mark of its worst member."""
        return list(Status).index(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a target says of one node.

    Attributes:
        status: the verdict.
        reason: why, one sentence; empty where nothing needs saying.
        remedy: what to do, or None.
        rule: id of the bundled rule that cures it, or None.
        source: document and section the fact comes from, or None where our converters decide.
        confidence: high, medium or low.
    """

    status: Status
    reason: str = ""
    remedy: str | None = None
    rule: str | None = None
    source: str | None = None
    confidence: str = "high"


TAKES = Verdict(Status.TAKES)
VANISHES = Verdict(Status.VANISHES, "It is not part of the engine: no output needs it.")
FOLDED = Verdict(Status.VANISHES, "It vanishes: folded into a constant or passed through.")


ANY_OP = "this op."
"""How the cause ends where the reason names an op that has no converter."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the problems list; `node` is empty for what concerns the whole graph.

    Attributes:
        node, op: where.
        severity: `error` or `warning`.
        reason: why, in plain words.
        remedy: what to do, or None.
        rule: id of the bundled rule that cures it, or None.
        source: where the fact comes from, None where our converters decide.
        at: the nodes where a problem of the whole graph shows.
    """

    node: str
    op: str
    severity: str
    reason: str
    remedy: str | None = None
    rule: str | None = None
    source: str | None = None
    at: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """The reason in words that are the same wherever it is told."""
        reason = self.reason
        # A name of letters only may be a word of the sentence.
        if self.node and not self.node.isalpha():
            reason = reason.replace(self.node, "it")
        return reason.removesuffix(f"{self.op}.") + ANY_OP if self.is_of_op else reason

    @property
    def is_of_op(self) -> bool:
        """Whether the reason is that an op has no converter, which is the same for many ops."""
        return bool(self.op) and self.reason.endswith(f" for {self.op}.")

    @property
    def nodes(self) -> tuple[str, ...]:
        """Where it is: its node, or where it shows."""
        return (self.node,) if self.node else self.at

    def as_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "at": list(self.at)}


@dataclass(frozen=True)
class Judgement:
    """What a target's judge returns.

    Attributes:
        verdicts: one per node.
        hits: pitfalls that concern the whole graph, and the nodes where they show.
        types: dtype and shape of tensors, as far as the judge worked them out.
    """

    verdicts: Mapping[str, Verdict]
    hits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[TensorRef, TensorType] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What is asked of a target.

    Args:
        graph: the graph.
        outputs: what must be computed.
        shapes: they fix unknown dimensions of placeholders.
        known: what `infer_types` says of the graph with these shapes, where it was asked before.
    """

    graph: Graph
    outputs: tuple[TensorRef, ...]
    shapes: Mapping[str, Shape]
    known: Types | None = None

    @cached_property
    def types(self) -> Types:
        """What is known of the graph's tensors; inferred once."""
        return self.known or infer_types(self.graph, self.shapes)


@dataclass(frozen=True)
class Page:
    """What there is to know of a target, for its page.

    Attributes:
        since, until: the first and last release with it; `until` is empty while it lives.
        jetpack: which JetPack ships it.
        needs: what must be installed.
        source: where the facts come from.
        jetpack_source: where the JetPack's versions come from.
        note: what else is worth knowing.
    """

    since: str = ""
    until: str = ""
    jetpack: str = ""
    needs: str = ""
    source: str = ""
    note: str = ""
    jetpack_source: str = ""

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The facts that are known, with their names."""
        listed = (
            ("Since", self.since),
            ("Until", self.until),
            ("JetPack", self.jetpack),
            ("Needs", self.needs),
            ("Note", self.note),
            ("Source", self.source),
            ("JetPack source", self.jetpack_source),
        )
        return tuple((name, text) for name, text in listed if text)


@dataclass(frozen=True)
class Target:
    """One route to an engine.

    Attributes:
        id: as `--target` names it: `direct`, `uff-8`.
        title: for people.
        route: `direct`, `uff`, `onnx` or `hybrid`.
        summary: what it is, in a sentence or two.
        judge: gives the verdicts.
        page: further facts.
    """

    id: str
    title: str
    route: str
    summary: str
    judge: Callable[[Question], Judgement]
    page: Page = Page()


@dataclass(frozen=True)
class SupportReport:
    """A target's verdicts over a graph.

    Attributes:
        target: the target asked.
        verdicts: one per node of the graph.
        problems: what keeps the graph from converting (errors first), then caveats.
        types: dtype and shape per tensor, as far as the target worked them out.
        ignored: problems the user chose to ignore; they are in no count.
    """

    target: Target
    verdicts: Mapping[str, Verdict]
    problems: tuple[Problem, ...]
    types: Mapping[TensorRef, TensorType] = field(default_factory=dict)
    ignored: tuple[Problem, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the graph converts as it stands; to ignore an error does not make it convert."""
        return not any(problem.severity == "error" for problem in (*self.problems, *self.ignored))

    @cached_property
    def counts(self) -> dict[Status, int]:
        """Nodes per status."""
        # A status is slow to hash, its word is not.
        counted = Counter([verdict.status.value for verdict in self.verdicts.values()])
        return {status: counted[status.value] for status in Status}

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that would cure what is refused."""
        cured = (each for each in self.verdicts.values() if each.status is Status.CURED)
        return tuple(sorted({each.rule for each in cured if each.rule is not None}))

    @property
    def summary_parts(self) -> tuple[tuple[str, str], ...]:
        """The counts as numbers and what they count: `214 of 230`, `convert`."""
        counts = self.counts
        total = len(self.verdicts) - counts[Status.VANISHES]
        good = counts[Status.TAKES] + counts[Status.CAVEAT]
        parts = [(f"{good} of {total}", "convert")]
        if counts[Status.CURED]:
            rules = len(self.rules)
            words = _SMALL[rules] if rules < len(_SMALL) else str(rules)
            parts.append((str(counts[Status.CURED]), f"more after {words} rule{'s'[: rules > 1]}"))
        if counts[Status.UNKNOWN]:
            parts.append((str(counts[Status.UNKNOWN]), "unknown"))
        left, stay = counts[Status.REFUSES], 0
        if self.target.route == "hybrid":
            listed = (*self.problems, *self.ignored)
            wrong = {each.node for each in listed if each.severity == "error"}
            left = sum(
                self.verdicts[name].status is Status.REFUSES
                for name in wrong
                if name in self.verdicts
            )
            stay = counts[Status.REFUSES] - left
        if stay:
            parts.append((str(stay), "stay in TensorFlow" if stay > 1 else "stays in TensorFlow"))
        if left:
            parts.append((str(left), "need you" if left > 1 else "needs you"))
        if self.ignored:
            parts.append((str(len(self.ignored)), "ignored"))
        if counts[Status.VANISHES]:
            vanished = counts[Status.VANISHES]
            parts.append((str(vanished), "vanish" if vanished > 1 else "vanishes"))
        return tuple(parts)

    @property
    def summary(self) -> str:
        """One line: `214 of 230 convert; 11 more after two rules; 5 need you; 32 vanish`."""
        return "; ".join(f"{count} {words}" for count, words in self.summary_parts)


_SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

TARGETS: Registry[Callable[[], Sequence[Target]]] = Registry("surgeon_gui.targets.kinds")
"""Families of targets; each entry lists its targets. A new family is a new module in `kinds/`."""

_catalogue: dict[str, Target] = {}


def catalogue() -> tuple[Target, ...]:
    """Return every known target, `direct` first, each route from its oldest release on."""
    if not _catalogue:
        found = [target for family in TARGETS.values() for target in family()]
        found.sort(key=lambda target: ROUTES.index(target.route))
        _catalogue.update((target.id, target) for target in found)
    return tuple(_catalogue.values())


def find_target(target_id: str) -> Target:
    """Return the target of that id.

    Raises:
        UsageError: there is none.
    """
    known = {target.id: target for target in catalogue()}
    if target_id not in known:
        raise UsageError(
            "There is no such target.", where=target_id, hint=f"Known: {', '.join(known)}."
        )
    return known[target_id]


def as_json(report: SupportReport) -> dict[str, Any]:
    """Return target, supported, counts and problems as JSON's own types."""
    return {
        "target": report.target.id,
        "supported": report.supported,
        "counts": {status.value: count for status, count in report.counts.items()},
        "problems": [problem.as_dict() for problem in report.problems],
        "ignored": [problem.as_dict() for problem in report.ignored],
    }
