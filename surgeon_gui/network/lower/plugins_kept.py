"""Plugins no layers stand for: they stay plugins, for a TensorRT that has them.

Networks have an explicit batch. Where a plugin has a form of its own for that, it takes the place
of the one UFF's implicit batch needs; its fields are the same.

Sources: the plugins' descriptions in `rules/plugins`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from surgeon_gui.graph.creators import FoundCreator, found_creators
from surgeon_gui.graph.values import DType, Shape
from surgeon_gui.network import layers
from surgeon_gui.network.ir import TensorSpec
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.plugin_fields import attribute, integer, layout, order_of
from surgeon_gui.network.lower.refusals import refusal
from surgeon_gui.network.lower.registry import Converter, converter
from surgeon_gui.network.lower.value import Value

Field = tuple[str, object]

_SUFFIXES = ("_u_int", "_u_float", "_u_str", "_u_bool", "_u_ilist", "_u_flist")
_NOT_FIELDS = frozenset({"T", "dtype", "shape", "data_format"})

_EXPLICIT = {
    "NMS_TRT": "NMSDynamic_TRT",
    "BatchedNMS_TRT": "BatchedNMSDynamic_TRT",
    "Proposal": "ProposalDynamic",
    "CropAndResize": "CropAndResizeDynamic",
}


def _fields(node: Call) -> tuple[Field, ...]:
    """Return the attributes as the creator's fields, in their own types."""
    found: list[Field] = []
    for name, value in node.node.attrs.items():
        if name in _NOT_FIELDS or name.startswith("_"):
            continue
        kind = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
        if not isinstance(value, bool | int | float | bytes | tuple):
            raise node.refuse(
                f"The plugin's field {name} is neither a number, a text nor a list.",
                "Set it to one of these.",
            )
        found.append((name.removesuffix(kind), value))
    return tuple(found)


def _plugin(
    node: Call, b: Lower, *outputs: tuple[int, ...] | TensorSpec, maps: Sequence[int] = ()
) -> tuple[Value, ...]:
    """Add the plugin's layer.

    Args:
        node: the plugin's node.
        b: where the layer goes.
        outputs: what it makes; dimensions alone are float32.
        maps: which inputs are feature maps, which the plugin reads channels first.
    """
    declared = tuple(
        item if isinstance(item, TensorSpec) else TensorSpec(DType.FLOAT32, item)
        for item in outputs
    )
    name = _EXPLICIT.get(node.op, node.op)
    kind = layers.Plugin(plugin_name=name, fields=_fields(node), declared=declared)
    inputs = [
        b.logical(_first(node, b, index) if index in maps else value)
        for index, value in enumerate(node.inputs)
    ]
    b.note(f"It stays a plugin: the TensorRT that builds the engine must have {name}.")
    tensors = b.add_all(kind, *inputs)
    return tuple(
        Value.of(tensor, spec.dtype) for tensor, spec in zip(tensors, declared, strict=True)
    )


def _first(node: Call, b: Lower, index: int) -> Value:
    """Return an input with its channels before height and width."""
    value = node.input(index)
    return b.permute(value, order_of(layout(node, b, index), value.rank))


def _batch(node: Call, rank: int, index: int = 0) -> int:
    shape = node.input(index).shape
    if len(shape) < rank:
        raise node.refuse(f"Input {index} is {list(shape)}, it should have a batch in front.")
    return shape[0]


def _images(node: Call, b: Lower, maps: Sequence[int], count: int, *size: int) -> Value:
    """Add a plugin that cuts `count` images of `size` out of feature maps, in their layout."""
    first = _first(node, b, maps[0])
    if first.rank != 4:
        raise node.refuse(f"It cuts images out of feature maps, not of {list(first.shape)}.")
    (result,) = _plugin(node, b, (first.shape[0], count, first.shape[1], *size), maps=maps)
    last = layout(node, b, maps[0]) == "NHWC"
    return b.permute(result, (0, 1, 3, 4, 2)) if last else result


def found_plugin(op: str) -> Converter | None:
    """Return what lowers an op that is a plugin of a library here, None where it is none."""
    creator = found_creators().get(op)
    return None if creator is None else partial(_own, creator)


