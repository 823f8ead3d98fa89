"""What the inspector says of a change: old → new, part by part; Qt-free."""

from __future__ import annotations

from itertools import zip_longest

from surgeon_gui.compare.graphs import moved_inputs
from surgeon_gui.compare.numbers import compare_numbers
from surgeon_gui.graph.model import Graph, Node, same_value
from surgeon_gui.graph.values import TensorValue
from surgeon_gui.ui.comparing.work import Compared
from surgeon_gui.ui.facts import Fact, attribute_text
from surgeon_gui.view.overlay import ADDED, CHANGED, REMOVED

WORDS = {ADDED: "Added", REMOVED: "Removed", CHANGED: "Changed", "": "Unchanged"}
_NOTHING = "nothing"
_MOST_CONSTANTS = 12
_LONGEST_CHAIN = 8


def change_facts(compared: Compared, name: str) -> list[Fact]:
    """Return the rows for a node of the merged graph."""
    before, after = compared.nodes(name)
    if before is None or after is None:
        node = before or after
        if node is None:
            return []
        status = ADDED if before is None else REMOVED
        return [
            *_title(name, status),
            Fact("Op", node.op),
            *(
                Fact(key, attribute_text(value))
                for key, value in sorted(node.attrs.items())
                if not key.startswith("_")
            ),
            *(Fact("Input", str(ref)) for ref in node.inputs),
            *(Fact("Waits for", other) for other in node.controls),
        ]
    status = CHANGED if name in compared.changes.changed else ""
    rows = [
        *_title(name, status),
        *_parts(compared, before, after),
        *_attributes(before, after),
        *_constants(compared, before, after),
    ]
    if len(rows) == 2:
        rows.append(Fact("Op", after.op))
    return rows


def namespace_facts(compared: Compared, namespace: str) -> list[Fact]:
    """Return the rows for a namespace: how many nodes in it came, went and changed."""
    rows = [Fact("Name", namespace.removesuffix("/"), "name")]
    changes = compared.changes
    for label, names in (
        ("Added", changes.added),
        ("Removed", changes.removed),
        ("Changed", changes.changed),
    ):
        inside = sum(1 for name in names if name.startswith(namespace))
        rows.append(Fact(label, f"{inside:,} nodes" if inside != 1 else "1 node"))
    return rows


def whole_facts(compared: Compared) -> list[Fact]:
    """Return the rows for the two graphs."""
    changes = compared.changes
    rows = [
        Fact("Nodes", _arrow(f"{len(compared.before):,}", f"{len(compared.after):,}"), "strong"),
        Fact("Added", f"{len(changes.added):,}"),
        Fact("Removed", f"{len(changes.removed):,}"),
        Fact("Changed", f"{len(changes.changed):,}"),
    ]
    if changes.renamed:
        rows.append(Fact("Renamed", f"{len(changes.renamed):,}"))
    if compared.outputs:
        rows.append(Fact("Outputs", compared.outputs.removeprefix("outputs: ")))
    return rows


def _title(name: str, status: str) -> list[Fact]:
    return [Fact("Name", name, "name"), Fact("Change", WORDS[status], "strong")]


def _parts(compared: Compared, before: Node, after: Node) -> list[Fact]:
    rows = []
    if before.name != after.name:
        rows.append(Fact("Was called", before.name, "name"))
    for label, one, other in (
        ("Op", before.op, after.op),
        ("Device", before.device, after.device),
    ):
        if one != other:
            rows.append(Fact(label, _arrow(one, other)))
    inputs, controls = moved_inputs(before, compared.changes.renamed)
    for slot, (was, now) in enumerate(zip_longest(inputs, after.inputs)):
        if was != now:
            label = f"Input {slot}" if max(len(inputs), len(after.inputs)) > 1 else "Input"
            rows.append(Fact(label, _arrow(str(was or ""), str(now or ""))))
    rows.extend(
        Fact("Waits for", _arrow(name if name in controls else "", name if here else ""))
        for name in dict.fromkeys([*controls, *after.controls])
        if (here := name in after.controls) != (name in controls)
    )
    return rows


def _attributes(before: Node, after: Node) -> list[Fact]:
    rows = []
    for name in sorted({*before.attrs, *after.attrs}):
        one, other = before.attrs.get(name), after.attrs.get(name)
        if one is not None and other is not None and same_value(one, other):
            continue
        old, new = ("" if value is None else attribute_text(value) for value in (one, other))
        if isinstance(one, TensorValue) and isinstance(other, TensorValue):
            rows.extend(_values(name, one, other, _arrow(old, new)))
        else:
            rows.append(Fact(name, _arrow(old, new)))
    return rows


def _values(label: str, one: TensorValue, other: TensorValue, words: str) -> list[Fact]:
    if (one.dtype, one.shape) != (other.dtype, other.shape):
        return [Fact(label, words)]
    found = compare_numbers(one, other)
    rows = [Fact(label, f"{found.different:,} of {found.size:,} differ")]
    if found.most is not None:
        rows.append(Fact("Max abs diff", f"{found.most:.6g}"))
    if one.size <= 8:
        rows.append(Fact("Values", words))
    return rows


def _constants(compared: Compared, before: Node, after: Node) -> list[Fact]:
    """The constants a node reads at the same input in both, where they differ."""
    rows: list[Fact] = []
    for was, now in zip(before.inputs, after.inputs, strict=False):
        one, other = (
            _constant(graph, ref.node)
            for graph, ref in ((compared.before, was), (compared.after, now))
        )
        if one is None or other is None or one is other or len(rows) >= _MOST_CONSTANTS:
            continue
        old, new = one.attrs.get("value"), other.attrs.get("value")
        if isinstance(old, TensorValue) and isinstance(new, TensorValue) and old != new:
            words = _arrow(attribute_text(old), attribute_text(new))
            rows.extend(_values(other.name.rpartition("/")[2], old, new, words))
    return rows


def _constant(graph: Graph, name: str) -> Node | None:
    """The constant a name leads to, past what only passes it on."""
    node = graph.get(name)
    for _ in range(_LONGEST_CHAIN):
        if node is None or node.op != "Identity" or not node.inputs:
            break
        node = graph.get(node.inputs[0].node)
    return node if node is not None and node.is_const else None


def _arrow(one: str, other: str) -> str:
    return f"{one or _NOTHING} → {other or _NOTHING}"
