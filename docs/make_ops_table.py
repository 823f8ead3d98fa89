"""Make docs/ops.md and its summary in README.md anew: `python -m docs.make_ops_table`.

Nothing there is written by hand: what converts is what has a converter (its docstring says how),
what does not is the reason a node of that op is refused with.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from surgeon_gui.graph.evaluate import EVALUATORS
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.ops import names_in
from surgeon_gui.network.lower.inline import CALLS, CONDITIONALS
from surgeon_gui.network.lower.loops import WHILES
from surgeon_gui.network.lower.refusals import GROUPS, refusal
from surgeon_gui.network.lower.registry import CONVERTERS
from surgeon_gui.targets.tables import entries

PAGE = Path(__file__).parent / "ops.md"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- ops, made by python -m docs.make_ops_table -->\n", "<!-- /ops -->\n"
"""What stands around the summary in the README."""

NOT_TENSORFLOW = names_in(
    """ConstV2 Conv1D DepthwiseConv2d Dropout Flatten HardSwish Loop Prelu RandomNormal
    RandomNormalLike RandomUniformLike Scan SquaredDistance"""
)
"""Names in tf2onnx's list that it gives to patterns; TensorFlow has no such ops."""

_INLINED: Mapping[str, str] = {
    **dict.fromkeys(CALLS, "The function is inlined."),
    **dict.fromkeys(
        CONDITIONALS, "Known beforehand: one branch; else a conditional, or both and a choice."
    ),
    **dict.fromkeys(WHILES, "Unrolled while the turns are known beforehand; else a loop."),
    **dict.fromkeys(
        ("NextIteration", "RefNextIteration"), "Unrolled or a loop, together with its frame."
    ),
}
_FOLDED = "Only where its inputs are constants: then it is computed beforehand."
_HEAD = """# TensorFlow ops

Made by `python -m docs.make_ops_table`; do not edit.

Graph Surgeon lowers **{ours}** ops to TensorRT layers; tf2onnx lists {onnx}, TF-TRT {tftrt}
({tftrt_all} of which Graph Surgeon takes too).
Another {folded} convert where their inputs are constants: they are computed beforehand then.
Plugins are not listed.

| op | Graph Surgeon | tf2onnx | TF-TRT | |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Ops:
    """The ops by what becomes of them, and those of the tools beside.

    Attributes:
        converted: lowered to layers.
        folded: only computed beforehand.
        refused: known, and refused with a reason.
        onnx, tftrt: those tf2onnx's list and TF-TRT's have.
    """

    converted: frozenset[str]
    folded: frozenset[str]
    refused: frozenset[str]
    onnx: frozenset[str]
    tftrt: frozenset[str]


def known_ops() -> Ops:
    """Return every op of the converters and of the fact tables."""
    onnx, tftrt = set(entries("onnx")) - NOT_TENSORFLOW, set(entries("tftrt"))
    converted = {op for op in CONVERTERS if not _is_plugin(op)} | set(_INLINED)
    folded = set(EVALUATORS) - converted - set(CONVERTERS)
    named = {op for ops, *_ in GROUPS for op in ops}
    return Ops(
        frozenset(converted),
        frozenset(folded),
        frozenset((named | onnx | tftrt) - converted - folded),
        frozenset(op for op in onnx if entries("onnx")[op].get("tf2onnx") == "yes"),
        frozenset(tftrt),
    )


def page() -> str:
    """Return the whole page."""
    ops = known_ops()
    rows = []
    for op in _sorted(ops.converted | ops.folded | ops.refused):
        status = "yes" if op in ops.converted else "constants" if op in ops.folded else "no"
        marks = ("yes" if op in table else "" for table in (ops.onnx, ops.tftrt))
        rows.append(f"| {' | '.join((op, status, *marks, _remark(op, ops)))} |")
    head = _HEAD.format(
        ours=len(ops.converted),
        onnx=len(ops.onnx),
        tftrt=len(ops.tftrt),
        tftrt_all=len(ops.converted & ops.tftrt),
        folded=len(ops.folded),
    )
    return head + "\n".join(rows) + "\n"


def summary() -> str:
    """Return the README's table: a row for each thing that becomes of an op, or its reason."""
    ops = known_ops()
    reasons: dict[str, list[str]] = {}
    for op in _sorted(ops.refused):
        # The reason with the op's name in it is one reason for all ops of its group.
        reason = refusal(Node(op, op)).reason.replace(op, "the op").rstrip(".")
        reasons.setdefault(reason[:1].upper() + reason[1:], []).append(op)
    groups = [
        ("converted to layers", _sorted(ops.converted)),
        ("computed beforehand, where its inputs are constants", _sorted(ops.folded)),
        *((f"refused. {reason}", found) for reason, found in reasons.items()),
    ]
    rows = (f"| {status} | {len(found)} | {', '.join(found)} |" for status, found in groups)
    return "\n".join(("| what becomes of it | | TensorFlow op |", "|---|--:|---|", *rows, ""))


def with_summary(text: str) -> str:
    """Return the README's text with the summary as it is now."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{summary()}\n{END}{rest.partition(END)[2]}"


def _sorted(ops: Iterable[str]) -> list[str]:
    return sorted(ops, key=str.lower)


def _is_plugin(op: str) -> bool:
    return CONVERTERS[op].__module__.rpartition(".")[2].startswith("plugins")


def _remark(op: str, ops: Ops) -> str:
    if op in _INLINED:
        return _INLINED[op]
    if op in ops.converted:
        return _first_line(CONVERTERS[op])
    reason = refusal(Node(op, op)).reason
    return f"{reason} {_FOLDED}" if op in ops.folded else reason


def _first_line(function: Callable[..., object]) -> str:
    text = inspect.getdoc(function) or ""
    return text.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(with_summary(README.read_text(encoding="utf-8")), encoding="utf-8")
