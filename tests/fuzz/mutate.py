"""Real graphs, damaged a little: what a slip of a script or of a disk leaves behind."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

from surgeon_gui.proto import graphdef_pb2 as pb

NUMBERS = (-1, 0, 1, 2, 3, 7, 255, 2**31 - 1, -(2**31), 2**40)
Mutation = Callable[[pb.GraphDef, random.Random], None]


def _node(graph: pb.GraphDef, dice: random.Random) -> pb.NodeDef:
    return graph.node[dice.randrange(len(graph.node))]


def drop_node(graph: pb.GraphDef, dice: random.Random) -> None:
    del graph.node[dice.randrange(len(graph.node))]


def drop_attribute(graph: pb.GraphDef, dice: random.Random) -> None:
    node = _node(graph, dice)
    if node.attr:
        del node.attr[dice.choice(sorted(node.attr))]


def change_number(graph: pb.GraphDef, dice: random.Random) -> None:
    """Put an odd number into some attribute: an int, a list, a shape, a dtype, a constant."""
    node = _node(graph, dice)
    if not node.attr:
        return
    attr = node.attr[dice.choice(sorted(node.attr))]
    number, kind = dice.choice(NUMBERS), attr.WhichOneof("value")
    if kind == "list" and attr.list.i:
        attr.list.i[dice.randrange(len(attr.list.i))] = number
    elif kind == "shape" and attr.shape.dim:
        attr.shape.dim[dice.randrange(len(attr.shape.dim))].size = number
    elif kind == "type":
        attr.type = cast("pb.DataType", dice.randrange(30))
    elif kind == "tensor":
        _change_tensor(attr.tensor, number, dice)
    elif kind == "i":
        attr.i = number


def _change_tensor(tensor: pb.TensorProto, number: int, dice: random.Random) -> None:
    dims = tensor.tensor_shape.dim
    if dice.random() < 0.3 and dims:
        dims[dice.randrange(len(dims))].size = number
    elif dice.random() < 0.2:
        tensor.dtype = cast("pb.DataType", dice.randrange(30))
    elif tensor.dtype == 3 and tensor.int_val:
        small = max(min(number, 2**31 - 1), -(2**31))
        tensor.int_val[dice.randrange(len(tensor.int_val))] = small
    elif tensor.dtype == 3 and len(tensor.tensor_content) >= 4:
        at = 4 * dice.randrange(len(tensor.tensor_content) // 4)
        piece = (number % 2**32).to_bytes(4, "little")
        tensor.tensor_content = tensor.tensor_content[:at] + piece + tensor.tensor_content[at + 4 :]
    else:
        tensor.tensor_content = tensor.tensor_content[: len(tensor.tensor_content) // 2]


def change_kind_of_attribute(graph: pb.GraphDef, dice: random.Random) -> None:
    node = _node(graph, dice)
    if node.attr:
        attr = node.attr[dice.choice(sorted(node.attr))]
        attr.Clear()
        choice = dice.randrange(4)
        if choice == 0:
            attr.i = dice.choice(NUMBERS)
        elif choice == 1:
            attr.s = b"\xff\xfe odd"
        elif choice == 2:
            attr.b = True
        else:
            attr.list.SetInParent()


def rewire(graph: pb.GraphDef, dice: random.Random) -> None:
    node = _node(graph, dice)
    if node.input:
        other = _node(graph, dice).name
        name = dice.choice([other, f"{other}:1", f"^{other}", "nowhere", node.name, ""])
        node.input[dice.randrange(len(node.input))] = name


def drop_input(graph: pb.GraphDef, dice: random.Random) -> None:
    node = _node(graph, dice)
    if node.input:
        del node.input[dice.randrange(len(node.input))]


def repeat_input(graph: pb.GraphDef, dice: random.Random) -> None:
    node = _node(graph, dice)
    if node.input:
        node.input.append(dice.choice(list(node.input)))


def swap_op(graph: pb.GraphDef, dice: random.Random) -> None:
    _node(graph, dice).op = dice.choice([*OPS.split(), _node(graph, dice).op])


OPS = """
    Add AddN ArgMax AvgPool BatchMatMulV2 BatchToSpaceND BiasAdd Cast ConcatV2 Const Conv2D
    Conv2DBackpropInput CropAndResize Cumsum DepthToSpace DepthwiseConv2dNative Dequantize Einsum
    Enter Exit ExpandDims FakeQuantWithMinMaxVars Fill FusedBatchNorm GatherNd GatherV2 If L2Loss
    LRN LeakyRelu LinSpace MatMul MaxPool Mean Merge MirrorPad NextIteration NonMaxSuppressionV3
    OneHot Pack Pad PartitionedCall Placeholder Pow Prod Range Reshape ResizeBilinear
    ResizeNearestNeighbor ReverseV2 ScatterNd Select Shape Slice Softmax SpaceToBatchND SpaceToDepth
    Split SplitV Squeeze StridedSlice Sum Switch Tile TopKV2 Transpose UnknownOp Unpack Where While
"""

MUTATIONS: tuple[Mutation, ...] = (
    drop_node,
    drop_attribute,
    change_number,
    change_number,
    change_number,
    change_kind_of_attribute,
    rewire,
    drop_input,
    repeat_input,
    swap_op,
    swap_op,
)


def mutated(data: bytes, seed: int) -> bytes:
    """Return the graph with one to four mutations; one time in six, with bytes damaged instead."""
    dice = random.Random(seed)
    if dice.randrange(6) == 0:
        damaged = bytearray(data)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        return bytes(damaged[: dice.choice([len(damaged), dice.randrange(len(damaged))])])
    graph = pb.GraphDef.FromString(data)
    for _ in range(dice.randrange(1, 5)):
        if graph.node:
            dice.choice(MUTATIONS)(graph, dice)
    return graph.SerializeToString()
