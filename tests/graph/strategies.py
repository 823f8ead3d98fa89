"""Hypothesis strategies for graphs, attribute values and constants."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from surgeon_gui.graph.model import Graph, Node, TensorRef, Versions
from surgeon_gui.graph.values import (
    AttrValue,
    DType,
    FuncRef,
    RawAttr,
    Shape,
    TensorValue,
    float32,
)
from surgeon_gui.proto import graphdef_pb2 as pb

DTYPES = st.sampled_from([dtype for dtype in DType if dtype is not DType.INVALID])
NUMERIC = [
    DType.FLOAT32,
    DType.FLOAT64,
    DType.FLOAT16,
    DType.BFLOAT16,
    DType.INT8,
    DType.INT16,
    DType.INT32,
    DType.INT64,
    DType.UINT8,
    DType.UINT16,
    DType.UINT32,
    DType.UINT64,
    DType.BOOL,
    DType.COMPLEX64,
    DType.QINT8,
    DType.QUINT8,
]
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOAT32 = st.floats(width=32, allow_nan=False).map(float32)
SHAPES = st.one_of(
    st.just(Shape(None)),
    st.lists(st.integers(-1, 2**40), max_size=4).map(lambda dims: Shape(tuple(dims))),
)


@st.composite
def tensors(draw: st.DrawFn) -> TensorValue:
    """Any constant: any bits, all numpy dtypes, strings; short, equal and long lists."""
    dtype = draw(st.sampled_from([*NUMERIC, DType.STRING]))
    shape = tuple(draw(st.lists(st.integers(0, 5), max_size=3)))
    size = int(np.prod(shape))
    if dtype is DType.STRING:
        strings = draw(st.lists(st.binary(max_size=5), min_size=size, max_size=size))
        boxed = np.empty(size, dtype=np.object_)
        boxed[:] = strings
        return TensorValue.from_array(boxed.reshape(shape), dtype)
    kind = dtype.numpy
    assert kind is not None
    if dtype is DType.BOOL:
        bools = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        return TensorValue.from_array(np.array(bools, dtype=np.bool_).reshape(shape), dtype)
    count = size * kind.itemsize
    data = draw(st.binary(min_size=count, max_size=count))
    if draw(st.booleans()) and size:
        data = data[: kind.itemsize] * size
    return TensorValue.from_array(np.frombuffer(data, dtype=kind).reshape(shape), dtype)


FUNCTIONS = st.builds(
    lambda name: FuncRef(name, pb.NameAttrList(name=name).SerializeToString()),
    st.text("abc_/ä", min_size=1, max_size=6),
)
SCALARS: st.SearchStrategy[AttrValue] = st.one_of(
    INT64, FLOAT32, st.booleans(), st.binary(max_size=12), DTYPES, SHAPES, tensors(), FUNCTIONS
)
LISTS: st.SearchStrategy[AttrValue] = st.one_of(
    *(
        st.lists(kind, max_size=4).map(tuple)
        for kind in (INT64, FLOAT32, st.booleans(), st.binary(max_size=4), DTYPES, SHAPES)
    )
)
PLACEHOLDERS: st.SearchStrategy[AttrValue] = st.text(max_size=5).map(
    lambda text: RawAttr(pb.AttrValue(placeholder=text).SerializeToString())
)
VALUES: st.SearchStrategy[AttrValue] = st.one_of(SCALARS, LISTS, PLACEHOLDERS)

PLAIN_NAMES = st.from_regex(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]{0,8}", fullmatch=True)
ODD_NAMES = st.text(min_size=1, max_size=6).filter(
    lambda text: not text.startswith("^") and "\0" not in text
)
OPS = st.sampled_from(
    [
        "Const",
        "Identity",
        "Add",
        "Conv2D",
        "ConcatV2",
        "Merge",
        "Placeholder",
        "Relu",
        "NoOp",
        "Cast",
        "Split",
        "LReLU_TRT",
    ]
)
KEYS = st.sampled_from(
    ["T", "dtype", "shape", "value", "N", "strides", "_class", "Tidx", "SrcT", "DstT", "odd", "key"]
)


@st.composite
def graphs(draw: st.DrawFn, *, dangling: bool = True) -> Graph:
    """A graph of a few nodes with any attributes, control inputs, devices, versions and outputs."""
    names = draw(st.lists(PLAIN_NAMES | ODD_NAMES, min_size=1, max_size=7, unique=True))
    sources = st.sampled_from([*names, "missing"] if dangling else names)
    refs = st.builds(TensorRef, sources, st.integers(0, 3))
    nodes = [
        Node(
            name,
            draw(OPS),
            draw(st.lists(refs, max_size=3)),
            draw(st.dictionaries(KEYS, VALUES, max_size=4)),
            controls=draw(st.lists(sources, max_size=2, unique=True)),
            device=draw(st.sampled_from(["", "/device:GPU:0", 'odd "device"'])),
        )
        for name in names
    ]
    return Graph(
        tuple(nodes),
        draw(st.builds(Versions, st.integers(0, 99), st.integers(0, 99), st.just((3, 4)))),
        draw(st.sampled_from([b"", pb.FunctionDefLibrary().SerializeToString(), b"\x0a\x00"])),
        draw(st.sampled_from([b"", b"\x12\x00"])),
        draw(st.none() | st.lists(refs.filter(lambda r: r.node in names), max_size=2).map(tuple)),
    )
