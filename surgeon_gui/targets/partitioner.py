"""Divides a graph into convex segments by a target's verdicts."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_identity_like, is_stateful, output_count
from surgeon_gui.graph.query import inside_loops, reachable, topological_order
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.targets.base import FOLDED, Status, SupportReport, Verdict
from surgeon_gui.targets.convex import NONE, convex_groups, group_order
from surgeon_gui.targets.partition import BORDER, Partition, PartitionOptions, Segment, Suggestion

_SWITCHES = frozenset({"Switch", "RefSwitch"})
_MERGES = frozenset({"Merge", "RefMerge"})
_CONTROL = frozenset(
    {*_SWITCHES, *_MERGES, "Enter", "RefEnter", "Exit", "RefExit", "LoopCond", "NextIteration"}
    | {"RefNextIteration", "ControlTrigger"}
)
_NOT_BOUND = frozenset({DType.STRING, DType.RESOURCE, DType.VARIANT, DType.INVALID})
_CONVERTS = frozenset({Status.TAKES, Status.CAVEAT})

IN_LOOP = "It runs inside a TensorFlow 1 loop, which stays in TensorFlow as a whole."
CONTROL = "Control flow stays in TensorFlow."
STATE = "It reads or changes a state, or draws random numbers, and stays in TensorFlow."
DENIED = "It was told to stay in TensorFlow."
NOT_ALLOWED = "It is not among the nodes allowed into segments."
UNSHAPED = "A tensor it reads has a shape known only at run time."
UNBOUND = "TensorRT has no tensor of the type it reads or makes."

_MOST_SUGGESTIONS = 12

Guard = frozenset[tuple[TensorRef, int]]
"""The branches of conditionals a node is computed in: predicates and ports of their switches."""


class Partitioner:
    """Divides one graph; asked again with other options it does not judge again.

    Args:
        graph: the graph.
        report: a target's verdicts on it.
        outputs: what must be computed.
        shapes: placeholder shapes that override the graph's.
    """

    def __init__(
        self,
        graph: Graph,
        report: SupportReport,
        outputs: Sequence[TensorRef],
        shapes: Mapping[str, Shape] | None = None,
    ) -> None:
        self.graph = graph
        self.report = report
        self.outputs = tuple(outputs)
        self.types = infer_types(graph, shapes or {})
        self._live = reachable(graph, [ref.node for ref in outputs])
        self._order = [name for name in topological_order(graph) if name in self._live]
        self._loops = inside_loops(graph)
        self._constants = self._find_constants()
        self._guards = self._find_guards()
        self._vertices = [name for name in self._order if name not in self._constants]
        self._number = {name: index for index, name in enumerate(self._vertices)}
        self._edges, self._links = self._find_edges()

    def divide(
        self, options: PartitionOptions | None = None, refused: Mapping[str, str] | None = None
    ) -> Partition:
        """Return the segments.

        Args:
            options: how to divide.
            refused: more nodes that stay in TensorFlow, with the reasons.
        """
        options = options or PartitionOptions()
        reasons = self._reasons(options)
        reasons.update((name, why) for name, why in (refused or {}).items() if name not in reasons)
        return self._divided(options, reasons)

    def suggest(self, partition: Partition, options: PartitionOptions) -> tuple[Suggestion, ...]:
        """Return what single cures would bring beside the cured nodes themselves, the best first.

        That is fewer segments, or more nodes in them. Nodes of one op that stay for one reason are
        cured together.
        """
        reasons = self._reasons(options)
        groups: dict[tuple[str, str], list[str]] = {}
        for name in partition.remaining:
            verdict = self.report.verdicts[name]
            if name in reasons and verdict.status in (Status.REFUSES, Status.CURED):
                groups.setdefault((self.graph[name].op, reasons[name]), []).append(name)
        largest = sorted(groups.items(), key=lambda item: -len(item[1]))[:_MOST_SUGGESTIONS]
        found = []
        for (op, why), names in largest:
            left = {name: reason for name, reason in reasons.items() if name not in names}
            then = self._divided(options, left)
            joins = len(then.segments) < len(partition.segments)
            if joins or then.converted > partition.converted + len(names):
                rule = self.report.verdicts[names[0]].rule
                found.append(
                    Suggestion(tuple(names), op, why, rule, len(then.segments), then.converted)
                )
        return tuple(sorted(found, key=lambda item: (-item.converted, item.nodes)))

    # What there is to know of the graph

    def _find_constants(self) -> set[str]:
        """Constants, and what is computed from nothing else."""
        found: set[str] = set()
        for name in self._order:
            node = self.graph[name]
            if node.op == "Const":
                found.add(name)
            elif node.op in _CONTROL or is_stateful(node.op) or name in self._loops:
                continue
            elif node.inputs and all(ref.node in found for ref in node.inputs):
                found.add(name)
        return found

    def _find_guards(self) -> dict[str, Guard]:
        """The branches each node is computed in; inner conditionals add theirs."""
        none: Guard = frozenset()
        found: dict[str, Guard] = {}
        for name in self._order:
            node = self.graph[name]
            before = [self._guard_of(ref, found) for ref in node.inputs]
            before += [found.get(control, none) for control in node.controls]
            if node.op in _MERGES:
                found[name] = frozenset.intersection(*before) if before else none
            else:
                found[name] = none.union(*before)
        return found

    def _guard_of(self, ref: TensorRef, found: Mapping[str, Guard]) -> Guard:
        guard = found.get(ref.node, frozenset())
        node = self.graph[ref.node]
        if node.op in _SWITCHES and len(node.inputs) == 2:
            return guard | {(node.inputs[1], ref.port)}
        return guard

    def _find_edges(self) -> tuple[list[list[int]], list[list[int]]]:
        """All edges between vertices, and those of them that carry data."""
        edges: list[list[int]] = [[] for _ in self._vertices]
        links: list[list[int]] = [[] for _ in self._vertices]
        for index, name in enumerate(self._vertices):
            node = self.graph[name]
            data = dict.fromkeys(ref.node for ref in node.inputs)
            for source in (*data, *node.controls):
                number = self._number.get(source)
                # Only the back edges of loops descend, and loops stay in TensorFlow.
                if number is None or number >= index:
                    continue
                edges[number].append(index)
                if source in data:
                    links[number].append(index)
        return edges, links

    # Dividing

    def _reasons(self, options: PartitionOptions) -> dict[str, str]:
        """Why nodes cannot be in a segment; those not named can."""
        denied, allowed = _Globs(options.deny), _Globs(options.allow)
        found = {}
        for name in self._vertices:
            if denied.hit(name):
                found[name] = DENIED
            elif options.allow and not allowed.hit(name):
                found[name] = NOT_ALLOWED
            elif reason := self._reason(self.graph[name], options):
                found[name] = reason
        return found

    def _reason(self, node: Node, options: PartitionOptions) -> str:
        verdict = self.report.verdicts[node.name]
        if node.op in _CONTROL:
            return CONTROL
        if node.name in self._loops:
            return IN_LOOP
        if not node.inputs or node.op.startswith("Placeholder") or node.op == "NoOp":
            return BORDER if verdict.status in (*_CONVERTS, Status.VANISHES) else verdict.reason
        if is_stateful(node.op) and "PartitionedCall" not in node.op:
            return STATE
        if verdict.status not in _CONVERTS and not self._is_neutral(node, verdict):
            return verdict.reason or "The target does not take it."
        return self._misfit(node, options)

    def _is_neutral(self, node: Node, verdict: Verdict) -> bool:
        """Whether it computes nothing by itself, so segments may hold it but need not."""
        if verdict.status is not Status.VANISHES:
            return False
        return verdict is FOLDED or verdict == FOLDED or is_identity_like(node.op)

    def _misfit(self, node: Node, options: PartitionOptions) -> str:
        for ref in (*node.inputs, *(TensorRef(node.name, p) for p in range(output_count(node)))):
            if ref.node in self._constants:
                continue
            kind = self.types.type(ref)
            if kind.dtype in _NOT_BOUND:
                return UNBOUND
            dims = kind.shape.dims
            if options.dynamic or ref.node == node.name:
                continue
            if dims is None or any(dim < 0 for dim in dims[1:]):
                return UNSHAPED
        return ""

    def _divided(self, options: PartitionOptions, reasons: Mapping[str, str]) -> Partition:
        # A segment is computed as a whole, so it lies in one branch of each conditional.
        colours = [None if name in reasons else self._guards[name] for name in self._vertices]
        groups = convex_groups(self._edges, colours, self._links)
        # What is too small is broken up, so that the large ones may take single nodes of it.
        large = self._large(groups, options)
        begun = [group if group in large else NONE for group in groups]
        groups = convex_groups(self._edges, colours, self._links, begun)
        large = self._large(groups, options)
        members: dict[int, list[str]] = {group: [] for group in group_order(self._edges, groups)}
        for name, group in zip(self._vertices, groups, strict=True):
            if group != NONE:
                members[group].append(name)
        kept = [self._trimmed(names) for group, names in members.items() if group in large]
        inside = {name for names in kept for name in names}
        small = f"Its segment would have fewer than {options.minimum_segment_size} nodes."
        remaining = {
            name: reasons.get(name) or (BORDER if self._computes_nothing(name) else small)
            for name in self._vertices
            if name not in inside
        }
        segments = self._segments(kept)
        ends = [ref.node for ref in self.outputs if ref.node in self._constants]
        kept_constants = constants_for(self.graph, [*remaining, *ends], self._constants)
        return Partition(
            self.report.target.id,
            self.graph,
            segments,
            remaining,
            len(self._order),
            kept_constants,
        )

    def _large(self, groups: Sequence[int], options: PartitionOptions) -> set[int]:
        sizes = Counter(
            group
            for name, group in zip(self._vertices, groups, strict=True)
            if group != NONE and not self._computes_nothing(name)
        )
        return {group for group, size in sizes.items() if size >= options.minimum_segment_size}

    def _computes_nothing(self, name: str) -> bool:
        return self._is_neutral(self.graph[name], self.report.verdicts[name])

    def _size(self, names: Iterable[str]) -> int:
        return sum(not self._computes_nothing(name) for name in names)

    def _trimmed(self, names: Sequence[str]) -> list[str]:
        """Leave out what computes nothing at the segment's ends."""
        inside = set(names)
        for name in reversed(names):
            readers = self.graph.consumers(name)
            if self._computes_nothing(name) and not any(r.name in inside for r in readers):
                inside.discard(name)
        for name in names:
            node = self.graph[name]
            # What reads a shape needs the tensor itself; only what passes it on can be left out.
            passes_on = self._computes_nothing(name) and is_identity_like(node.op)
            if passes_on and not any(ref.node in inside for ref in node.inputs):
                inside.discard(name)
        return [name for name in names if name in inside]

    def _segments(self, members: Sequence[Sequence[str]]) -> tuple[Segment, ...]:
        """Make segments of sets of nodes, named in the order they can run."""
        owner = {name: index for index, names in enumerate(members) for name in names}
        found = []
        for index, names in enumerate(members):
            name = f"TRTEngineOp_{index}"
            while name in self.graph:
                name = f"{name}_"
            found.append(self._segment(name, names, owner, index))
        return tuple(found)

    def _segment(
        self, title: str, names: Sequence[str], owner: Mapping[str, int], index: int
    ) -> Segment:
        inputs: dict[TensorRef, None] = {}
        outputs: dict[TensorRef, None] = {}
        controls: dict[str, None] = {}
        wanted = set(self.outputs)
        for name in names:
            node = self.graph[name]
            for ref in node.inputs:
                if ref.node not in self._constants and owner.get(ref.node) != index:
                    inputs[ref] = None
            for control in node.controls:
                if control in self._number and owner.get(control) != index:
                    controls[control] = None
            read = {
                ref
                for reader in self.graph.consumers(name)
                if reader.name in self._number and owner.get(reader.name) != index
                for ref in reader.inputs
                if ref.node == name
            }
            read.update(ref for ref in wanted if ref.node == name)
            outputs.update((ref, None) for ref in sorted(read))
        return Segment(
            title,
            tuple(names),
            constants_for(self.graph, names, self._constants),
            tuple(inputs),
            tuple(outputs),
            tuple(controls),
            self._size(names),
        )


class _Globs:
    """Name patterns; a name without special signs is looked up at once."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._names = frozenset(patterns)
        self._globs = [pattern for pattern in patterns if set(pattern) & set("*?[")]

    def hit(self, name: str) -> bool:
        return name in self._names or any(
            fnmatch.fnmatchcase(name, pattern) for pattern in self._globs
        )


def constants_for(graph: Graph, names: Iterable[str], constants: Set[str]) -> tuple[str, ...]:
    """Return the constants that nodes read, and those among `names`, in the graph's order."""
    found = {name for name in names if name in constants}
    pending = [graph[name] for name in names]
    while pending:
        for ref in pending.pop().inputs:
            if ref.node in constants and ref.node not in found:
                found.add(ref.node)
                pending.append(graph[ref.node])
    return tuple(sorted(found, key=graph.position))
