"""The UFF route: what NVIDIA's converter and its closed parser take, per TensorRT 5.0 to 8.6.

The facts are in `data/uff.json`, each with its source; this module applies them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.query import reachable
from surgeon_gui.targets.base import (
    FOLDED,
    TAKES,
    TARGETS,
    VANISHES,
    Judgement,
    Page,
    Question,
    Status,
    Target,
    Verdict,
)
from surgeon_gui.targets.checks.context import Context, holds, is_shape_arithmetic
from surgeon_gui.targets.contracts import add_contracts
from surgeon_gui.targets.jetpack import jetpack_source, jetpack_words
from surgeon_gui.targets.pitfalls import add_pitfalls
from surgeon_gui.targets.plugins import facts, is_plugin_node, plugin_available
from surgeon_gui.targets.tables import Entry, entries, restricted, verdict_of
from surgeon_gui.uff.convert import SPLITS, is_native
from surgeon_gui.uff.writer import inspect_uff

_TENSORRT = {
    "uff-5.0": "5.0",
    "uff-5.1": "5.1",
    "uff-6": "6.0",
    "uff-7.0": "7.0",
    "uff-7.1plus": "7.2",
    "uff-8": "8.6",
}


_CUT_ALONG = {"Split": {"input": 0}, "SplitV": {"input": 2}, "Unpack": {"attr": "axis"}}
"""Where ops of several outputs, which the export cuts up, state their axis."""


def judge(target_id: str, question: Question) -> Judgement:
    """Apply the table to every node an output needs."""
    graph = question.graph
    types = question.types
    live = reachable(graph, [ref.node for ref in question.outputs])
    outputs = [str(ref) for ref in question.outputs]
    # The file is written for the shapes the graph states, whatever shapes are asked about.
    export = inspect_uff(graph, outputs, types=None if question.shapes else types)
    written = {item.id: item.operation for item in export.nodes}
    refused = {problem.node: problem for problem in export.problems}
    folded = frozenset(name for name, operation in written.items() if operation == "Const")
    verdicts: dict[str, Verdict] = {}
    for node in graph:
        made = written.get(node.name)
        if node.name not in live:
            verdicts[node.name] = VANISHES
        elif node.name in refused:
            problem = refused[node.name]
            verdict = judge_node(target_id, Context(graph, node, types, folded))
            if verdict.status is not Status.REFUSES:
                verdict = Verdict(Status.REFUSES, problem.reason, problem.remedy)
            verdicts[node.name] = verdict
        elif made is None or (made == "Const" and node.op != "Const"):
            # Identities, what is folded into other nodes, and what comes to a constant.
            verdicts[node.name] = FOLDED
        else:
            verdict = judge_node(target_id, Context(graph, node, types, folded))
            if verdict.status is Status.CAVEAT and is_shape_arithmetic(node, types):
                # The parser folds it; what it ends in is judged by itself.
                verdict = FOLDED
            verdicts[node.name] = verdict
    hits = add_pitfalls(target_id, graph, types, verdicts)
    add_contracts(target_id, graph, types, verdicts)
    return Judgement(verdicts, hits, {ref: types.type(ref) for ref in map(TensorRef, verdicts)})


def judge_node(target_id: str, context: Context) -> Verdict:
    """Return what the UFF route of that TensorRT does with a node."""
    node = context.node
    if node.op == "ConcatV2" and isinstance(node.attrs.get("axis"), int):
        # Scripts for graphsurgeon make it so: the converter takes that axis, and every input.
        return TAKES
    known = entries("uff").get(node.op)
    if known is not None:
        return _known(target_id, known, context)
    if is_native(node.op, strict=False):
        along = _CUT_ALONG.get(node.op)
        if along and holds({"kind": "axis_not_batch", "axis_from": along}, context) is False:
            return Verdict(
                Status.REFUSES,
                "It cuts along the batch, which a network with an implicit batch does not see.",
                "Leave the batch out of it, or build by the direct or the ONNX route.",
            )
        return Verdict(
            Status.CAVEAT,
            f"NVIDIA's own converter does not know {node.op}; this program's export mends it.",
            "Export without --strict.",
        )
    return _foreign(target_id, node)


def _foreign(target_id: str, node: Node) -> Verdict:
    entry = entries("uff", "unsupported").get(node.op)
    available = None
    if entry is None or is_plugin_node(node):
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
    if entry is None:
        return Verdict(
            Status.REFUSES,
            f"UFF has no operation for {node.op}; it would become the custom node _{node.op}.",
            "Replace it by a plugin or by other ops.",
            source=_closed_list(target_id),
        )
    return verdict_of(entry, Status.REFUSES, entry["reason"], entry["suggestion"] or None)


def _closed_list(target_id: str) -> str | None:
    """Return the source of the list of operations: what is not in it is not known."""
    listed = {entry["id"]: entry["source"] for entry in facts("uff")["targets"]}
    source: str | None = listed.get(target_id)
    return source


def _known(target_id: str, entry: Entry, context: Context) -> Verdict:
    status = entry["targets"][target_id]
    if status == "removed":
        return VANISHES
    if status == "unknown":
        reason = f"Whether {target_id} takes {context.node.op} is not known."
        return verdict_of(entry, Status.UNKNOWN, reason)
    if status == "no":
        reason = f"The UFF converter of this TensorRT does not know {context.node.op}."
        return verdict_of(entry, Status.REFUSES, reason, entry.get("notes"))
    verdict = restricted(entry, target_id, context)
    if verdict is TAKES and any(map(partial(_is_lost, context), context.node.inputs)):
        return verdict_of(
            entry,
            Status.REFUSES,
            "It reads a second output of another node; UFF can name first outputs only.",
        )
    return verdict


def _is_lost(context: Context, ref: TensorRef) -> bool:
    """Whether UFF cannot name a tensor: a further output of what the export does not cut up."""
    source = context.graph.get(ref.node)
    return ref.port > 0 and (source is None or source.op not in SPLITS)


_LINES = {
    "uff-5.0": (("5.0",), "5.0 (2018)", "5.0; 5.1 follows"),
    "uff-5.1": (("5.1",), "5.1 (2019)", "5.1; 6.0 follows"),
    "uff-6": (("6",), "6.0 (2019)", "6.0; 7.0 follows"),
    "uff-7.0": (("7.0",), "7.0 (2019), where UFF became deprecated", "7.0; 7.1 follows"),
    "uff-7.1plus": (("7.1", "7.2"), "7.1 (2020)", "7.2; 8.0 follows"),
    "uff-8": (("8",), "8.0 (2021)", "8.6 (2023); the parser is gone from 9.0 on"),
}
"""Per target: the TensorRT lines of its JetPacks, its first and its last release."""


@TARGETS.register("uff")
def uff() -> Sequence[Target]:
    targets = []
    for entry in facts("uff")["targets"]:
        target_id = entry["id"]
        if target_id not in _TENSORRT:
            continue
        note = entry.get("note", "")
        lines, since, until = _LINES[target_id]
        targets.append(
            Target(
                target_id,
                f"UFF · TensorRT {entry['tensorrt']}",
                "uff",
                f"NVIDIA's UFF parser in TensorRT {entry['tensorrt']} ({entry['status']}).",
                partial(judge, target_id),
                Page(
                    since=f"TensorRT {since}",
                    until=f"TensorRT {until}",
                    jetpack=jetpack_words(*lines),
                    jetpack_source=jetpack_source(*lines),
                    needs=f"TensorRT {entry['tensorrt']} with its UffParser; converter uff "
                    f"{entry['uff_package']}, which this program stands in for.",
                    source=entry["source"],
                    note=note,
                ),
            )
        )
    return targets
