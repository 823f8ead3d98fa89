"""Edits of a graph's ends: its placeholders, its outputs, and what no output needs."""

from __future__ import annotations

from dataclasses import dataclass

from surgeon_gui.edits.base import counted, edit, param
from surgeon_gui.errors import EditError
from surgeon_gui.graph.draft import Draft
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_outputs, reachable, resolve_output
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.rewrite.colocation import without_stale_colocation

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
