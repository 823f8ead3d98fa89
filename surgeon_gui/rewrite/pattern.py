"""The pattern language: text such as `Maximum:root(Mul(Const:alpha, ?x), ?x)` to a pattern.

    node  = ops [":" name] ["#" port] ["@" "glob"] ["(" args ")"]
    ops   = "*" | Op ("|" Op)*
    args  = [arg ("," arg)*]
    arg   = node | "?" name | "_" | "..." [name]

`Op` names an operation, `*` any operation, `A|B` one of them. `:name` captures the node's tensor,
`?x` any tensor; the same capture twice means the same tensor. `_` is any tensor, `...xs` any number
of them. `#1` is output port 1 (`#*` any; without it port 0), `@"block?/*"` a glob the node's name
must match, where `*` also matches slashes. Without parentheses the inputs do not matter; `()` means
no inputs.

A replacement is written in the same words: a capture, or new nodes with captures as inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property


class PatternError(ValueError):
    """A pattern cannot be read.

    Attributes:
        position: where in the text, counted from 0.
    """

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class AnyTensor:
    """Any tensor, captured under `name` unless that is None."""

    name: str | None

    def __str__(self) -> str:
        return "_" if self.name is None else f"?{self.name}"


@dataclass(frozen=True)
class Rest:
    """Any number of tensors, captured as a list under `name` unless that is None."""

    name: str | None

    def __str__(self) -> str:
        return f"...{self.name or ''}"


@dataclass(frozen=True)
class NodePattern:
    """A node and, when `args` is not None, its inputs.

    Attributes:
        ops: the operations it may be; empty for any.
        name: what its output tensor is captured as.
        port: the output the reader takes; None for any.
        glob: what its name must match.
        args: patterns of its inputs; None where they do not matter.
    """

    ops: tuple[str, ...]
    name: str | None = None
    port: int | None = 0
    glob: str | None = None
    args: tuple[Arg, ...] | None = None

    def __str__(self) -> str:
        text = "|".join(self.ops) or "*"
        if self.name:
            text += f":{self.name}"
        if self.port != 0:
            text += f"#{'*' if self.port is None else self.port}"
        if self.glob is not None:
            text += f'@"{self.glob}"'
        return text if self.args is None else f"{text}({', '.join(map(str, self.args))})"

    @cached_property
    def op_set(self) -> frozenset[str]:
        return frozenset(self.ops)

    def nodes(self) -> Iterator[NodePattern]:
        """Yield this node and all below it, from the root on."""
        yield self
        for arg in self.args or ():
            if isinstance(arg, NodePattern):
                yield from arg.nodes()

    @cached_property
    def tensors(self) -> frozenset[str]:
        """Names of the single tensors this pattern captures."""
        names = {node.name for node in self.nodes()}
        names |= {
            arg.name
            for node in self.nodes()
            for arg in node.args or ()
            if isinstance(arg, AnyTensor)
        }
        return frozenset(name for name in names if name)

    @cached_property
    def rests(self) -> frozenset[str]:
        """Names of the tensor lists this pattern captures."""
        return frozenset(
            arg.name
            for node in self.nodes()
            for arg in node.args or ()
            if isinstance(arg, Rest) and arg.name
        )

    def is_feasible(self, sources: frozenset[str]) -> bool:
        """Whether a node whose inputs come from these operations can fit at all."""
        return all(not ops.isdisjoint(sources) for ops in self._source_ops)

    @cached_property
    def _source_ops(self) -> tuple[frozenset[str], ...]:
        return tuple(
            arg.op_set for arg in self.args or () if isinstance(arg, NodePattern) and arg.ops
        )

    @cached_property
    def depth(self) -> int:
        """Number of nodes on its longest path."""
        below = [arg.depth for arg in self.args or () if isinstance(arg, NodePattern)]
        return 1 + max(below, default=0)


Arg = NodePattern | AnyTensor | Rest

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<rest>\.\.\.) | (?P<mark>[?:#@|,()*]) | (?P<number>\d+) |
        (?P<string>"[^"]*"|'[^']*') | (?P<word>[A-Za-z_>][A-Za-z0-9_>.]*) | (?P<end>$)
    )""",
    re.VERBOSE,
)


