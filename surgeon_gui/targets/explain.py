"""Error messages of TensorRT, its parsers, TF-TRT and trtexec: what they mean, and where."""

from __future__ import annotations

import codecs
import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from surgeon_gui.graph.model import Graph
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.rewrite.search import find_rule_matches
from surgeon_gui.rewrite.subject import Subject
from surgeon_gui.targets.pitfalls import Pitfall, pitfalls
from surgeon_gui.targets.plugins import facts
from surgeon_gui.targets.tables import entries, first

MOST_LINES = 20_000
"""Lines of a log that are read; the first error is what matters."""

_NOISE = re.compile(r"catchCudaError|\[(?:V|VERBOSE|I|INFO)\]|^\s*$")
_WORDS = re.compile(r"[^\s'\"()\[\]{},;<>]+")
_PREFIX = re.compile(
    r"^(?:\[[^\]]*\]\s*|\d\d\d\d-\d\d-\d\d[^\]]*?\]\s*|&&&& \w+ |(?:ERROR|WARNING|error): ?)+"
)


_ROUTES = {
    "uff": re.compile(r"\buff", re.IGNORECASE),
    "onnx": re.compile(r"onnx|ModelImporter", re.IGNORECASE),
    "hybrid": re.compile(
        r"tf-?trt|trt_engine_op|convert_nodes\.cc|trt_optimization", re.IGNORECASE
    ),
}
"""What tells the route a log is of."""


@dataclass(frozen=True)
class Finding:
    """One message of a log.

    Attributes:
        message: the line, without time and level.
        nodes: nodes of the graph it means, in graph order.
        reason: what it says, in plain words; empty where it is not known.
        remedy: what to do, or None.
        rule: a bundled rule that fits one of the nodes, or None.
        source: where the explanation comes from.
        is_cause: False for what only follows from an earlier error.
        count: how many lines say so.
        seeks_rule: False where no rule can be the cure, whatever fits the nodes.
    """

    message: str
    nodes: tuple[str, ...]
    reason: str
    remedy: str | None = None
    rule: str | None = None
    source: str | None = None
    is_cause: bool = True
    count: int = 1
    seeks_rule: bool = True


@dataclass(frozen=True)
class _Message:
    pattern: re.Pattern[str]
    of: str
    reason: str
    remedy: str
    source: str | None
    ops: tuple[str, ...]


@cache
def _messages() -> tuple[_Message, ...]:
    return tuple(
        _Message(
            re.compile(entry["pattern"], re.IGNORECASE),
            entry["of"],
            entry["reason"],
            entry["remedy"],
            first(entry["source"]),
            tuple(entry.get("ops", "").split()),
        )
        for entry in facts("messages")["messages"]
    )


def log_text(data: bytes) -> str:
    """Return the text of a log file; Windows' shell redirects into UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def explain(text: str, graph: Graph | None = None) -> tuple[Finding, ...]:
    """Return what a log says, causes before what follows from them.

    Args:
        text: a message, or a whole log.
        graph: the graph it is about; without it no nodes are named.
    """
    found: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for line in text.splitlines()[:MOST_LINES]:
        if _NOISE.search(line):
            continue
        finding = _explained(_PREFIX.sub("", line).strip(), graph)
        if finding is None:
            continue
        key = (finding.reason or finding.message, finding.nodes)
        known = found.get(key)
        found[key] = finding if known is None else replace(known, count=known.count + 1)
    subject = Subject.of(graph) if graph is not None else None
    route = _route(text)
    listed = [_with_rule(finding, graph, subject, route) for finding in found.values()]
    return tuple(sorted(listed, key=lambda finding: (not finding.is_cause, not finding.reason)))


def explain_in(graph: Graph, text: str) -> tuple[Finding, ...]:
    """Return what a log says of a graph, as `explain` does."""
    return explain(text, graph)


def _explained(line: str, graph: Graph | None) -> Finding | None:
    named = _named_nodes(line, graph)
    for message in _messages():
        if message.of == "plugin" and message.pattern.search(line):
            nodes = named or _nodes_of_ops(graph, message.ops)
            return Finding(line, nodes, message.reason, message.remedy, None, message.source)
    for pitfall in pitfalls():
        if any(part.lower() in line.lower() for part in pitfall.messages):
            nodes = named or _nodes_of_ops(graph, _ops(pitfall, line))
            return Finding(
                line, nodes, pitfall.reason, pitfall.remedy, pitfall.rule, pitfall.source
            )
    for message in _messages():
        match = message.pattern.search(line)
        if match is not None:
            return _matched(message, match, line, named, graph)
    if named:
        return Finding(line, named, "")
    return None


def _ops(pitfall: Pitfall, line: str) -> Iterable[str]:
    """The ops a pitfall's message is about: the one it names, else all it concerns."""
    stated = re.search(r"Unsupported operation _?(\w+)", line)
    return (stated[1],) if stated else (pitfall.ops or ())


