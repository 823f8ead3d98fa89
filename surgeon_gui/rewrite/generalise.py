"""Making a rule of a selection: the selected nodes become a pattern, and its first example.

The text is a rule file that is valid as it stands and matches the selection; what it does is up to
its author, who replaces the replacement.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
import tomli_w

from surgeon_gui.errors import RuleError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.text import parse_text, print_text
from surgeon_gui.graph.values import AttrValue, DType, TensorValue
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.rule import Rule, rule_from_table
from surgeon_gui.rewrite.subject import Subject
from surgeon_gui.rewrite.tomlfile import TomlFile

LARGEST_SELECTION = 60
"""Nodes a pattern may have; beyond that nobody could read it."""

LARGEST_CONSTANT = 16
"""Elements an example spells out; of a larger constant it repeats the first."""


def rule_from_selection(graph: Graph, names: Collection[str], name: str = "my-rule") -> str:
    """Return the text of a rule whose pattern is the selected nodes.

    Constants in the selection are captured, so their values may differ; tensors from outside are
    captured as `?a`, `?b` … The replacement is a plugin to be named, reading what came in.

    Args:
        graph: where the nodes are.
        names: the nodes, which must have one among them that only others outside read.
        name: what the rule is to be called.

    Raises:
        UnknownNode: there is no such node.
        RuleError: the nodes are none, too many, have several results, or do not hang together;
            `where` is the node.
    """
    chosen = {name: graph[name] for name in names}
    if not chosen:
        raise RuleError("Nothing is selected.", hint="Select the nodes the rule shall find.")
    if len(chosen) > LARGEST_SELECTION:
        raise RuleError(
            f"{len(chosen)} nodes are too many for a pattern.",
            hint=f"Select {LARGEST_SELECTION} or fewer, or collapse the namespace instead.",
        )
    root = _root(graph, chosen)
    writer = _Writer(graph, chosen, root)
    match = writer.pattern(root)
    left = [name for name in chosen if name not in writer.used]
    if left:
        raise RuleError(
            f"The result does not depend on it, so a pattern ending in {root} cannot hold it.",
            where=left[0],
            hint="Leave it out of the selection.",
        )
    inputs = [f"?{name}" for name in writer.outside]
    example = print_text(_example(graph, writer.used, root)).strip()
    table = {
        "id": name,
        "group": "plugin",
        "benefit": 0,
        "summary": f"{graph[root].op} of {len(chosen)} nodes becomes one node",
        "source": "made from a selection",
        "exact": False,
        "match": match,
        "replace": f"MyPlugin_TRT:root({', '.join(inputs)})",
        "example": [{"note": "the selection", "before": f"{example}\n", "after": f"{example}\n"}],
    }
    return _checked(graph, root, table, name)


def _checked(graph: Graph, root: str, table: dict[str, object], name: str) -> str:
    """Return the file's text, its example ending as the rule makes it.

    Raises:
        RuleError: the pattern does not fit its own selection, as something ties a node to others.
    """
    file = TomlFile(tomli_w.dumps(table, multiline_strings=True), name)
    rule: Rule = rule_from_table(file, file.table)
    miss = rule.nearest_miss(Subject.of(graph), root)
    if miss is not None:
        raise RuleError(
            miss.reason, where=miss.node, hint="Drop its control inputs, or select more of them."
        )
    example = file.table["example"][0]
    example["after"] = print_text(apply_rules(parse_text(example["before"]), [rule]).graph)
    return tomli_w.dumps(file.table, multiline_strings=True)


def with_renewed_example(text: str, made: str) -> str:
    """Return a rule's text, its first example ending as the rule, changed since, makes it now.

    Args:
        text: the rule file as its author left it; the rest of it stays to the letter.
        made: the text `rule_from_selection` gave. An example its author changed is left alone.

    Raises:
        SurgeonError: the text is no rule, or the rule cannot be applied to its example.
    """
    stated = TomlFile(made, "made").table["example"][0]
    file = TomlFile(text, "rule")
    rule: Rule = rule_from_table(file, file.table)
    old = _after(stated["after"])
    if not rule.examples or rule.examples[0].before != stated["before"] or text.count(old) != 1:
        return text
    now = print_text(apply_rules(parse_text(stated["before"]), [rule]).graph)
    return text.replace(old, _after(now))


def _after(example: str) -> str:
    return tomli_w.dumps({"after": example}, multiline_strings=True)


def _root(graph: Graph, chosen: dict[str, Node]) -> str:
    """Return the one selected node whose result leaves the selection."""
    outputs = {ref.node for ref in deduce_outputs(graph)}
    ends = [
        name
        for name, node in chosen.items()
        if not node.is_const
        and (name in outputs or any(r.name not in chosen for r in graph.consumers(name)))
    ]
    if len(ends) == 1:
        return ends[0]
    if not ends:
        raise RuleError(
            "No result of these nodes is used outside.",
            where=next(iter(chosen)),
            hint="Select the node that makes the result too.",
        )
    inner = [name for name in ends if any(r.name in chosen for r in graph.consumers(name))]
    raise RuleError(
        f"{' and '.join(ends[:3])} are read from outside; a rule replaces one result.",
        where=(inner or ends)[0],
        hint="Select the nodes of one result, or also those that read the others.",
    )


@dataclass
class _Writer:
    """Writes the pattern from the root on, naming what is met again."""

    graph: Graph
    chosen: dict[str, Node]
    root: str
    used: dict[str, None] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    _names: dict[TensorRef, str] = field(default_factory=dict)

    def pattern(self, name: str, port: int = 0) -> str:
        node = self.chosen[name]
        self.used[name] = None
        if name == self.root:
            self._names[TensorRef(name)] = "root"
        text = node.op
        label = "root" if name == self.root else self._label(TensorRef(name, port))
        if label:
            text += f":{label}"
        if port and name != self.root:
            text += f"#{port}"
        if node.is_const:
            return text
        return f"{text}({', '.join(self._arg(ref) for ref in node.inputs)})"

    def _label(self, ref: TensorRef) -> str:
        """Name a node's tensor that is read again, and every constant."""
        node = self.chosen[ref.node]
        readers = [
            other
            for reader in self.graph.consumers(ref.node)
            if reader.name in self.chosen
            for other in reader.inputs
            if other == ref
        ]
        if len(readers) < 2 and not node.is_const:
            return ""
        label = self._free(_word(ref.node))
        self._names[ref] = label
        return label

    def _arg(self, ref: TensorRef) -> str:
        if ref in self._names:
            return f"?{self._names[ref]}"
        inside = self.chosen.get(ref.node)
        if inside is not None and ref.node not in self.used:
            return self.pattern(ref.node, ref.port)
        # Another output of a node that stands in the pattern already is any tensor to it.
        label = self._free(_letter(len(self.outside)) if inside is None else _word(ref.node))
        self._names[ref] = label
        if inside is None:
            self.outside.append(label)
        return f"?{label}"

    def _free(self, wanted: str) -> str:
        taken = {*self._names.values(), "root"}
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted}{count}"
        return name


