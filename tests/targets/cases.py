"""Graphs made to order: one that meets a restriction of the tables, one that breaks it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import Array, AttrValue, DType, Shape, TensorValue
from surgeon_gui.proto import graphdef_pb2 as pb
from surgeon_gui.targets.checks.attributes import dtype_named
from surgeon_gui.targets.checks.context import Context, compare

Params = Mapping[str, Any]


@dataclass
class Made:
    """A node under construction: what it reads, what it carries, who reads it."""

    op: str
    name: str = "node"
    operands: dict[int, Node] = field(default_factory=dict)
    attrs: dict[str, AttrValue] = field(default_factory=dict)
    readers: list[tuple[str, int]] = field(default_factory=list)
    least: int = 1
    extra: list[Node] = field(default_factory=list)

    def context(self) -> Context:
        count = max([self.least, *(index + 1 for index in self.operands)])
        operands = [self.operands.get(index, tensor(index)) for index in range(count)]
        if self.op in ("Placeholder", "Const"):
            operands = []
        node = Node(self.name, self.op, [TensorRef(each.name) for each in operands], self.attrs)
        readers = [
            Node(f"reader{number}", op, [TensorRef(self.name, port)])
            for number, (op, port) in enumerate(self.readers)
        ]
        graph = Graph((*operands, *self.extra, node, *readers))
        return Context(graph, node, infer_types(graph))


def tensor(index: int, shape: tuple[int, ...] = (2, 4, 4, 4), dtype: DType = DType.FLOAT32) -> Node:
    return Node(f"x{index}", "Placeholder", attrs={"dtype": dtype, "shape": Shape(shape)})


def constant(index: int, array: Array) -> Node:
    dtype = DType.from_numpy(array.dtype)
    value = TensorValue.from_array(array, dtype)
    return Node(f"c{index}", "Const", attrs={"dtype": dtype, "value": value})


def ints(index: int, *values: int) -> Node:
    return constant(index, np.array(values, np.int32))


Maker = Callable[[Made, Params, bool], None]
MAKERS: dict[str, Maker] = {}


def makes(*kinds: str) -> Callable[[Maker], Maker]:
    def file(maker: Maker) -> Maker:
        MAKERS.update(dict.fromkeys(kinds, maker))
        return maker

    return file


def make(op: str, check: Params, good: bool) -> Made | None:
    """Return a node that meets the check or breaks it; None where a graph cannot decide it."""
    made = Made(op)
    return made if apply(made, check, good) else None


def apply(made: Made, check: Params, good: bool) -> bool:
    maker = MAKERS.get(check["kind"])
    if maker is None:
        return False
    maker(made, check, good)
    return True


def _index(made: Made, index: int) -> int:
    return index if index >= 0 else 2


@makes("input_const")
def input_const(made: Made, params: Params, good: bool) -> None:
    index = _index(made, params["index"])
    shape = (3,) * params.get("rank", 1)
    array = np.ones(shape, np.float32 if "rank" in params else np.int32)
    made.operands[index] = constant(index, array) if good else tensor(index)


@makes("inputs_const")
def inputs_const(made: Made, params: Params, good: bool) -> None:
    for index in params["indices"]:
        made.operands[index] = ints(index, 1) if good else tensor(index)


@makes("input_not_const")
def input_not_const(made: Made, params: Params, good: bool) -> None:
    input_const(made, params, not good)


@makes("no_input_const", "no_data_input_const")
def no_input_const(made: Made, params: Params, good: bool) -> None:
    made.operands = {0: tensor(0), 1: tensor(1) if good else ints(1, 1)}
    if made.op == "ConcatV2":
        made.operands[2] = ints(2, 1)


def _attr(value: Any) -> AttrValue:
    if isinstance(value, str):
        return dtype_named(value) if value.startswith("DT_") else value.encode()
    found: AttrValue = value
    return found


def _other(value: Any) -> AttrValue:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return DType.INT64 if str(value).startswith("DT_") else b"NHWC"


@makes("attr_eq")
def attr_eq(made: Made, params: Params, good: bool) -> None:
    value = params["value"]
    made.attrs[params["attr"]] = _attr(value) if good else _other(value)


@makes("attr_in")
def attr_in(made: Made, params: Params, good: bool) -> None:
    made.attrs[params["attr"]] = _attr(params["values"][0]) if good else b"EXPLICIT"


@makes("attrs_eq")
def attrs_eq(made: Made, params: Params, good: bool) -> None:
    for name in params["attrs"]:
        made.attrs[name] = params["value"] if good else params["value"] + 1


@makes("attr_range")
def attr_range(made: Made, params: Params, good: bool) -> None:
    made.attrs[params["attr"]] = float(params["min"] if good else params["max"] + 1)


@makes("attr_all_one")
def attr_all_one(made: Made, params: Params, good: bool) -> None:
    made.attrs[params["attr"]] = (1, 1, 1, 1) if good else (1, 2, 2, 1)


@makes("attr_batch_channel_one")
def attr_batch_channel_one(made: Made, params: Params, good: bool) -> None:
    deep = made.op.endswith("3D")
    made.attrs["data_format"] = b"NDHWC" if deep else b"NHWC"
    inner = (2, 2, 2) if deep else (2, 2)
    for name in params["attrs"]:
        made.attrs[name] = (1, *inner, 1 if good else 2)


@makes("dtype_in")
def dtype_in(made: Made, params: Params, good: bool) -> None:
    made.attrs[params["attr"]] = dtype_named(params["values"][0]) if good else DType.STRING


@makes("axis_not_batch")
def axis_not_batch(made: Made, params: Params, good: bool) -> None:
    where, axis = params["axis_from"], 1 if good else 0
    if "attr" in where:
        made.attrs[where["attr"]] = (axis,)
    else:
        index = _index(made, where["input"])
        made.operands[index] = ints(index, axis)


@makes("perm_batch_fixed")
def perm_batch_fixed(made: Made, params: Params, good: bool) -> None:
    made.operands[1] = ints(1, *((0, 2, 3, 1) if good else (1, 0, 2, 3)))


@makes("const_rank")
def const_rank(made: Made, params: Params, good: bool) -> None:
    rank = params["value"] if good else params["value"] - 1
    made.operands[params["input"]] = constant(params["input"], np.ones((2,) * rank, np.float32))


@makes("const_dim")
def const_dim(made: Made, params: Params, good: bool) -> None:
    wanted = [size for size in (1, 2) if compare(size, params["op"], params["value"]) is good]
    dims = [3, 3, 4, 4]
    dims[params["dim"]] = wanted[0]
    made.operands[params["input"]] = constant(params["input"], np.ones(dims, np.float32))


@makes("const_count")
def const_count(made: Made, params: Params, good: bool) -> None:
    made.operands[params["input"]] = ints(params["input"], *((-1, 64) if good else (-1, -1)))


@makes("const_min", "const_max", "const_eq_last_input")
def const_limit(made: Made, params: Params, good: bool) -> None:
    step = {"const_min": -1, "const_max": 1, "const_eq_last_input": 1}[params["kind"]]
    index = params.get("input", 5)
    made.operands[index] = ints(index, params["value"] + (0 if good else step))


@makes("input_rank")
def input_rank(made: Made, params: Params, good: bool) -> None:
    ranks = [rank for rank in range(6) if compare(rank, params["op"], params["value"]) is good]
    made.operands[params["index"]] = tensor(params["index"], (2,) * ranks[-1])


@makes("if_other_const_rank_ge")
def if_other_const_rank_ge(made: Made, params: Params, good: bool) -> None:
    made.operands = {0: tensor(0, (2,) * (params["value"] - (0 if good else 1))), 1: ints(1, 1)}


@makes("placeholder_static")
def placeholder_static(made: Made, params: Params, good: bool) -> None:
    made.attrs |= {"dtype": DType.FLOAT32, "shape": Shape((-1, 4 if good else -1, 4))}


@makes("placeholder_ranked")
def placeholder_ranked(made: Made, params: Params, good: bool) -> None:
    made.attrs |= {"dtype": DType.FLOAT32, "shape": Shape((-1, -1) if good else None)}


@makes("dim_static")
def dim_static(made: Made, params: Params, good: bool) -> None:
    size = 4 if good else -1
    made.operands[params["index"]] = tensor(params["index"], (2, size, size, size))


@makes("const_encoding")
def const_encoding(made: Made, params: Params, good: bool) -> None:
    """Numbers lie in the message's field only in a file, so the node is read from one."""
    if good:
        value = pb.TensorProto(dtype="DT_FLOAT", float_val=[1.0])
    else:
        value = pb.TensorProto(dtype="DT_DOUBLE", double_val=[1.0])
    message = pb.GraphDef()
    node = message.node.add(name="node", op="Const")
    node.attr["value"].tensor.CopyFrom(value)
    made.attrs = dict(graph_from_graphdef(message.SerializeToString())["node"].attrs)


