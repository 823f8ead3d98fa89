"""Edits of a graph's ends: its placeholders, its outputs, and what no output needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.edits.wiring import CutInput
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import deduce_outputs, reachable, resolve_output
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorValue
from surgeon_gui.rewrite.colocation import without_stale_colocation
from surgeon_gui.rewrite.driver import remove_dead

_INPUTS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})


@edit("set-input")
@dataclass(frozen=True)
class SetInput:
    """Set the shape and dtype of an input."""

    node: str = param("Input", tip="A placeholder.", kind="node")
    shape: Shape | None = param(
        "Shape", tip="Its shape, -1 for unknown; left out, it stays.", kind="shape", default=None
    )
    dtype: DType | None = param(
        "Dtype", tip="Its dtype; left out, it stays.", kind="dtype", default=None
    )

    @property
    def title(self) -> str:
        parts = [str(self.shape)] if self.shape is not None else []
        parts += [self.dtype.text] if self.dtype is not None else []
        return f"Make {self.node} {' '.join(reversed(parts))}".rstrip()

    def apply(self, graph: Graph) -> Graph:
        node = graph[self.node]
        if node.op not in _INPUTS:
            raise EditError(
                f"It is {node.op}, not an input.", where=self.node, hint="Choose a placeholder."
            )
        if self.shape is None and self.dtype is None:
            raise EditError("Give a shape or a dtype.", where=self.node)
        if self.shape is not None and any(dim < -1 for dim in self.shape.dims or ()):
            raise EditError(
                f"{list(self.shape.dims or ())} is no shape.",
                where=self.node,
                hint="A dimension is 0 or more, or -1 for unknown.",
            )
        attrs = dict(node.attrs)
        if self.shape is not None:
            attrs["shape"] = self.shape
        if self.dtype is not None:
            attrs["dtype"] = self.dtype
        if attrs == node.attrs:
            return graph
        # What an exporter noted about the old shape no longer holds.
        attrs.pop("_output_shapes", None)
        draft = Draft(graph)
        draft.change(self.node, attrs=attrs)
        return draft.commit()


@edit("set-outputs")
@dataclass(frozen=True)
class SetOutputs:
    """Choose the graph's outputs."""

    outputs: tuple[str, ...] = param(
        "Outputs",
        tip="Nodes or tensors (name:port) to compute; none lets the program deduce them.",
        kind="tensors",
        default=(),
    )

    @property
    def title(self) -> str:
        if not self.outputs:
            return "Deduce the outputs"
        return f"Choose {counted(self.outputs, 'outputs')} as output"

    def apply(self, graph: Graph) -> Graph:
        refs = tuple(dict.fromkeys(resolve_output(graph, text) for text in self.outputs))
        wanted = refs or None
        return graph if wanted == graph.outputs else graph.with_outputs(wanted)


@edit("strip")
@dataclass(frozen=True)
class StripUnreachable:
    """Remove every node no output needs."""

    @property
    def title(self) -> str:
        return "Strip nodes no output needs"

    def apply(self, graph: Graph) -> Graph:
        outputs = deduce_outputs(graph)
        if not outputs:
            raise EditError(
                "The graph has no output, so everything would be removed.",
                hint="Choose the outputs first.",
            )
        needed = reachable(graph, [ref.node for ref in outputs])
        if len(needed) == len(graph):
            return graph
        draft = Draft(graph)
        for node in graph:
            if node.name not in needed:
                draft.remove(node.name)
        return without_stale_colocation(graph, draft.commit())


@edit("set-batch")
@dataclass(frozen=True)
class SetBatch:
    """Set the batch size of all inputs, and of the shapes that state it."""

    batch: int = param("Batch", tip="The number of samples; -1 leaves it open.", kind="integer")

    @property
    def title(self) -> str:
        return "Leave the batch open" if self.batch < 0 else f"Make the batch {self.batch}"

    def apply(self, graph: Graph) -> Graph:
        if self.batch == 0 or self.batch < -1:
            raise EditError(f"{self.batch} is no batch size.", hint="Give 1 or more, or -1.")
        draft = Draft(graph)
        old: set[int] = set()
        for node in graph:
            shape = node.attrs.get("shape") if node.op in _INPUTS else None
            if isinstance(shape, Shape) and shape.dims and shape.dims[0] != self.batch:
                old.add(shape.dims[0])
                attrs = {**node.attrs, "shape": Shape((self.batch, *shape.dims[1:]))}
                attrs.pop("_output_shapes", None)
                draft.change(node.name, attrs=attrs)
        types = infer_types(graph)
        for node in graph:
            self._restate(draft, node, types, old)
        return draft.commit()

    def _restate(self, draft: Draft, node: Node, types: Types, old: set[int]) -> None:
        """Put the new batch into a constant shape that states the old one."""
        at = _SHAPE_INPUT.get(node.op)
        if at is None or len(node.inputs) < 2:
            return
        made = types.shape(TensorRef(node.name)).dims
        data = types.shape(node.inputs[-1 if at == 0 else 0]).dims
        stated = types.value(node.inputs[at])
        if stated is None or stated.ndim != 1 or not made or not data or data[0] != made[0]:
            return
        if made[0] not in old or int(stated[0]) != made[0] or min(made) < 0:
            return
        if self.batch < 0 and node.op != "Reshape":
            raise EditError(
                f"It states the batch {made[0]}, which cannot be left open there.",
                where=node.name,
                hint="Give a batch size.",
            )
        value = TensorValue.from_array(np.array([self.batch, *made[1:]], stated.dtype))
        name = draft.unique_name(f"{node.name}/shape")
        attrs: dict[str, AttrValue] = {"dtype": value.dtype, "value": value}
        draft.add(Node(name, "Const", attrs=attrs), before=node.name)
        inputs = list(node.inputs)
        replaced, inputs[at] = inputs[at], TensorRef(name)
        draft.change(node.name, inputs=tuple(inputs))
        remove_dead(draft, [replaced.node], ())


_SHAPE_INPUT = {
    "Reshape": 1,
    "Conv2DBackpropInput": 0,
    "DepthwiseConv2dNativeBackpropInput": 0,
}
"""Where these ops read the shape of their result."""


@edit("extract")
@dataclass(frozen=True)
class Extract:
    """Keep only what lies between some tensors and the outputs named."""

    outputs: tuple[str, ...] = param("Outputs", tip="What to compute.", kind="tensors")
    inputs: tuple[str, ...] = param(
        "Inputs", tip="Tensors to feed; what computes them goes.", kind="tensors", default=()
    )

    @property
    def title(self) -> str:
        return f"Extract {counted(self.outputs, 'outputs')}"

    def apply(self, graph: Graph) -> Graph:
        if not self.outputs:
            raise EditError("Say which outputs to keep.")
        for text in self.inputs:
            graph = CutInput(text).apply(graph)
        return StripUnreachable().apply(SetOutputs(self.outputs).apply(graph))
