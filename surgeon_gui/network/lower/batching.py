"""SpaceToBatch and BatchToSpace: dilated convolutions where they belong to one, else moved data."""

from __future__ import annotations

from surgeon_gui.graph.model import Node
from surgeon_gui.network.ir import Dims
from surgeon_gui.network.layers import SampleMode
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.convolution import convolve
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value
from surgeon_gui.network.lower.windows import data_format

_CONVOLUTIONS = ("Conv2D", "Conv3D", "DepthwiseConv2dNative")
Pairs = tuple[tuple[int, int], ...]


def _pairs(values: tuple[int, ...]) -> Pairs:
    return tuple(zip(values[::2], values[1::2], strict=True))


def _block_and_pairs(node: Call, what: str) -> tuple[Dims, Pairs]:
    """Return the block sizes and the pads or crops before and after each of their dimensions."""
    if node.op in ("SpaceToBatch", "BatchToSpace"):
        size = node.integer("block_size")
        return (size, size), _pairs(node.constant_ints(1, what))
    return node.constant_ints(1, "the block shape"), _pairs(node.constant_ints(2, what))


@converter("SpaceToBatchND", "SpaceToBatch")
def space_to_batch(node: Call, b: Lower) -> Value:
    data = node.input(0)
    block, pads = _block_and_pairs(node, "the paddings")
    count = len(block)
    before = (0, *(low for low, _ in pads), *(0,) * (data.rank - count - 1))
    after = (0, *(high for _, high in pads), *(0,) * (data.rank - count - 1))
    size = [low + dim + high for low, dim, high in zip(before, data.shape, after, strict=True)]
    start = [-low for low in before]
    padded = b.slice(data, start, size, mode=SampleMode.FILL, suffix="padding")
    split: list[int] = [size[0]]
    for place, step in enumerate(block, start=1):
        if size[place] % step:
            raise node.refuse(f"{size[place]} does not divide into blocks of {step}.")
        split += [size[place] // step, step]
    split += size[count + 1 :]
    inner = [1 + 2 * place for place in range(count)]
    steps = [2 + 2 * place for place in range(count)]
    order = (*steps, 0, *inner, *range(2 * count + 1, len(split)))
    batch = size[0]
    for step in block:
        batch *= step
    moved = b.permute(b.view(padded, tuple(split)), order)
    return b.view(moved, (batch, *(split[place] for place in inner), *size[count + 1 :]))


@converter("BatchToSpaceND", "BatchToSpace")
def batch_to_space(node: Call, b: Lower) -> Value:
    data = node.input(0)
    block, crops = _block_and_pairs(node, "the crops")
    dilated = _dilated_convolution(node, b, block, crops)
    if dilated is not None:
        return dilated
    count = len(block)
    batch = data.shape[0]
    for step in block:
        if batch % step:
            raise node.refuse(f"The batch {data.shape[0]} does not divide by {list(block)}.")
        batch //= step
    rest = data.shape[count + 1 :]
    split = (*block, batch, *data.shape[1:])
    order = [count]
    for place in range(count):
        order += [count + 1 + place, place]
    order += range(2 * count + 1, len(split))
    moved = b.permute(b.view(data, split), order)
    grown = [dim * step for dim, step in zip(data.shape[1 : count + 1], block, strict=True)]
    whole = b.view(moved, (batch, *grown, *rest))
    start = (0, *(low for low, _ in crops), *(0,) * len(rest))
    kept = [dim - low - high for dim, (low, high) in zip(grown, crops, strict=True)]
    return b.slice(whole, start, (batch, *kept, *rest), suffix="crop")


def _dilated_convolution(node: Call, b: Lower, block: Dims, crops: Pairs) -> Value | None:
    """Return the convolution that SpaceToBatch, convolution, BatchToSpace amount to.

    The convolution, dilated by the block, sees the padded input less what the crops take away at
    the end; crops at the start shift nothing only when there are none.
    """
    convolution = _source(b, node.node, 0)
    if convolution is None or convolution.op not in _CONVOLUTIONS:
        return None
    spreader = _source(b, convolution, 0)
    if spreader is None or spreader.op not in ("SpaceToBatchND", "SpaceToBatch"):
        return None
    kernel = b.values.get(convolution.inputs[1])
    spread = Call(spreader, tuple(b.values[ref] for ref in spreader.inputs))
    inner = Call(convolution, tuple(b.values[ref] for ref in convolution.inputs))
    data = spread.input(0)
    layout = data_format(inner, inner.input(0).rank)
    spread_block, pads = _block_and_pairs(spread, "the paddings")
    count = len(layout) - 2
    plain = (
        kernel is not None
        and not layout.startswith("NC")
        and inner.text("padding", "VALID") == "VALID"
        and set(inner.spatial("strides", layout)) == {1}
        and set(inner.spatial("dilations", layout, optional=True)) == {1}
    )
    if not plain or kernel is None or spread_block != block or data.rank != len(layout):
        return None
    if any(low for low, _ in crops):
        return None
    dilation = (*block, *(1,) * (count - len(block)))
    before = [low for low, _ in pads] + [0] * (count - len(block))
    after = [high - crop for (_, high), (_, crop) in zip(pads, crops, strict=True)] + [0] * (
        count - len(block)
    )
    if min(after) < 0:
        return None
    return convolve(
        node,
        b,
        data,
        kernel,
        layout,
        stride=(1,) * count,
        dilation=dilation,
        pads=(tuple(before), tuple(after)),
        depthwise=convolution.op.startswith("Depthwise"),
    )


def _source(b: Lower, node: Node, index: int) -> Node | None:
    """Return the node an input comes from, past identities that keep its only output."""
    source = b.scope.get(node.inputs[index].node)
    while source is not None and source.op == "Identity":
        source = b.scope.get(source.inputs[0].node)
    return source
