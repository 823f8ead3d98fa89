"""The hybrid route: TF-TRT, which puts TensorRT segments into a TensorFlow graph.

What is not converted stays in TensorFlow, so a refusal is no error here. The facts are in
`data/tftrt.json`, each with its source.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.query import reachable
from surgeon_gui.graph.shapes import Types
from surgeon_gui.graph.values import DType
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
from surgeon_gui.targets.checks.attributes import dtype_named, plain
from surgeon_gui.targets.checks.context import Context, holds, is_shape_arithmetic
from surgeon_gui.targets.contracts import add_contracts
from surgeon_gui.targets.dangling import add_dangling
from surgeon_gui.targets.pitfalls import add_pitfalls
from surgeon_gui.targets.plugins import facts, is_tensorrts_alone
from surgeon_gui.targets.tables import (
    Entry,
    entries,
    first,
    restricted,
    restrictions_for,
    softened,
    verdict_of,
)

_BORDERS = Verdict(Status.VANISHES, "It stays in TensorFlow, as the borders of a graph do.")
_SHAPES = Verdict(Status.VANISHES, "It computes with shapes only and stays in TensorFlow.")
_DYNAMIC = "Convert with use_dynamic_shape=True."
_STAYS = "It stays in TensorFlow and splits the graph into segments."
_SEGMENTS = ("rank", "empty", "dtype")


def judge(target_id: str, question: Question) -> Judgement:
    """Apply the table to every node an output needs."""
    graph = question.graph
    types = question.types
    live = reachable(graph, [ref.node for ref in question.outputs])
    borders = set(facts("tftrt")["expected_unconverted"]["tf_ops"])
    verdicts: dict[str, Verdict] = {}
    for node in graph:
        if node.name not in live:
            verdicts[node.name] = VANISHES
        elif node.op in borders:
            verdicts[node.name] = _BORDERS
        elif node.op == "Const" or _is_known(node.name, types):
            verdicts[node.name] = FOLDED
        elif is_shape_arithmetic(node, types):
            verdicts[node.name] = _SHAPES
        else:
            verdicts[node.name] = judge_node(target_id, Context(graph, node, types))
    add_dangling(graph, live, verdicts)
    hits = add_pitfalls(target_id, graph, types, verdicts)
    add_contracts(target_id, graph, types, verdicts)
    return Judgement(verdicts, hits, {ref: types.type(ref) for ref in map(TensorRef, verdicts)})


def _is_known(name: str, types: Types) -> bool:
    return types.value(TensorRef(name)) is not None


def judge_node(target_id: str, context: Context) -> Verdict:
    """Return what TF-TRT of that version does with a node."""
    op = context.node.op
    if is_tensorrts_alone(op):
        return Verdict(
            Status.REFUSES,
            f"{op} is a TensorRT plugin; TensorFlow, which runs the graph, has no such operation.",
            "Give TF-TRT the graph as it was before this surgery.",
        )
    entry = entries("tftrt").get(op)
    status = "no" if entry is None else entry["targets"][target_id]
    if entry is None or status == "no":
        reason = f"This TF-TRT has no converter for {context.node.op}."
        if entry is None:
            return Verdict(Status.REFUSES, reason, _STAYS, source=_closed_list())
        return verdict_of(entry, Status.REFUSES, reason, _STAYS)
    verdict = _dtype(entry, target_id, context) or _restricted(entry, target_id, context)
    if verdict is TAKES:
        verdict = _segment(context) or TAKES
    if verdict is TAKES and status == "container":
        reason = "NVIDIA's list for the container names it; TensorFlow's own source does not."
        remedy = "Use NVIDIA's container; elsewhere it stays in TensorFlow."
        return verdict_of(entry, Status.CAVEAT, reason, remedy)
    return verdict


def _closed_list() -> str | None:
    return first(facts("tftrt")["targets"][-1]["source"])


def _dtype(entry: Entry, target_id: str, context: Context) -> Verdict | None:
    allowed = entry.get("dtypes", {}).get(target_id)
    dtype = context.attr("T")
    if not allowed or not isinstance(dtype, DType) or plain(dtype) in allowed:
        return None
    words = ", ".join(dtype_named(name).text for name in allowed)
    reason = f"TF-TRT's {context.node.op} takes {words}; this one is {dtype.text}."
    return verdict_of(entry, Status.REFUSES, reason, _STAYS)


def _restricted(entry: Entry, target_id: str, context: Context) -> Verdict:
    """Apply the restrictions; TensorFlow 2 lifts those of the implicit batch in another mode."""
    lifted = target_id == "tftrt-2.x"
    modes = [r for r in restrictions_for(entry, target_id) if r.get("mode") or _is_mode(r)]
    fixed = {**entry, "restrictions": [r for r in entry["restrictions"] if r not in modes]}
    verdict = restricted(fixed, target_id, context)
    if verdict.status is Status.REFUSES or not modes:
        return verdict
    for restriction in modes:
        if _is_mode(restriction):
            found = verdict_of(restriction, Status.CAVEAT, restriction["text"], _DYNAMIC)
        else:
            found = restricted({**entry, "restrictions": [restriction]}, target_id, context)
            found = softened(found, _DYNAMIC) if lifted else found
        if found.status is Status.REFUSES:
            return found
        if verdict is TAKES:
            verdict = found
    return verdict


def _is_mode(restriction: Entry) -> bool:
    return bool(restriction["check"]["kind"] == "requires_mode")


def _segment(context: Context) -> Verdict | None:
    """Apply the rules on what may enter a segment at all."""
    for rule in facts("tftrt")["general_rules"]:
        if rule["id"] in _SEGMENTS and holds(rule["check"], context) is False:
            return verdict_of(rule, Status.REFUSES, rule["text"], _STAYS)
    return None


_LINES = {
    "tftrt-1.12": ("1.12 (2018)", "TensorFlow 1.12; 1.13 follows"),
    "tftrt-1.13": ("1.13 (2019)", "TensorFlow 1.13; 1.14 follows"),
    "tftrt-1.14": ("1.14 (2019)", "TensorFlow 1.14; 1.15 follows"),
    "tftrt-1.15": ("1.15 (2019)", "the last 1.x; NVIDIA kept it in containers up to 23.03"),
    "tftrt-2.x": ("2.1 (2020)", "TensorFlow 2.17 (2024); 2.18 is built without TensorRT"),
}
"""Per target: its first and its last release."""


@TARGETS.register("tftrt")
def tftrt() -> Sequence[Target]:
    targets = []
    for entry in facts("tftrt")["targets"]:
        version = entry["tensorflow"]
        note = entry.get("note", "")
        since, until = _LINES[entry["id"]]
        targets.append(
            Target(
                entry["id"],
                f"TF-TRT · TensorFlow {version}",
                "hybrid",
                "TensorRT segments inside a TensorFlow graph; what is not converted stays in "
                "TensorFlow.",
                partial(judge, entry["id"]),
                Page(
                    since=f"TensorFlow {since}",
                    until=until,
                    jetpack="with NVIDIA's TensorFlow wheels for Jetson",
                    needs=f"TensorFlow {version} built with TensorRT {entry['tensorrt']}; NVIDIA's "
                    f"containers {entry['container']} bring both.",
                    source=first(entry["source"]) or "",
                    note=note,
                ),
            )
        )
    return targets