@makes("only_feeds", "consumer_op_in")
def consumers(made: Made, params: Params, good: bool) -> None:
    listed = params.get("consumers") or params["values"]
    made.readers.append((listed[0] if good else "Elu", 0))


@makes("only_output", "unused_output")
def ports(made: Made, params: Params, good: bool) -> None:
    bad = params["index"] if params["kind"] == "unused_output" else params["index"] + 1
    made.readers.append(("Relu", 0 if good else bad))


@makes("reshape_keeps_batch")
def reshape_keeps_batch(made: Made, params: Params, good: bool) -> None:
    made.operands = {0: tensor(0), 1: ints(1, *((2, 64) if good else (4, 32)))}


@makes("slice_keeps_batch")
def slice_keeps_batch(made: Made, params: Params, good: bool) -> None:
    count = 2 if good else 1
    made.operands = {0: tensor(0), 1: ints(1, 0, 0, 0, 0)}
    if made.op == "Slice":
        made.operands[2] = ints(2, count, 4, 4, 2)
    else:
        made.operands |= {2: ints(2, count, 4, 4, 2), 3: ints(3, 1, 1, 1, 1)}


@makes("name_parent_contains")
def name_parent_contains(made: Made, params: Params, good: bool) -> None:
    made.name = f"{params['value'] if good else 'head'}/node"