DEEPEST = 100
"""How deep a pattern may nest."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.nesting = 0
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while True:
            found = _TOKEN.match(text, position)
            if found is None:
                raise PatternError(
                    f"{text[position:].lstrip()[:1]!r} has no meaning here", position
                )
            kind = found.lastgroup or "end"
            self.tokens.append((kind, found.group(kind), found.start(kind)))
            position = found.end()
            if kind == "end":
                break
        self.at = 0

    @property
    def position(self) -> int:
        return self.tokens[self.at][2]

    def peek(self, value: str) -> bool:
        kind, text, _ = self.tokens[self.at]
        return kind in ("mark", "rest") and text == value

    def take(self, value: str) -> bool:
        if self.peek(value):
            self.at += 1
            return True
        return False

    def expect(self, kind: str, what: str) -> str:
        found, text, position = self.tokens[self.at]
        if found != kind:
            raise PatternError(f"{what} is missing", position)
        self.at += 1
        return text

    def name(self) -> str:
        position = self.position
        word = self.expect("word", "a capture's name")
        if not word.isidentifier():
            raise PatternError(f"{word!r} is no name for a capture", position)
        return word

    def arg(self) -> Arg:
        if self.take("..."):
            return Rest(self.name() if self.tokens[self.at][0] == "word" else None)
        if self.take("?"):
            return AnyTensor(self.name())
        if self.tokens[self.at][:2] == ("word", "_"):
            self.at += 1
            return AnyTensor(None)
        return self.node()

    def node(self) -> NodePattern:
        ops: list[str] = []
        if not self.take("*"):
            ops.append(self.expect("word", "an operation's name"))
            while self.take("|"):
                ops.append(self.expect("word", "an operation's name after |"))
        name = self.name() if self.take(":") else None
        port: int | None = 0
        if self.take("#"):
            port = None if self.take("*") else int(self.expect("number", "an output's number"))
        glob = self.expect("string", "a quoted glob after @")[1:-1] if self.take("@") else None
        return NodePattern(tuple(ops), name, port, glob, self.args())

    def args(self) -> tuple[Arg, ...] | None:
        if not self.take("("):
            return None
        self.nesting += 1
        if self.nesting > DEEPEST:
            raise PatternError(f"a pattern nests at most {DEEPEST} deep", self.position)
        args: list[Arg] = []
        while not self.take(")"):
            if args and not self.take(","):
                raise PatternError("',' or ')' is missing", self.position)
            position = self.position
            args.append(self.arg())
            if isinstance(args[-1], Rest) and sum(isinstance(arg, Rest) for arg in args) > 1:
                raise PatternError("a node can have only one '...'", position)
        self.nesting -= 1
        return tuple(args)

    def finish(self) -> None:
        if self.tokens[self.at][0] != "end":
            raise PatternError("nothing more is expected", self.position)


def parse_pattern(text: str) -> NodePattern:
    """Return the pattern a text describes.

    Raises:
        PatternError: it breaks the grammar, or a capture is both a tensor and a list.
    """
    parser = _Parser(text)
    pattern = parser.node()
    parser.finish()
    both = pattern.tensors & pattern.rests
    if both:
        raise PatternError(f"{min(both)} is captured as a tensor and as a list", 0)
    return pattern


def parse_replacement(text: str) -> NodePattern | AnyTensor:
    """Return what a match is replaced by: new nodes, or a captured tensor.

    Raises:
        PatternError: it breaks the grammar, or leaves open what to make (`*`, `A|B`, `_`).
    """
    parser = _Parser(text)
    replacement = parser.arg()
    parser.finish()
    if isinstance(replacement, Rest) or replacement == AnyTensor(None):
        raise PatternError("a replacement is one node or one captured tensor", 0)
    if isinstance(replacement, AnyTensor):
        return replacement
    for node in replacement.nodes():
        if len(node.ops) != 1 or node.glob is not None or node.port is None:
            raise PatternError(f"{node} leaves open which node to make", 0)
        if any(isinstance(arg, AnyTensor | Rest) and arg.name is None for arg in node.args or ()):
            raise PatternError("an input of a new node must be captured", 0)
    return replacement
