"""The UFF route: what NVIDIA's converter and its closed parser take, per TensorRT 5.0 to 8.6.

The facts are in `data/uff.json`, each with its source; this module applies them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.query import reachable
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.targets.base import (
    FOLDED,
    TAKES,
    TARGETS,
    VANISHES,
    Judgement,
    Question,
    Status,
    Target,
    Verdict,
)
from surgeon_gui.targets.checks.context import Context, holds
from surgeon_gui.targets.plugins import facts, plugin_available
from surgeon_gui.uff.convert import is_native
from surgeon_gui.uff.writer import inspect_uff

Entry = Mapping[str, Any]

_TENSORRT = {
    "uff-5.0": "5.0",
    "uff-5.1": "5.1",
    "uff-6": "6.0",
    "uff-7.0": "7.0",
    "uff-7.1plus": "7.2",
    "uff-8": "8.6",
}


@cache
def _table(section: str) -> Mapping[str, Entry]:
    return {entry["tf_op"]: entry for entry in facts("uff")[section]}


def _first(sources: Sequence[str]) -> str | None:
    return sources[0] if sources else None


def judge(target_id: str, question: Question) -> Judgement:
    """Apply the table to every node an output needs."""
    graph = question.graph
    types = infer_types(graph, question.shapes)
    live = reachable(graph, [ref.node for ref in question.outputs])
    export = inspect_uff(graph, [str(ref) for ref in question.outputs])
    written = {item.id: item.operation for item in export.nodes}
    refused = {problem.node: problem for problem in export.problems}
    verdicts: dict[str, Verdict] = {}
    for node in graph:
        made = written.get(node.name)
        if node.name not in live:
            verdicts[node.name] = VANISHES
        elif node.name in refused:
            problem = refused[node.name]
            verdict = _verdict(target_id, Context(graph, node, types))
            if verdict.status is not Status.REFUSES:
                verdict = Verdict(Status.REFUSES, problem.reason, problem.remedy)
            verdicts[node.name] = verdict
        elif made is None or (made == "Const" and node.op != "Const"):
            # Identities, what is folded into other nodes, and what comes to a constant.
            verdicts[node.name] = FOLDED
        else:
            verdicts[node.name] = _verdict(target_id, Context(graph, node, types))
    return Judgement(verdicts, types={ref: types.type(ref) for ref in map(TensorRef, verdicts)})


def _verdict(target_id: str, context: Context) -> Verdict:
    node = context.node
    known = _table("ops").get(node.op)
    if known is not None:
        return _known(target_id, known, context)
    if is_native(node.op, strict=False):
        return Verdict(
            Status.CAVEAT,
            f"NVIDIA's own converter does not know {node.op}; this program's export mends it.",
            "Export without --strict.",
        )
    return _foreign(target_id, node)


def _foreign(target_id: str, node: Node) -> Verdict:
    available = plugin_available(node.op, _TENSORRT[target_id])
    if available is True:
        return Verdict(
            Status.CAVEAT,
            f"It is TensorRT's plugin {node.op}.",
            "Call initLibNvInferPlugins before parsing.",
        )
    if available is False:
        return Verdict(
            Status.REFUSES, f"TensorRT {_TENSORRT[target_id]} does not ship the plugin {node.op}."
        )
    entry = _table("unsupported").get(node.op)
    if entry is None:
        return Verdict(
            Status.REFUSES,
            f"UFF has no operation for {node.op}; it would become the custom node _{node.op}.",
            "Replace it by a plugin or by other ops.",
        )
    return Verdict(
        Status.REFUSES,
        entry["reason"],
        entry["suggestion"] or None,
        source=_first(entry["source"]),
        confidence=entry["confidence"],
    )


def _known(target_id: str, entry: Entry, context: Context) -> Verdict:
    status = entry["targets"][target_id]
    source, confidence = _first(entry["source"]), entry["confidence"]
    if status == "removed":
        return VANISHES
    if status == "unknown":
        reason = f"Whether {target_id} takes {context.node.op} is not known."
        return Verdict(Status.UNKNOWN, reason, source=source, confidence=confidence)
    if status == "no":
        reason = f"The UFF converter of this TensorRT does not know {context.node.op}."
        return Verdict(
            Status.REFUSES, reason, entry.get("notes") or None, source=source, confidence=confidence
        )
    caveat: Verdict | None = None
    for restriction in entry["restrictions"]:
        if "*" not in restriction["targets"] and target_id not in restriction["targets"]:
            continue
        if holds(restriction["check"], context) is not False or restriction["severity"] == "info":
            continue
        error = restriction["severity"] == "error"
        found = Verdict(
            Status.REFUSES if error else Status.CAVEAT,
            restriction["text"],
            source=restriction["source"],
            confidence=restriction["confidence"],
        )
        if error:
            return found
        caveat = caveat or found
    if caveat is None and any(ref.port for ref in context.node.inputs):
        return Verdict(
            Status.REFUSES,
            "It reads a second output of another node; UFF can name first outputs only.",
            source=_first(entry["source"]),
        )
    return caveat or TAKES


@TARGETS.register("uff")
def uff() -> Sequence[Target]:
    targets = []
    for entry in facts("uff")["targets"]:
        target_id = entry["id"]
        if target_id not in _TENSORRT:
            continue
        needs = f"TensorRT {entry['tensorrt']}, uff {entry['uff_package']}"
        note = entry.get("note", "")
        targets.append(
            Target(
                target_id,
                f"UFF · TensorRT {entry['tensorrt']}",
                "uff",
                f"NVIDIA's UFF parser in {needs} ({entry['status']}). {note}".strip(),
                partial(judge, target_id),
            )
        )
    return targets
