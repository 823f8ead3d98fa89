"""Making several nodes in a match's place, with names of their own and the dtypes they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import Array, AttrValue, DType, TensorValue
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement, replaced_by
from surgeon_gui.rewrite.subject import Mismatch


class Maker:
    """Collects the nodes that replace a match; the last takes the root's name.

    Args:
        place: the match.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.root = place.node("root")
        self._added: list[Node] = []
        self._dtypes: dict[TensorRef, DType] = {}

    def const(self, label: str, array: Array, dtype: DType | None = None) -> TensorRef:
        """Add a constant named `root/label`; of `dtype`, else of the array's."""
        value = TensorValue.from_array(np.ascontiguousarray(array).reshape(array.shape), dtype)
        return self._add(Node(self._name(label), "Const", attrs=_const(value)), value.dtype)

    def indices(self, label: str, *numbers: int) -> TensorRef:
        """Add a vector of int32."""
        return self.const(label, np.array(numbers, np.int32))

    def node(
        self,
        label: str,
        op: str,
        inputs: Sequence[TensorRef],
        attrs: Mapping[str, AttrValue] | None = None,
    ) -> TensorRef:
        """Add a node named `root/label`; its dtype is `T` where stated, else the first input's."""
        made = Node(self._name(label), op, inputs, self._attrs(op, inputs, attrs))
        stated = (attrs or {}).get("T")
        return self._add(made, stated if isinstance(stated, DType) else self._dtype(inputs[0]))

    def last(
        self, op: str, inputs: Sequence[TensorRef], attrs: Mapping[str, AttrValue] | None = None
    ) -> Replacement | Mismatch:
        """Return the replacement, whose last node has this op."""
        node = Node(
            self.root.name,
            op,
            inputs,
            self._attrs(op, inputs, attrs),
            controls=self.root.controls,
            device=self.root.device,
        )
        return replaced_by(self.place, node, tuple(self._added))

    def _attrs(
        self, op: str, inputs: Sequence[TensorRef], attrs: Mapping[str, AttrValue] | None
    ) -> dict[str, AttrValue]:
        stated = dict(attrs or {})
        dtypes: list[DType | None] = [self._dtype(ref) for ref in inputs]
        return {**default_attrs(op, dtypes, stated), **stated}

    def _dtype(self, ref: TensorRef) -> DType:
        made = self._dtypes.get(ref)
        if made is not None:
            return made
        found = self.place.subject.type(ref).dtype
        if found is not DType.INVALID:
            return found
        usual = self.root.attrs.get("T")
        return usual if isinstance(usual, DType) else DType.FLOAT32

    def _add(self, node: Node, dtype: DType) -> TensorRef:
        self._added.append(node)
        ref = TensorRef(node.name)
        self._dtypes[ref] = dtype
        return ref

    def _name(self, label: str) -> str:
        wanted = name = f"{self.root.name}/{label}"
        count = 0
        taken = {node.name for node in self._added}
        while name in taken or self.place.subject.get(name) is not None:
            count += 1
            name = f"{wanted}_{count}"
        return name


def _const(value: TensorValue) -> dict[str, AttrValue]:
    return {"dtype": value.dtype, "value": value}
