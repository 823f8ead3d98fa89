"""The edit that switches training behaviour off."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from surgeon_gui.edits.base import edit, param
from surgeon_gui.edits.constants import FoldConditions, SetConstant
from surgeon_gui.errors import EditError
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules

_FLAG = re.compile(r"(is_?)?train(ing)?(_?phase)?|(keras_)?learning_phase|phase(_?train)?", re.I)
_INPUTS = frozenset({"Placeholder", "PlaceholderWithDefault"})


@edit("training-off")
@dataclass(frozen=True)
class SwitchTrainingOff:
    """Switch training behaviour off: flags become false, their conditions and dropout go."""

    flags: tuple[str, ...] = param(
        "Flags",
        tip="Inputs that say whether it trains; none finds is_training and the like by name.",
        kind="nodes",
        default=(),
    )

    @property
    def title(self) -> str:
        return "Switch training off"

    def apply(self, graph: Graph) -> Graph:
        off = TensorValue.from_array(np.array(False))
        for name in self.flags:
            if graph[name].attrs.get("dtype") is not DType.BOOL:
                raise EditError(
                    "It is no bool input, so it is no training flag.",
                    where=name,
                    hint="Choose a placeholder such as is_training.",
                )
        for name in self.flags or training_flags(graph):
            graph = SetConstant(name, off).apply(graph)
        graph = FoldConditions().apply(graph)
        return apply_rules(graph, [bundled_rules()["remove-dropout"]]).graph


def training_flags(graph: Graph) -> tuple[str, ...]:
    """Return the bool inputs whose names say that they switch training on."""
    return tuple(
        node.name
        for node in graph
        if node.op in _INPUTS
        and node.attrs.get("dtype") is DType.BOOL
        and _FLAG.fullmatch(node.name.rpartition("/")[2])
    )
