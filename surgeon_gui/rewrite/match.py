"""Finding patterns in graphs, and telling why one does not fit."""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.ops import is_commutative
from surgeon_gui.rewrite.pattern import AnyTensor, Arg, NodePattern, Rest, parse_pattern
from surgeon_gui.rewrite.subject import LONGEST_LOOK, Match, Mismatch, Subject, is_transparent

Accept = Callable[[Match], Mismatch | None]
"""A further test of a match that fits; None lets it pass."""


@dataclass(frozen=True, slots=True)
class _State:
    """A match in the making."""

    tensors: Mapping[str, TensorRef]
    lists: Mapping[str, tuple[TensorRef, ...]]
    nodes: tuple[str, ...]
    through: tuple[str, ...]
    spared: frozenset[str]


_EMPTY = _State({}, {}, (), (), frozenset())


class Matcher:
    """Looks for one pattern in one subject.

    A pattern's node also fits behind identities (a `read` before a weight). Nodes that a rewrite
    would remove must not be used by others, wait for others or be outputs; constants may, and
    whatever `kept` or `shared` names.

    Args:
        subject: the graph to look in.
        pattern: what to look for.
        kept: captures the replacement reads, so that these nodes and what is below them stay.
        shared: captures that may be used elsewhere; they stay if they are.
        look_through: whether identities may stand between the pattern's nodes.
        explain: whether to remember the nearest miss.
    """

    def __init__(
        self,
        subject: Subject,
        pattern: NodePattern,
        *,
        kept: frozenset[str] = frozenset(),
        shared: frozenset[str] = frozenset(),
        look_through: bool = True,
        explain: bool = False,
    ) -> None:
        self.subject = subject
        self.pattern = pattern
        self.look_through = look_through
        self._kept = kept
        self._shared = shared
        self._explain = explain
        self._best: tuple[int, Mismatch] | None = None

    @property
    def nearest(self) -> tuple[int, Mismatch] | None:
        """The nearest miss so far, and how many nodes had fitted by then."""
        return self._best

    def match(self, root: str, accept: Accept | None = None) -> Match | None:
        """Return the first way the pattern fits with `root` as its root, or None."""
        node = self.subject.get(root)
        if node is None:
            return None
        for state in self._node(self.pattern, node, _EMPTY, spared=False):
            tensors = {"root": TensorRef(root), **state.tensors}
            found = Match(
                root, tensors, state.lists, state.nodes, state.through, state.spared - {root}
            )
            refused = self._outside(found) or (accept(found) if accept else None)
            if refused is None:
                return found
            self._missed(_COMPLETE, refused)  # nearer than any that did not fit
        return None

    def _missed(self, score: int, miss: Mismatch) -> None:
        if self._best is None or score > self._best[0]:
            self._best = (score, miss)

    def _fail(self, state: _State, node: str, reason: str) -> None:
        if self._explain:
            self._missed(len(state.nodes), Mismatch(node, reason))

    def _node(
        self, pattern: NodePattern, node: Node, state: _State, *, spared: bool
    ) -> Iterator[_State]:
        if pattern.ops and node.op not in pattern.op_set:
            self._fail(state, node.name, f"It is {node.op}, not {' or '.join(pattern.ops)}.")
            return
        if pattern.glob is not None and not _glob(pattern.glob).match(node.name):
            self._fail(state, node.name, f"Its name does not match {pattern.glob}.")
            return
        name = pattern.name
        keep = spared or name in self._kept
        mark = {node.name} if keep or name in self._shared or node.is_const else set()
        state = _State(
            state.tensors,
            state.lists,
            (*state.nodes, node.name),
            state.through,
            state.spared | mark,
        )
        if pattern.args is None:
            yield state
            return
        args = pattern.args
        yield from self._args(args, node.inputs, node, state, spared=keep)
        if len(args) == 2 and len(node.inputs) == 2 and is_commutative(node.op):
            swapped = (node.inputs[1], node.inputs[0])
            if args[0] != args[1] and swapped != node.inputs:
                yield from self._args(args, swapped, node, state, spared=keep)

    def _args(
        self,
        args: tuple[Arg, ...],
        inputs: tuple[TensorRef, ...],
        node: Node,
        state: _State,
        *,
        spared: bool,
    ) -> Iterator[_State]:
        if not args:
            if inputs:
                self._fail(state, node.name, f"It has {len(node.inputs)} inputs, too many.")
            else:
                yield state
            return
        first, others = args[0], args[1:]
        if isinstance(first, Rest):
            count = len(inputs) - len(others)
            if count < 0:
                self._fail(state, node.name, f"It has {len(node.inputs)} inputs, too few.")
                return
            listed = self._list(first, inputs[:count], node, state)
            if listed is not None:
                yield from self._args(others, inputs[count:], node, listed, spared=spared)
            return
        if not inputs:
            self._fail(state, node.name, f"It has {len(node.inputs)} inputs, too few.")
            return
        for matched in self._tensor(first, inputs[0], node, state, spared=spared):
            yield from self._args(others, inputs[1:], node, matched, spared=spared)

    def _tensor(
        self,
        pattern: NodePattern | AnyTensor,
        ref: TensorRef,
        reader: Node,
        state: _State,
        *,
        spared: bool,
    ) -> Iterator[_State]:
        if isinstance(pattern, AnyTensor):
            bound = self._bind(pattern.name, ref, reader, state)
            if bound is not None:
                yield bound
            return
        through: list[str] = []
        node = self.subject.producer(ref)
        while (
            node is not None
            and self.look_through
            and pattern.ops
            and node.op not in pattern.op_set
            and ref.port == 0
            and is_transparent(node)
            and len(through) < LONGEST_LOOK
        ):
            through.append(node.name)
            ref = node.inputs[0]
            node = self.subject.producer(ref)
        if node is None:
            self._fail(state, reader.name, f"Its input {ref} does not exist.")
            return
        if pattern.port is not None and ref.port != pattern.port:
            self._fail(
                state, reader.name, f"It reads {node.name}:{ref.port}, not port {pattern.port}."
            )
            return
        bound = self._bind(pattern.name, ref, reader, state)
        if bound is None:
            return
        for found in self._node(pattern, node, bound, spared=spared):
            mark = set(through) if node.name in found.spared else set()
            yield _State(
                found.tensors,
                found.lists,
                found.nodes,
                (*found.through, *through),
                found.spared | mark,
            )

    def _bind(self, name: str | None, ref: TensorRef, reader: Node, state: _State) -> _State | None:
        if name is None:
            return state
        earlier = state.tensors.get(name)
        if earlier is None:
            return _State(
                {**state.tensors, name: ref}, state.lists, state.nodes, state.through, state.spared
            )
        if earlier == ref or self._source(earlier) == self._source(ref):
            return state
        self._fail(
            state, reader.name, f"It reads {ref} where it should read {earlier} again (?{name})."
        )
        return None

    def _source(self, ref: TensorRef) -> TensorRef:
        return self.subject.source(ref) if self.look_through else ref

    def _list(
        self, pattern: Rest, refs: tuple[TensorRef, ...], node: Node, state: _State
    ) -> _State | None:
        if pattern.name is None:
            return state
        earlier = state.lists.get(pattern.name)
        if earlier is None:
            lists = {**state.lists, pattern.name: refs}
            return _State(state.tensors, lists, state.nodes, state.through, state.spared)
        if earlier == refs:
            return state
        self._fail(state, node.name, f"Its inputs differ from ...{pattern.name} before.")
        return None

    def _outside(self, match: Match) -> Mismatch | None:
        """Return what ties an inner node to the rest of the graph, if anything does."""
        covered = {*match.nodes, *match.through}
        for name in covered - match.spared - {match.root}:
            node = self.subject.get(name)
            if node is None:
                continue
            if node.controls:
                return Mismatch(name, f"It waits for {node.controls[0]}, which would be lost.")
            if name in self.subject.outputs:
                return Mismatch(name, "It is an output of the graph, so it must stay.")
            for reader in self.subject.consumers(name):
                if reader.name not in covered:
                    return Mismatch(name, f"Its result is also used by {reader.name}.")
                if name in reader.controls:
                    return Mismatch(name, f"{reader.name} waits for it, which would be lost.")
        return None


_COMPLETE = 1 << 30


@functools.lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))


def find_matches(graph: Graph, pattern: NodePattern | str) -> list[Match]:
    """Return where the pattern fits: for each root, in node order, the first way it does.

    Raises:
        PatternError: the text is no pattern.
    """
    wanted = parse_pattern(pattern) if isinstance(pattern, str) else pattern
    matcher = Matcher(Subject.of(graph), wanted)
    found = (
        matcher.match(node.name) for node in graph if not wanted.ops or node.op in wanted.op_set
    )
    return [match for match in found if match is not None]
