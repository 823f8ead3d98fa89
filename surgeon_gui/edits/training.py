"""The edit that switches training behaviour off."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from surgeon_gui.edits.base import edit, param
from surgeon_gui.edits.conditions import FoldConditions
from surgeon_gui.edits.constants import SetConstant
from surgeon_gui.errors import EditError
from surgeon_gui.graph import attrs
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.rewrite.driver import apply_rules
from surgeon_gui.rewrite.library import bundled_rules

_FLAG = re.compile(r"(is_?)?train(ing)?(_?phase)?|(keras_)?learning_phase|phase(_?train)?", re.I)
_BATCH_NORMS = frozenset({"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"})
_INPUTS = frozenset({"Placeholder", "PlaceholderWithDefault"})


@edit("training-off")
@dataclass(frozen=True)
class SwitchTrainingOff:
    """Switch training behaviour off: flags become false, their conditions and dropout go.

    Batch normalisations that were left in training use the averages they are given; one that has
    none keeps computing its own, as nothing in the graph says what they were.
    """

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
        graph = _inference_norms(FoldConditions().apply(graph))
        return apply_rules(graph, [bundled_rules()["remove-dropout"]]).graph


def _inference_norms(graph: Graph) -> Graph:
    """Return the graph with every batch normalisation that has averages using them."""
    training = [
        node for node in graph if node.op in _BATCH_NORMS and attrs.flag(node, "is_training", True)
    ]
    if not training:
        return graph
    types = infer_types(graph)
    draft = Draft(graph)
    for node in training:
        averages = [types.shape(ref) for ref in node.inputs[3:5]]
        if len(averages) == 2 and all(shape.dims and shape.dims[0] > 0 for shape in averages):
            draft.set_attr(node.name, "is_training", False)
    return draft.commit()


def training_flags(graph: Graph) -> tuple[str, ...]:
    """Return the bool inputs whose names say that they switch training on."""
    return tuple(
        node.name
        for node in graph
        if node.op in _INPUTS
        and node.attrs.get("dtype") is DType.BOOL
        and _FLAG.fullmatch(node.name.rpartition("/")[2])
    )
