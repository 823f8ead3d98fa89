"""Plugins whose result does not depend on any data: anchor and prior boxes, as constants.

Every result is [1, 2, boxes * 4, 1]: the boxes as xmin, ymin, xmax, ymax in parts of the image,
cell by cell and box by box, then the four variances for each box.

Sources: the plugins' descriptions in `rules/plugins`; NVIDIA/TensorRT release/8.6
plugin/gridAnchorPlugin, plugin/priorBoxPlugin, plugin/common/kernels (gridAnchorLayer.cu,
priorBoxLayer.cu).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import Array
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.plugin_fields import (
    channels_first,
    integer,
    integers,
    number,
    numbers,
)
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

GRIDS = frozenset({"GridAnchor_TRT", "GridAnchorRect_TRT"})

_FIRST_LAYER_RATIOS = 3
_FIRST_LAYER_SCALE = 0.1


def _table(node: Call, corners: Array) -> Value:
    """Return boxes [..., 4] and their variances as the plugins lay them out."""
    variances = numbers(node, "variance")
    if len(variances) != 4:
        raise node.refuse(f"It needs four variances, not {len(variances)}.")
    boxes = corners.reshape(-1, 4)
    both = np.stack([boxes, np.broadcast_to(variances, boxes.shape)]).astype(np.float32)
    return Value.known(both.reshape(1, 2, -1, 1))


def _corners(
    across: Array, down: Array, widths: Sequence[float], heights: Sequence[float]
) -> Array:
    """Return [rows, columns, boxes, 4] for boxes around every pair of centres."""
    y, x = (side[..., np.newaxis] for side in np.meshgrid(down, across, indexing="ij"))
    half_width, half_height = np.array(widths) / 2, np.array(heights) / 2
    sides = (x - half_width, y - half_height, x + half_width, y + half_height)
    return np.stack(np.broadcast_arrays(*sides), axis=-1)


@converter(*sorted(GRIDS))
def grid_anchors(node: Call, b: Lower) -> tuple[Value, ...]:
    """One output per feature map; its scale grows evenly from minSize to maxSize."""
    ratios = numbers(node, "aspectRatios")
    count = integer(node, "numLayers", 6)
    sizes = integers(node, "featureMapShapes")
    pairs = [(size, size) for size in sizes]
    if node.op == "GridAnchorRect_TRT":
        pairs = list(zip(sizes[::2], sizes[1::2], strict=False))
    if count < 2 or len(pairs) != count or min(sizes, default=0) < 1:
        raise node.refuse(f"Its {count} layers do not fit the feature maps {list(sizes)}.")
    if len(ratios) < _FIRST_LAYER_RATIOS or min(ratios) <= 0:
        raise node.refuse("The plugin needs three aspect ratios above 0 at least.")
    low, high = number(node, "minSize", 0.2), number(node, "maxSize", 0.95)
    scales = [low + (high - low) * layer / (count - 1) for layer in range(count)] + [1.0]
    outputs = []
    for layer, (rows, columns) in enumerate(pairs):
        if layer == 0:
            shapes = list(zip((_FIRST_LAYER_SCALE, low, low), ratios[:3], strict=True))
        else:
            between = math.sqrt(scales[layer] * scales[layer + 1])
            shapes = [*((scales[layer], ratio) for ratio in ratios), (between, 1.0)]
        # The plugin steps by the height in both directions: it thinks of square maps.
        step = 1 / rows
        corners = _corners(
            (np.arange(columns) + 0.5) * step,
            (np.arange(rows) + 0.5) * step,
            [scale * math.sqrt(ratio) for scale, ratio in shapes],
            [scale / math.sqrt(ratio) for scale, ratio in shapes],
        )
        outputs.append(_table(node, corners))
    return tuple(outputs)


def with_grids_spread(graph: Graph) -> Graph:
    """Return the graph with every output of an anchor plugin where a ConcatV2 reads its name.

    UFF names nodes, not outputs: NVIDIA's parser takes the name for all of them. A node named as
    often as it has outputs gives one each time.
    """
    grids = {node.name: node for node in graph if node.op in GRIDS}
    readers = {reader.name for name in grids for reader in graph.consumers(name)}
    nodes = [_spread(node, grids) if node.name in readers else node for node in graph]
    return replace(graph, nodes=tuple(nodes)) if grids else graph


def _spread(node: Node, grids: Mapping[str, Node]) -> Node:
    # The axis is the last input, or an attribute.
    count = len(node.inputs) - ("axis" not in node.attrs)
    refs = node.inputs[:count]
    if node.op != "ConcatV2" or any(ref.port for ref in refs if ref.node in grids):
        return node
    spread: list[TensorRef] = []
    for place, ref in enumerate(refs):
        if ref.node not in grids:
            spread.append(ref)
        elif refs.count(ref) > 1:
            spread.append(TensorRef(ref.node, refs[:place].count(ref)))
        else:
            layers = grids[ref.node].attrs.get(_given(grids[ref.node], "numLayers"), 6)
            ports = range(layers if isinstance(layers, int) else 1)
            spread += [TensorRef(ref.node, port) for port in ports]
    return node.replace(inputs=(*spread, *node.inputs[count:]))


def _given(node: Node, name: str) -> str:
    return next((key for key in node.attrs if key in (name, f"{name}_u_int")), name)


@converter("PriorBox_TRT")
def prior_boxes(node: Call, b: Lower) -> Value:
    """Boxes around the cells of the first input, in parts of the second, the image."""
    *_, rows, columns = channels_first(node, b)[0].shape
    image_height, image_width = integer(node, "imgH", 0), integer(node, "imgW", 0)
    if not image_height or not image_width:
        *_, image_height, image_width = channels_first(node, b, 1)[0].shape
    step_y, step_x = number(node, "stepH", 0.0), number(node, "stepW", 0.0)
    if not step_y or not step_x:
        step_y, step_x = image_height / rows, image_width / columns
    small, large = numbers(node, "minSize"), numbers(node, "maxSize", ())
    if large and len(large) != len(small):
        raise node.refuse(f"{len(large)} largest sizes do not fit {len(small)} smallest.")
    flip = bool(integer(node, "flip", 1))
    ratios = [1.0]
    for ratio in numbers(node, "aspectRatios"):
        if ratio <= 0:
            raise node.refuse(f"The aspect ratio {ratio:g} is not above 0.")
        if all(abs(ratio - known) >= 1e-6 for known in ratios):
            ratios += [ratio, 1 / ratio] if flip else [ratio]
    shapes = []
    for index, size in enumerate(small):
        shapes.append((size, size))
        if large:
            between = math.sqrt(size * large[index])
            shapes.append((between, between))
        shapes += [(size * math.sqrt(ratio), size / math.sqrt(ratio)) for ratio in ratios[1:]]
    offset = number(node, "offset", 0.5)
    corners = _corners(
        (np.arange(columns) + offset) * step_x,
        (np.arange(rows) + offset) * step_y,
        [width for width, _ in shapes],
        [height for _, height in shapes],
    )
    corners = corners / [image_width, image_height, image_width, image_height]
    if integer(node, "clip", 0):
        corners = np.clip(corners, 0, 1)
    return _table(node, corners)
