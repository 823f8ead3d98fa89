"""What the tooltip of a box or an edge says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.values import TensorValue
from surgeon_gui.ui.canvas.marks import Marks
from surgeon_gui.ui.canvas.plan import Plan
from surgeon_gui.view.carried import Edge, load_of
from surgeon_gui.view.overlay import STATUSES
from surgeon_gui.view.words import one_line

_WORDS = {
    "takes": "The target takes it.",
    "caveat": "The target takes it, with a caveat.",
    "cured": "A rule cures it.",
    "refuses": "The target refuses it.",
    "unknown": "Whether the target takes it is not known.",
    "vanishes": "It vanishes on the way to the target.",
    "added": "It was added.",
    "removed": "It was removed.",
    "changed": "It was changed.",
}
_MOST_OPS = 6
_MOST_EDGES = 6
_MOST_VALUES = 8
# More would be measured longer than a tooltip may take.
_MOST_MEASURED = 2_000_000


def tip_for(plan: Plan, marks: Marks, at: int, constant: str) -> str:
    """Return the tooltip (rich text) of a box, or of the constant whose row the mouse is on."""
    item, tree = plan.picture.items[at], plan.tree
    if constant:
        return _page(constant, _value_lines(tree.graph[constant].attrs.get("value")))
    if item < 0:
        return _group_tip(plan, marks, item)
    node = tree.graph.nodes[tree.nodes[item]]
    lines = [f"{escape(one_line(node.op))} {escape(plan.scene.labels.tensor(item))}"]
    lines += _tint_lines(marks, item)
    mark = marks.mark(item)
    if mark is not None:
        lines.append(f"<b>{_WORDS[mark.status]}</b>")
        if mark.reason:
            lines.append(escape(mark.reason))
    return _page(node.name, lines)


def _value_lines(value: object) -> list[str]:
    """What a constant holds: all of a few values, else the first and what they range over."""
    if not isinstance(value, TensorValue):
        return ["Const"]
    lines = [f"Const {value.dtype.text} {list(value.shape)}"]
    if value.dtype.numpy is None or not value.size:
        return lines
    try:
        flat = value.array.reshape(-1)
    except SurgeonError as error:
        return [*lines, escape(error.message)]
    first = ", ".join(_number(item) for item in flat[:_MOST_VALUES].tolist())
    lines.append(escape(first) + (", …" if value.size > _MOST_VALUES else ""))
    is_number = value.dtype.is_floating or value.dtype.is_integer
    if _MOST_VALUES < value.size <= _MOST_MEASURED and is_number:
        low, mean, high = (_number(float(part)) for part in (flat.min(), flat.mean(), flat.max()))
        lines.append(f"min {low}, mean {mean}, max {high}")
    return lines


def _number(item: object) -> str:
    if isinstance(item, float):
        return f"{item:.4g}"
    return one_line(item.decode(errors="replace")) if isinstance(item, bytes) else str(item)


def tip_for_portal(items: Sequence[str]) -> str:
    """Return the tooltip of a cut edge, which a click follows."""
    names = [escape(one_line(name)) for name in items[:_MOST_OPS]]
    if len(items) > _MOST_OPS:
        names.append(f"and {len(items) - _MOST_OPS} more")
    return _page("Leads to", names)


def tip_for_edge(graph: Graph, edges: Sequence[Edge], type_of: Callable[[TensorRef], str]) -> str:
    """Return the tooltip of an edge: the tensors it carries.

    Args:
        graph: the graph.
        edges: the graph's edges that it stands for.
        type_of: says dtype and shape of a tensor.
    """
    load = load_of(graph, edges[:_MOST_EDGES])
    names = [
        f"{escape(one_line(str(each.ref)))} {escape(type_of(each.ref))}" for each in load.tensors
    ]
    names += [
        f"{escape(one_line(edge.consumer))} waits for {escape(one_line(edge.producer))}"
        for edge in load.controls
    ]
    if len(edges) > _MOST_EDGES:
        names.append(f"and more: {len(edges)} edges of the graph")
    is_control = bool(load.controls) and not load.tensors
    return _page("Control edge" if is_control else "Carries", names)


def _group_tip(plan: Plan, marks: Marks, item: int) -> str:
    tree = plan.tree
    start, stop = tree.range_of(item)
    ops: dict[str, int] = {}
    for position in tree.nodes[start:stop]:
        op = tree.graph.nodes[position].op
        ops[op] = ops.get(op, 0) + 1
    common = sorted(ops.items(), key=lambda pair: (-pair[1], pair[0]))
    count = tree.group(item).count
    lines = [f"{count} {plan.scene.labels.unit}{'s' * (count != 1)}"]
    lines.append(", ".join(f"{escape(one_line(op))} ×{count}" for op, count in common[:_MOST_OPS]))
    if len(common) > _MOST_OPS:
        lines[-1] += f" and {len(common) - _MOST_OPS} more"
    lines += _tint_lines(marks, item)
    summary = marks.summary(item)
    if summary.differences:
        counts = ", ".join(f"{number} {status}" for status, number in summary.differences)
        lines.append(f"<b>Inside:</b> {counts}")
    elif summary.worst is not None and STATUSES.index(summary.worst) >= STATUSES.index("unknown"):
        lines.append(f"<b>{summary.count} inside:</b> {_WORDS[summary.worst]}")
    return _page(tree.name(item).removesuffix("/"), lines)


def _tint_lines(marks: Marks, item: int) -> list[str]:
    """What the overlay says of an item, under its title."""
    text = marks.tints.text(item) if marks.tints is not None else ""
    if marks.tints is None or not text:
        return []
    return [f"{escape(one_line(marks.tints.coloring.title))}: <b>{escape(one_line(text))}</b>"]


def _page(title: str, lines: list[str]) -> str:
    body = "<br>".join(line for line in lines if line.strip())
    return f"<p style='white-space:pre-wrap'><b>{escape(one_line(title))}</b><br>{body}</p>"
