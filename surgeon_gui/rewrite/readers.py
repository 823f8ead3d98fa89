"""The closed table of what a rule set's parameters can be read from the graph they are for.

A reader looks at the graph before the set changes it and returns a value, or None where this graph
does not tell; the parameter's stated value is used then.

The readers `ssd_...` know the names TensorFlow's Object Detection API gives a single-shot detector:
`Preprocessor` resizes the image, `BoxPredictor_0`, `BoxPredictor_1` … stand on one feature map
each, `concat_1` holds the scores as [batch, boxes, classes], `Postprocessor` drops and keeps boxes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from surgeon_gui.graph import attrs
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Shape

_RESIZES = frozenset({"ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"})
_MAP = re.compile(r"BoxPredictor_(\d+)/")


@dataclass
class Source:
    """The graph that is read, with what is known of its tensors once the image has a size."""

    graph: Graph

    @cached_property
    def types(self) -> Types:
        if self.border is None or self.image is None:
            return self._given
        shape = Shape((1, *self.image, 3))
        if self._given.shape(self.border) == shape:
            return self._given
        return infer_types(self.graph, {self.border.node: shape})

    @cached_property
    def _given(self) -> Types:
        return infer_types(self.graph)

    @cached_property
    def border(self) -> TensorRef | None:
        """The image as it leaves the preprocessing, None where there is none."""
        leaving = {
            ref
            for node in self.graph
            if _is_in(node.name, "FeatureExtractor")
            for ref in node.inputs
            if _is_in(ref.node, "Preprocessor") and not ref.port
        }
        return leaving.pop() if len(leaving) == 1 else None

    @cached_property
    def image(self) -> tuple[int, int] | None:
        """Height and width the image has after the preprocessing."""
        candidates = [] if self.border is None else [self.border]
        candidates += [
            TensorRef(node.name)
            for node in self.graph
            if node.op in _RESIZES and _is_in(node.name, "Preprocessor")
        ]
        sizes = {size for ref in candidates if (size := self._size(self._given, ref)) is not None}
        return sizes.pop() if len(sizes) == 1 else None

    @staticmethod
    def _size(types: Types, ref: TensorRef) -> tuple[int, int] | None:
        dims = types.shape(ref).dims
        if dims is None or len(dims) != 4:
            return None
        height, width = dims[1:3]
        return None if min(height, width) < 1 else (height, width)

    @cached_property
    def maps(self) -> list[int] | None:
        """Sides of the feature maps, in the order of the predictors; None for oblong ones."""
        found: dict[int, set[tuple[int, int] | None]] = {}
        for node in self.graph:
            place = _MAP.match(node.name)
            if place and node.op == "Conv2D":
                size = self._size(self.types, TensorRef(node.name))
                found.setdefault(int(place[1]), set()).add(size)
        sides = []
        for index in sorted(found):
            sizes = found[index]
            size = sizes.pop() if len(sizes) == 1 else None
            if size is None or size[0] != size[1]:
                return None
            sides.append(size[0])
        return sides or None

    def dim(self, name: str, axis: int) -> int | None:
        """Return a dimension of a tensor [batch, boxes, something]."""
        dims = self.types.shape(TensorRef(name)).dims
        return dims[axis] if dims is not None and len(dims) == 3 and dims[axis] > 0 else None

    def constants(self, nodes: Iterator[tuple[Node, int]]) -> float | None:
        """Return the one number that these inputs of nodes have, None where they have several."""
        found = set()
        for node, place in nodes:
            value = self.types.value(node.inputs[place]) if place < len(node.inputs) else None
            if value is None or value.size != 1:
                return None
            # By its shortest form: 0.6 as people wrote it, not 0.6000000238418579.
            found.add(float(str(value.reshape(-1)[0])))
        return found.pop() if len(found) == 1 else None


def _is_in(name: str, namespace: str) -> bool:
    return name.startswith(f"{namespace}/")


def _height(source: Source) -> int | None:
    return None if source.image is None else source.image[0]


def _width(source: Source) -> int | None:
    return None if source.image is None else source.image[1]


def _maps(source: Source) -> list[int] | None:
    return source.maps


def _layers(source: Source) -> int | None:
    return None if source.maps is None else len(source.maps)


def _classes(source: Source) -> int | None:
    return source.dim("concat_1", 2)


def _detections(source: Source) -> int | None:
    return source.dim("detection_boxes", 1)


def _confidence(source: Source) -> float | None:
    return source.constants(
        (node, 1)
        for node in source.graph
        if node.op == "Greater"
        and _is_in(node.name, "Postprocessor")
        and re.search(r"/FilterGreaterThan(_\d+)?/Greater$", node.name)
    )


def _overlap(source: Source) -> float | None:
    found = [
        node
        for node in source.graph
        if node.op.startswith("NonMaxSuppression") and _is_in(node.name, "Postprocessor")
    ]
    if found and all(node.op == "NonMaxSuppression" for node in found):
        stated = {attrs.real(node, "iou_threshold", 0.5) for node in found}
        return float(f"{stated.pop():.7g}") if len(stated) == 1 else None
    return source.constants((node, 3) for node in found)


def _join(source: Source) -> str | None:
    """Where the anchors of all feature maps are joined, which exporters name differently."""
    names = ("MultipleGridAnchorGenerator/Concatenate/concat", "Concatenate/concat")
    return next((name for name in names if name in source.graph), None)


READERS: dict[str, Callable[[Source], Any]] = {
    "ssd_height": _height,
    "ssd_width": _width,
    "ssd_feature_maps": _maps,
    "ssd_layers": _layers,
    "ssd_classes": _classes,
    "ssd_confidence": _confidence,
    "ssd_overlap": _overlap,
    "ssd_detections": _detections,
    "ssd_join": _join,
}
"""The readers by name."""