@makes("same_pad_symmetric")
def same_pad_symmetric(made: Made, params: Params, good: bool) -> None:
    made.attrs |= {"padding": b"SAME", "strides": (1, 1, 1, 1) if good else (1, 2, 2, 1)}
    made.operands = {0: tensor(0), 1: constant(1, np.ones((3, 3, 4, 4), np.float32))}


@makes("pad_symmetric")
def pad_symmetric(made: Made, params: Params, good: bool) -> None:
    pads = [[0, 0], [1, 1], [1, 1 if good else 0], [0, 0]]
    made.operands[1] = constant(1, np.array(pads, np.int32))


@makes("pad_axes_only")
def pad_axes_only(made: Made, params: Params, good: bool) -> None:
    pads = [[0 if good else 1, 0], [1, 1], [1, 1], [0, 0]]
    made.operands[1] = constant(1, np.array(pads, np.int32))


@makes("all", "any")
def every(made: Made, params: Params, good: bool) -> None:
    for part in params["of"]:
        apply(made, part, good)


@makes("not")
def negated(made: Made, params: Params, good: bool) -> None:
    apply(made, params["of"][0], not good)


@makes("pattern")
def pattern(made: Made, params: Params, good: bool) -> None:
    """The chain Sub, Pack, Slice, ConcatV2, Reshape, Softmax, Reshape around a Softmax."""
    assert params["pattern"] == "softmax_reshape_chain"
    if not good:
        return
    names = ["Sub", "Pack", "Slice", "ConcatV2", "Reshape"]
    before = [Node("Sub", "Sub", [TensorRef("x9"), TensorRef("x9")])]
    before += [Node(name, name, [TensorRef(source)]) for source, name in itertools.pairwise(names)]
    made.extra = [tensor(9), *before[:-1]]
    made.operands[0] = before[-1]
    made.readers.append(("Reshape", 0))