def _own(creator: FoundCreator, node: Call, b: Lower) -> Value:
    """Keep a plugin nobody described: its node says what comes out, else it is like what goes in.

    A creator tells its fields, not the shape of the result.
    """
    if not node.inputs:
        raise node.refuse("A plugin of a library reads something.", "Give it an input.")
    like = node.input(0)
    shape, dtype = node.node.attrs.get("shape"), node.node.attrs.get("dtype")
    dims = shape.dims if isinstance(shape, Shape) else None
    if dims is None or min(dims, default=0) < 0:
        dims = tuple(like.shape)
    spec = TensorSpec(dtype if isinstance(dtype, DType) else like.dtype, tuple(dims))
    kind = layers.Plugin(
        plugin_name=creator.name,
        plugin_version=creator.version,
        plugin_namespace=creator.namespace,
        fields=_fields(node),
        declared=(spec,),
    )
    said = "" if isinstance(shape, Shape) else ", taken to give what its first input is like"
    b.note(f"It is taken with the plugin {creator.name} of a library here{said}.")
    (tensor,) = b.add_all(kind, *(b.logical(value) for value in node.inputs))
    return Value.of(tensor, spec.dtype)


@converter("NMS_TRT", "NMSDynamic_TRT")
def nms(node: Call, b: Lower) -> tuple[Value, ...]:
    batch = _batch(node, 2)
    return _plugin(node, b, (batch, 1, integer(node, "keepTopK"), 7), (batch, 1, 1, 1))


@converter("BatchedNMS_TRT", "BatchedNMSDynamic_TRT")
def batched_nms(node: Call, b: Lower) -> tuple[Value, ...]:
    batch, kept = _batch(node, 3), integer(node, "keepTopK")
    counts = TensorSpec(DType.INT32, (batch, 1))
    return _plugin(node, b, counts, (batch, kept, 4), (batch, kept), (batch, kept))


@converter("EfficientNMS_TRT", "EfficientNMS_Explicit_TF_TRT")
def efficient_nms(node: Call, b: Lower) -> tuple[Value, ...]:
    batch = _batch(node, 3)
    limit = "max_output_boxes" if node.op == "EfficientNMS_TRT" else "max_total_size"
    kept = integer(node, limit, 100)
    counts, classes = (TensorSpec(DType.INT32, (batch, size)) for size in (1, kept))
    return _plugin(node, b, counts, (batch, kept, 4), (batch, kept), classes)


@converter("Proposal", "ProposalDynamic")
def proposal(node: Call, b: Lower) -> Value:
    shape = (_batch(node, 4), integer(node, "post_nms_top_n"), 4, 1)
    (boxes,) = _plugin(node, b, shape, maps=(0, 1))
    return boxes


_ROWS: dict[str, int] = {
    "ProposalLayer_TRT": 4,
    "MultilevelProposeROI_TRT": 4,
    "DetectionLayer_TRT": 6,
    "GenerateDetection_TRT": 6,
}
"""How many columns the results of Mask R-CNN's plugins have."""


@converter(*_ROWS)
def mask_rcnn_rows(node: Call, b: Lower) -> Value:
    kept = integer(node, "keep_topk", 1000 if node.op == "ProposalLayer_TRT" else None)
    (rows,) = _plugin(node, b, (_batch(node, 2), kept, _ROWS[node.op]))
    return rows


@converter("PyramidROIAlign_TRT", "MultilevelCropAndResize_TRT")
def roi_align(node: Call, b: Lower) -> Value:
    size = integer(node, "pooled_size", 7 if node.op == "PyramidROIAlign_TRT" else None)
    regions = node.input(0)
    if regions.rank < 3:
        raise node.refuse(f"It reads regions [batch, count, 4], not {list(regions.shape)}.")
    return _images(node, b, range(1, len(node.inputs)), regions.shape[1], size, size)


@converter("CropAndResize", "CropAndResizeDynamic")
def crop_and_resize(node: Call, b: Lower) -> Value:
    """NVIDIA's plugin of two inputs; TensorFlow's own op has four."""
    if len(node.inputs) != 2 or attribute(node, "crop_height") is None:
        raise refusal(node.node)
    regions = node.input(1)
    if regions.rank < 3:
        raise node.refuse(f"It reads regions [batch, count, 4], not {list(regions.shape)}.")
    size = integer(node, "crop_height"), integer(node, "crop_width")
    return _images(node, b, (0,), regions.shape[1], *size)


@converter("RPROI_TRT")
def region_proposal(node: Call, b: Lower) -> tuple[Value, ...]:
    kept = integer(node, "nmsMaxOut")
    maps = _first(node, b, 2)
    if maps.rank != 4:
        raise node.refuse(f"It pools feature maps, not {list(maps.shape)}.")
    batch, channels = maps.shape[:2]
    pooled = (batch, kept, channels, integer(node, "poolingH"), integer(node, "poolingW"))
    return _plugin(node, b, (batch, 1, kept, 4), pooled, maps=(0, 1, 2))
