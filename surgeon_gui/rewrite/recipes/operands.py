"""Stating as constants what an op reads beside its data."""

from __future__ import annotations

from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.rewrite.actions import action
from surgeon_gui.rewrite.maker import Maker
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement
from surgeon_gui.rewrite.subject import Mismatch

_INDICES = frozenset({DType.INT32, DType.INT64})


@action
def explicit_operands(place: Place) -> Replacement | Mismatch:
    """State sizes, axes and bounds that follow from known shapes as constants."""
    root = place.node("root")
    if place.subject.value(TensorRef(root.name)) is not None:
        return Mismatch(root.name, "What it computes is known as a whole.")
    maker = Maker(place)
    inputs = list(root.inputs)
    unknown: str | None = None
    for index, ref in enumerate(root.inputs[1:], 1):
        source = place.subject.producer(place.subject.source(ref))
        dtype = place.subject.type(ref).dtype
        if dtype not in _INDICES or (source is not None and source.is_const):
            continue
        value = place.subject.value(ref)
        if value is None:
            unknown = ref.node
        else:
            inputs[index] = maker.const(f"input_{index}", value, dtype)
    if tuple(inputs) == root.inputs:
        if unknown is not None:
            return Mismatch(unknown, "What it gives is computed; give the inputs' shapes.")
        return Mismatch(root.name, "All it reads beside its data is constant.")
    return maker.last(root.op, inputs, root.attrs)
