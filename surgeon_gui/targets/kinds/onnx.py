"""The ONNX route: tf2onnx, then TensorRT's ONNX parser.

The facts are in `data/onnx.json`, each with its source. This program's own ONNX export writes what
the direct route builds, so that route's verdict holds for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.query import reachable
from surgeon_gui.targets.base import (
    FOLDED,
    TARGETS,
    VANISHES,
    Judgement,
    Page,
    Question,
    Status,
    Target,
    Verdict,
)
from surgeon_gui.targets.checks.context import Context
from surgeon_gui.targets.contracts import add_contracts
from surgeon_gui.targets.dangling import add_dangling
from surgeon_gui.targets.jetpack import jetpack_source, jetpack_words
from surgeon_gui.targets.pitfalls import add_pitfalls
from surgeon_gui.targets.plugins import facts, plugin_available
from surgeon_gui.targets.tables import Entry, entries, first, restricted, verdict_of

_TENSORRT = {"onnx-trt-8.6": "8.6", "onnx-trt-10": "10.x", "onnx-trt-11": "11.x"}
_LINES = {
    "onnx-trt-8.6": ("8.6", "TensorRT 8.6 (2023)", "TensorRT 8.6; 10.0 follows"),
    "onnx-trt-10": ("10", "TensorRT 10.0 (2024)", "TensorRT 10.16; 11.0 follows"),
    "onnx-trt-11": ("11", "TensorRT 11.0 (2026)", ""),
}
"""Per target: the TensorRT line of its JetPacks, its first and its last release."""

_IDENTITIES = ("Identity", "StopGradient", "PreventGradient", "Snapshot")


def judge(target_id: str, question: Question) -> Judgement:
    """Apply the table to every node an output needs."""
    graph = question.graph
    types = question.types
    live = reachable(graph, [ref.node for ref in question.outputs])
    verdicts: dict[str, Verdict] = {}
    for node in graph:
        if node.name not in live:
            verdicts[node.name] = VANISHES
        elif node.op in _IDENTITIES or types.value(TensorRef(node.name)) is not None:
            verdicts[node.name] = FOLDED
        else:
            verdicts[node.name] = judge_node(target_id, Context(graph, node, types))
    add_dangling(graph, live, verdicts)
    hits = add_pitfalls(target_id, graph, types, verdicts)
    add_contracts(target_id, graph, types, verdicts)
    return Judgement(verdicts, hits, {ref: types.type(ref) for ref in map(TensorRef, verdicts)})


def judge_node(target_id: str, context: Context) -> Verdict:
    """Return what becomes of a node on this route."""
    op = context.node.op
    entry = entries("onnx").get(op)
    if entry is None:
        return _foreign(target_id, op)
    status = entry["targets"][target_id]
    if status == "no":
        return _blocked(entry, target_id, op)
    if status == "unknown":
        reason = entry.get("notes") or f"Nothing is known of {op} on this route."
        return verdict_of(entry, Status.UNKNOWN, reason, "Convert it and see.")
    verdict = restricted(entry, target_id, context)
    if verdict.status is not Status.TAKES:
        return verdict
    if status == "conditional":
        reason = f"It depends on the ONNX nodes tf2onnx writes for this {op}"
        blocking = entry.get("blocking_onnx_ops", {}).get(target_id)
        also = f": the parser does not take {', '.join(blocking)}." if blocking else "."
        return verdict_of(entry, Status.CAVEAT, reason + also, "Convert it and see.")
    if status == "partial":
        reason = entry.get("notes") or "Only later releases of this line take it."
        return verdict_of(entry, Status.CAVEAT, reason)
    return verdict


def _blocked(entry: Entry, target_id: str, op: str) -> Verdict:
    blocking = entry.get("blocking_onnx_ops", {}).get(target_id)
    if blocking:
        reason = f"{op} becomes ONNX {', '.join(blocking)}, which this parser does not take."
    else:
        reason = f"What tf2onnx writes for {op} is not taken by this parser."
    return verdict_of(entry, Status.REFUSES, reason, entry.get("notes"))


def _foreign(target_id: str, op: str) -> Verdict:
    if target_id in _TENSORRT:
        available = plugin_available(op, _TENSORRT[target_id])
        if available is True:
            reason = f"It is TensorRT's plugin {op}; tf2onnx keeps it as a custom node."
            return Verdict(Status.CAVEAT, reason, "Convert with tf2onnx's --custom-ops.")
        if available is False:
            reason = f"TensorRT {_TENSORRT[target_id]} does not ship the plugin {op}."
            return Verdict(Status.REFUSES, reason)
    entry = entries("onnx", "unsupported").get(op)
    if entry is None:
        return Verdict(
            Status.REFUSES,
            f"tf2onnx has no conversion for {op}.",
            "Remove, fold or rewrite it before converting.",
            source=first(facts("onnx")["general_rules"][0]["source"]),
        )
    remedy = str(entry["suggestion"] or "")
    advice = f"{remedy[:1].upper()}{remedy[1:]}." if remedy else None
    return verdict_of(entry, Status.REFUSES, f"tf2onnx has no conversion for {op}.", advice)


@TARGETS.register("onnx")
def onnx() -> Sequence[Target]:
    targets = []
    for entry in facts("onnx")["targets"]:
        if entry["id"] not in _TENSORRT:
            continue
        low, high = entry["opset"]
        line, since, until = _LINES[entry["id"]]
        targets.append(
            Target(
                entry["id"],
                f"ONNX · TensorRT {entry['tensorrt']}",
                "onnx",
                f"tf2onnx, then TensorRT's ONNX parser (opset {low} to {high}). For this "
                "program's own ONNX export see the direct route.",
                partial(judge, entry["id"]),
                Page(
                    since=since,
                    until=until,
                    jetpack=jetpack_words(line),
                    jetpack_source=jetpack_source(line),
                    needs=f"tf2onnx, and TensorRT {entry['tensorrt']} with its ONNX parser",
                    source=first(entry["source"]) or "",
                    note=entry.get("note", ""),
                ),
            )
        )
    return targets