def _matched(
    message: _Message,
    match: re.Match[str],
    line: str,
    named: tuple[str, ...],
    graph: Graph | None,
) -> Finding:
    groups = match.groupdict()
    reason, remedy = message.reason, message.remedy
    nodes = named
    if message.of == "op":
        op = groups.get("op") or "the op"
        reason = reason.format(op=op)
        nodes = named or _nodes_of_ops(graph, (op,))
        known = entries("uff", "unsupported").get(op)
        if known is not None and "UFF" in reason and known["suggestion"]:
            remedy = known["suggestion"]
    elif message.of == "ops":
        nodes = _nodes_of_ops(graph, re.findall(r"[A-Za-z]\w+", groups["ops"] or ""))
    elif message.of == "name":
        nodes, remedy = _missing(groups["name"] or "", graph, remedy)
    return Finding(
        line,
        nodes,
        reason,
        remedy,
        None,
        message.source,
        is_cause=message.of != "consequence",
        seeks_rule=message.of != "name",
    )


def _missing(name: str, graph: Graph | None, remedy: str) -> tuple[tuple[str, ...], str]:
    """Return the readers of a name that is missing, and names that are near to it."""
    bare = name.removeprefix("^").partition(":")[0]
    if graph is None:
        return (), remedy
    readers = tuple(
        node.name
        for node in graph
        if any(ref.node == bare for ref in node.inputs) or bare in node.controls
    )
    if bare in graph:
        return (bare, *readers), remedy
    near = difflib.get_close_matches(bare, [node.name for node in graph], n=3)
    return readers, f"Did you mean {' or '.join(near)}?" if near else remedy


def _named_nodes(line: str, graph: Graph | None) -> tuple[str, ...]:
    """Return the nodes a line names, however the message wraps their names."""
    if graph is None:
        return ()
    found = []
    for word in _WORDS.findall(line):
        for name in _spellings(word):
            if name in graph:
                found.append(name)
                break
    # A short name that is also a plain word says nothing beside a scoped one.
    scoped = [name for name in found if "/" in name]
    return tuple(dict.fromkeys(scoped or [name for name in found if not _is_plain(name)]))


def _spellings(word: str) -> Iterator[str]:
    bare = word.strip(".:!?*`^")
    yield bare
    yield bare.rpartition(":")[0]
    yield bare.partition(":")[0]
    yield bare.removeprefix("node=").removeprefix("name=")


def _is_plain(name: str) -> bool:
    return name in _PLAIN


_PLAIN = frozenset(
    [
        *("input", "output", "node", "layer", "error", "data", "add", "concat", "shape"),
        *("for", "is", "Const"),
    ]
)


def _nodes_of_ops(graph: Graph | None, ops: Iterable[str]) -> tuple[str, ...]:
    if graph is None:
        return ()
    wanted = {op.lower() for op in ops}
    return tuple(node.name for node in graph if node.op.lower() in wanted)


def _route(text: str) -> str | None:
    """Return the route a log is of, or None where it names none or several."""
    named = [route for route, pattern in _ROUTES.items() if pattern.search(text)]
    return named[0] if len(named) == 1 else None


def _with_rule(
    finding: Finding, graph: Graph | None, subject: Subject | None, route: str | None
) -> Finding:
    """Keep or find a rule that really fits at one of the nodes, and is for that route."""
    seeks = finding.is_cause and finding.seeks_rule and finding.nodes
    if graph is None or subject is None or not seeks:
        return finding if graph is None else replace(finding, rule=None)
    rules = bundled_rules()
    own = rules.get(finding.rule or "")
    stated = [] if own is None else [own]
    others = [
        rule
        for rule in rules.values()
        if finding.reason
        and rule not in stated
        and (route is None or not rule.targets or route in rule.targets)
    ]
    nodes = set(finding.nodes)
    for rule in (*stated, *others):
        if any(
            nodes.intersection(match.names) for match in find_rule_matches(graph, rule, subject)
        ):
            return replace(finding, rule=rule.id)
    return replace(finding, rule=None)