def _word(name: str) -> str:
    last = re.sub(r"\W+", "_", name.rpartition("/")[2]).strip("_").lower()
    return last if last and not last[0].isdigit() else f"n{last}"


def _letter(index: int) -> str:
    letters = "xyzuvwabcdefghijklmnopqrst"
    return letters[index] if index < len(letters) else f"x{index}"


def _example(graph: Graph, used: Iterable[str], root: str) -> Graph:
    """Return the selection alone, fed by placeholders, its result read once."""
    inside = set(used)
    types = infer_types(graph)
    draft = Draft(Graph(tuple(_alone(node, inside) for node in graph if node.name in inside)))
    fed: dict[TensorRef, TensorRef] = {}
    for name in list(draft.names()):
        for ref in draft[name].inputs:
            if ref.node in inside or ref in fed:
                continue
            found = types.type(ref)
            dtype = DType.FLOAT32 if found.dtype is DType.INVALID else found.dtype
            made = Node(
                draft.unique_name(_word(ref.node)),
                "Placeholder",
                attrs={"dtype": dtype, "shape": found.shape},
            )
            draft.add(made, before=draft.names()[0])
            fed[ref] = TensorRef(made.name)
    for ref, source in fed.items():
        draft.rewire(ref, source)
    draft.set_outputs(None)
    return draft.commit()


def _alone(node: Node, inside: Collection[str]) -> Node:
    kept: dict[str, AttrValue] = {
        key: value for key, value in node.attrs.items() if not key.startswith("_")
    }
    value = kept.get("value")
    if isinstance(value, TensorValue) and value.size > LARGEST_CONSTANT:
        array = value.array
        kept["value"] = TensorValue.from_array(
            np.full(array.shape, array.reshape(-1)[0]), value.dtype
        )
    return node.replace(
        attrs=kept, controls=[other for other in node.controls if other in inside], device=""
    )
