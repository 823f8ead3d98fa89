"""Make docs/ops.md anew from the converters and the fact tables: `python -m docs.make_ops_table`.

Nothing in the page is written by hand: what converts is what has a converter (its docstring says
how), what does not is the reason a node of that op is refused with.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
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


def page() -> str:
    """Return the whole page."""
    onnx, tftrt = set(entries("onnx")) - NOT_TENSORFLOW, set(entries("tftrt"))
    converted = {op for op in CONVERTERS if not _is_plugin(op)} | set(_INLINED)
    folded = set(EVALUATORS) - converted
    named = {op for ops, *_ in GROUPS for op in ops}
    by_onnx = {op for op in onnx if entries("onnx")[op].get("tf2onnx") == "yes"}
    rows = []
    for op in sorted(converted | folded | named | onnx | tftrt, key=str.lower):
        status = "yes" if op in converted else "constants" if op in folded else "no"
        marks = ("yes" if op in table else "" for table in (by_onnx, tftrt))
        rows.append(f"| {' | '.join((op, status, *marks, _remark(op, converted, folded)))} |")
    head = _HEAD.format(
        ours=len(converted),
        onnx=len(by_onnx),
        tftrt=len(tftrt),
        tftrt_all=len(converted & tftrt),
        folded=len(folded),
    )
    return head + "\n".join(rows) + "\n"


def _is_plugin(op: str) -> bool:
    return CONVERTERS[op].__module__.rpartition(".")[2].startswith("plugins")


def _remark(op: str, converted: set[str], folded: set[str]) -> str:
    if op in _INLINED:
        return _INLINED[op]
    if op in converted:
        return _first_line(CONVERTERS[op])
    reason = refusal(Node(op, op)).reason
    return f"{reason} {_FOLDED}" if op in folded else reason


def _first_line(function: Callable[..., object]) -> str:
    text = inspect.getdoc(function) or ""
    return text.partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
