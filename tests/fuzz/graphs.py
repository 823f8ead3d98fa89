"""Graphs no sane exporter writes, built straight as protobuf messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from surgeon_gui.proto import graphdef_pb2 as pb

FLOAT, DOUBLE, INT32, STRING, COMPLEX64, INT64, BOOL, BFLOAT16, HALF = 1, 2, 3, 7, 8, 9, 10, 14, 19
IMAGE = (1, 8, 8, 3)

Make = Callable[["Maker"], None]
CASES: dict[str, Make] = {}
"""Graphs by name."""


def case(make: Make) -> Make:
    CASES[make.__name__] = make
    return make


def set_dtype(tensor: pb.TensorProto, number: int) -> None:
    """Set the dtype, known or not, as a file would."""
    tensor.dtype = cast("pb.DataType", number)


class Maker:
    """A GraphDef in the making."""

    def __init__(self) -> None:
        self.graph = pb.GraphDef()

    def node(self, name: str, op: str, inputs: Sequence[str] = (), **attrs: object) -> None:
        """Add a node; ints in a tuple are a shape, in a list a list, `T`-like attrs are dtypes."""
        node = self.graph.node.add(name=name, op=op)
        node.input.extend(inputs)
        for key, value in attrs.items():
            attr = node.attr[key]
            if isinstance(value, pb.TensorProto):
                attr.tensor.CopyFrom(value)
            elif isinstance(value, tuple):
                attr.shape.SetInParent()
                for dim in value:
                    attr.shape.dim.add(size=dim)
            elif isinstance(value, list):
                attr.list.i.extend(value)
            elif isinstance(value, bytes):
                attr.s = value
            elif isinstance(value, int) and (
                key[0] == "T" or key in ("dtype", "SrcT", "DstT", "out_type")
            ):
                attr.type = cast("pb.DataType", value)
            elif isinstance(value, int):
                attr.i = value

    def placeholder(
        self, name: str = "x", shape: tuple[int, ...] = IMAGE, dtype: int = FLOAT
    ) -> None:
        self.node(name, "Placeholder", dtype=dtype, shape=shape)

    def const(self, name: str, dims: Sequence[int], *numbers: float, dtype: int = FLOAT) -> None:
        """Add a constant; fewer numbers than elements repeat the last one."""
        tensor = pb.TensorProto()
        set_dtype(tensor, dtype)
        for dim in dims:
            tensor.tensor_shape.dim.add(size=dim)
        if dtype == FLOAT:
            tensor.float_val.extend(numbers)
        elif dtype in (HALF, BFLOAT16):
            tensor.half_val.extend(int(number) for number in numbers)
        elif dtype == INT64:
            tensor.int64_val.extend(int(number) for number in numbers)
        else:
            tensor.int_val.extend(int(number) for number in numbers)
        self.node(name, "Const", value=tensor, dtype=dtype)

    def raw(self, name: str, dims: Sequence[int], content: bytes, dtype: int = FLOAT) -> None:
        tensor = pb.TensorProto(tensor_content=content)
        set_dtype(tensor, dtype)
        for dim in dims:
            tensor.tensor_shape.dim.add(size=dim)
        self.node(name, "Const", value=tensor, dtype=dtype)


def graphdef(name: str) -> bytes:
    maker = Maker()
    CASES[name](maker)
    return maker.graph.SerializeToString()


def _conv(g: Maker, **attrs: object) -> None:
    g.placeholder()
    g.const("w", (3, 3, 3, 4), 0.5)
    g.node("c", "Conv2D", ["x", "w"], T=FLOAT, **attrs)


def _second(g: Maker, dims: Sequence[int], *numbers: int) -> None:
    """Add the placeholder and an int32 constant `p`."""
    g.placeholder()
    g.const("p", dims, *numbers, dtype=INT32)


@case
def cycle(g: Maker) -> None:
    g.node("a", "Relu", ["b"], T=FLOAT)
    g.node("b", "Relu", ["a"], T=FLOAT)


@case
def self_loop(g: Maker) -> None:
    g.node("a", "Relu", ["a"], T=FLOAT)


@case
def control_cycle(g: Maker) -> None:
    g.placeholder()
    g.node("a", "Relu", ["x", "^b"], T=FLOAT)
    g.node("b", "Relu", ["x", "^a"], T=FLOAT)


@case
def reads_nothing_there(g: Maker) -> None:
    g.node("a", "Relu", ["nowhere", "^nobody"], T=FLOAT)


@case
def no_inputs(g: Maker) -> None:
    g.node("a", "Relu", T=FLOAT)


@case
def odd_ports(g: Maker) -> None:
    g.placeholder()
    g.node("a", "Add", ["x:9", "x:99999999999999999999"], T=FLOAT)


@case
def odd_names(g: Maker) -> None:
    last = "ünï/co dé"
    g.placeholder(last)
    for name in ("new\nline", "q\"uo'te", "/lead", "trail/", "a//b", "[bold]x[/bold]", "x=1"):
        g.node(name, "Relu", [last], T=FLOAT)
        last = name


@case
def conv_without_attributes(g: Maker) -> None:
    _conv(g)


@case
def conv_without_weights(g: Maker) -> None:
    g.placeholder()
    g.node("c", "Conv2D", ["x"], T=FLOAT, strides=[1, 1, 1, 1], padding=b"SAME")


@case
def conv_with_short_strides(g: Maker) -> None:
    _conv(g, strides=[1, 0], padding=b"SAME")


@case
def conv_with_zero_strides(g: Maker) -> None:
    _conv(g, strides=[1, 0, 0, 1], padding=b"SAME")


@case
def conv_with_negative_strides(g: Maker) -> None:
    _conv(g, strides=[1, -1, -1, 1], padding=b"SAME")


@case
def conv_with_attributes_of_other_types(g: Maker) -> None:
    _conv(g, strides=1, padding=7)


@case
def constant_too_short(g: Maker) -> None:
    g.placeholder()
    g.raw("w", IMAGE, b"\0" * 10)
    g.node("o", "Add", ["x", "w"], T=FLOAT)


@case
def constant_with_negative_dimension(g: Maker) -> None:
    g.placeholder()
    g.raw("w", (-1, 3), b"\0" * 12)
    g.node("o", "Add", ["x", "w"], T=FLOAT)


@case
def constant_of_a_tera_element(g: Maker) -> None:
    g.placeholder()
    g.const("w", (1_000_000, 1_000_000), 1.0)
    g.node("d", "Mul", ["w", "w"], T=FLOAT)
    g.node("o", "Add", ["x", "w"], T=FLOAT)


@case
def constant_past_64_bits(g: Maker) -> None:
    g.placeholder()
    g.const("w", (2**62, 2**62, 8), 1.0)
    g.node("o", "Add", ["x", "w"], T=FLOAT)


@case
def constant_without_value(g: Maker) -> None:
    g.node("w", "Const", dtype=FLOAT)
    g.node("o", "Relu", ["w"], T=FLOAT)


@case
def fill_of_a_tera_element(g: Maker) -> None:
    g.const("dims", (2,), 1_000_000, 1_000_000, dtype=INT32)
    g.const("v", (), 1.0)
    g.node("f", "Fill", ["dims", "v"], T=FLOAT)
    g.node("o", "Add", ["f", "f"], T=FLOAT)


@case
def range_of_two_giga(g: Maker) -> None:
    for name, value in (("a", 0), ("b", 2**31 - 1), ("c", 1)):
        g.const(name, (), value, dtype=INT32)
    g.node("r", "Range", ["a", "b", "c"], Tidx=INT32)
    g.node("o", "Cast", ["r"], SrcT=INT32, DstT=FLOAT)


@case
def tile_of_two_giga(g: Maker) -> None:
    g.const("v", (1,), 1.0)
    g.const("m", (1,), 2**31 - 1, dtype=INT32)
    g.node("t", "Tile", ["v", "m"], T=FLOAT)
    g.node("o", "Relu", ["t"], T=FLOAT)


@case
def outer_product_of_two_constants(g: Maker) -> None:
    g.const("a", (100_000, 1), 1.0)
    g.const("b", (1, 100_000), 1.0)
    g.node("o", "Mul", ["a", "b"], T=FLOAT)


@case
def one_hot_of_two_giga(g: Maker) -> None:
    g.placeholder("x", (4,), INT32)
    g.const("d", (), 2**31 - 1, dtype=INT32)
    g.const("on", (), 1.0)
    g.const("off", (), 0.0)
    g.node("o", "OneHot", ["x", "d", "on", "off"], T=FLOAT, TI=INT32, axis=-1)


@case
def padded_by_giga(g: Maker) -> None:
    _second(g, (4, 2), 0, 0, 2**30, 2**30, 2**30, 2**30, 0, 0)
    g.node("o", "Pad", ["x", "p"], T=FLOAT)


@case
def reshape_with_two_open(g: Maker) -> None:
    _second(g, (2,), -1, -1)
    g.node("o", "Reshape", ["x", "p"], T=FLOAT)


@case
def concat_along_axis_17(g: Maker) -> None:
    _second(g, (), 17)
    g.node("o", "ConcatV2", ["x", "x", "p"], T=FLOAT, N=2)


@case
def concat_of_300(g: Maker) -> None:
    _second(g, (), 3)
    g.node("o", "ConcatV2", ["x"] * 300 + ["p"], T=FLOAT, N=300)


@case
def concat_of_900_that_are_2(g: Maker) -> None:
    _second(g, (), 3)
    g.node("o", "ConcatV2", ["x", "x", "p"], T=FLOAT, N=900)


@case
def transpose_by_no_permutation(g: Maker) -> None:
    _second(g, (4,), 0, 0, 9, 1)
    g.node("o", "Transpose", ["x", "p"], T=FLOAT)


@case
def split_into_0(g: Maker) -> None:
    _second(g, (), 3)
    g.node("s", "Split", ["p", "x"], T=FLOAT, num_split=0)
    g.node("o", "Relu", ["s:1"], T=FLOAT)


@case
def depth_to_space_by_0(g: Maker) -> None:
    g.placeholder()
    g.node("o", "DepthToSpace", ["x"], T=FLOAT, block_size=0)


@case
def pool_of_0(g: Maker) -> None:
    g.placeholder()
    sizes = [1, 0, 0, 1]
    g.node("o", "MaxPool", ["x"], T=FLOAT, ksize=sizes, strides=sizes, padding=b"SAME")


@case
def division_of_constants_by_0(g: Maker) -> None:
    g.const("a", (2,), 1, 0, dtype=INT32)
    g.node("d", "FloorDiv", ["a", "a"], T=INT32)
    g.node("o", "Cast", ["d"], SrcT=INT32, DstT=FLOAT)


@case
def constants_that_do_not_fit(g: Maker) -> None:
    g.const("a", (2,), 1.0)
    g.const("b", (3,), 1.0)
    g.node("o", "Add", ["a", "b"], T=FLOAT)


@case
def placeholder_of_zettabytes(g: Maker) -> None:
    g.placeholder("x", (2**62, 2**62))
    g.node("o", "Relu", ["x"], T=FLOAT)


@case
def shape_that_int32_cannot_tell(g: Maker) -> None:
    g.placeholder("x", (1, 2**36))
    g.node("s", "Shape", ["x"], T=FLOAT, out_type=INT32)
    g.node("n", "Size", ["x"], T=FLOAT)
    g.node("o", "Fill", ["s", "n"], T=INT32)


@case
def placeholder_without_anything(g: Maker) -> None:
    g.node("x", "Placeholder")
    g.node("o", "Relu", ["x"])


@case
def unknown_dtypes(g: Maker) -> None:
    g.placeholder(dtype=999)
    g.raw("w", (2,), b"\0" * 8, dtype=77)
    g.node("o", "Add", ["x", "w"], T=999)


@case
def rank_20(g: Maker) -> None:
    g.placeholder("x", (1,) * 20)
    g.node("o", "Relu", ["x"], T=FLOAT)


@case
def half_a_loop(g: Maker) -> None:
    g.placeholder()
    g.node("e", "Enter", ["x"], T=FLOAT, frame_name=b"f")
    g.node("m", "Merge", ["e", "n"], T=FLOAT, N=2)
    g.node("n", "NextIteration", ["m"], T=FLOAT)


@case
def function_that_is_missing(g: Maker) -> None:
    g.placeholder()
    g.node("o", "StatefulPartitionedCall", ["x"])
    g.graph.node[-1].attr["f"].func.name = "nope"


@case
def nothing_but_constants(g: Maker) -> None:
    g.const("w", (3,), 1.0, 2.0, 3.0)


@case
def name_of_3000_parts(g: Maker) -> None:
    g.placeholder()
    g.node("/".join(["s"] * 3000) + "/r", "Relu", ["x"], T=FLOAT)
