"""UFF files as hypothesis makes them: any message the reader accepts."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff import fields
from surgeon_gui.uff.fields import TF_DTYPES

NAMES = st.text("abc/_1", min_size=1, max_size=4)
INT64 = st.integers(-(2**63), 2**63 - 1)
REALS = st.floats(allow_nan=False)
KINDS = ("i", "d", "b", "s", "blob", "dtype", "i_list", "d_list", "b_list", "s_list", "empty")


@st.composite
def data(draw: st.DrawFn) -> pb.Data:
    """Draw a field's value, other than a reference."""
    kind = draw(st.sampled_from(KINDS))
    made = pb.Data()
    if kind == "i":
        made.i = draw(INT64)
    elif kind == "d":
        made.d = draw(REALS)
    elif kind == "b":
        made.b = draw(st.booleans())
    elif kind == "s":
        made.s = draw(st.text(max_size=4))
    elif kind == "blob":
        made.blob = draw(st.binary(max_size=4))
    elif kind == "dtype":
        made = fields.dtype_number(draw(st.sampled_from([0, 1, 7, 12345, *TF_DTYPES])))
    elif kind == "i_list":
        made.i_list.val.extend(draw(st.lists(INT64, max_size=3)))
        made.i_list.SetInParent()
    elif kind == "d_list":
        made.d_list.SetInParent()
        made.d_list.val.extend(draw(st.lists(REALS, max_size=3)))
    elif kind == "b_list":
        made.b_list.SetInParent()
        made.b_list.val.extend(draw(st.lists(st.booleans(), max_size=3)))
    elif kind == "s_list":
        made.s_list.SetInParent()
        made.s_list.val.extend(draw(st.lists(st.text(max_size=2), max_size=3)))
    return made


@st.composite
def meta_graphs(draw: st.DrawFn) -> pb.MetaGraph:
    """Draw a file: constants, nodes of any operation, custom nodes, marked outputs."""
    meta = pb.MetaGraph(version=1, descriptor_core_version=draw(st.integers(0, 3)))
    meta.descriptors.add(id=draw(NAMES), version=1, optional=draw(st.booleans()))
    meta.referenced_data["spare"].blob = draw(st.binary(max_size=3))
    graph = meta.graphs.add(id=draw(NAMES))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    operation = st.sampled_from(["Const", "Conv", "Binary", "_Plugin_TRT", "MarkOutput", "Odd"])
    for place, name in enumerate(names):
        node = graph.nodes.add(id=name, operation=draw(operation))
        if place:
            node.inputs.extend(draw(st.lists(st.sampled_from(names[:place]), max_size=3)))
        for key, value in draw(st.dictionaries(NAMES, data(), max_size=3)).items():
            node.fields[key].CopyFrom(value)
        if draw(st.booleans()):
            node.extra_fields["more"].CopyFrom(draw(data()))
        if node.operation == "Const" and draw(st.booleans()):
            _constant(draw, meta, node)
        if node.operation == "Conv":
            orders = ("N+C", "+CK")
            key = fields.orders_key(orders)
            node.fields["inputs_orders"].ref = key
            meta.referenced_data[key].CopyFrom(fields.orders_data(orders))
    return meta


def _constant(draw: st.DrawFn, meta: pb.MetaGraph, node: pb.Node) -> None:
    key = draw(st.sampled_from([f"weights_{node.id}", "shared"]))
    dtype = draw(st.sampled_from([None, *TF_DTYPES.values()]))
    if key == "shared":
        dtype = TF_DTYPES[0x10020]
    dims = [2] if key == "shared" else draw(st.lists(st.integers(0, 3), max_size=3))
    size = 1 if dtype is None or dtype.numpy is None else dtype.numpy.itemsize
    meta.referenced_data[key].blob = b"\x01" * (int(np.prod(dims)) * size)
    node.fields["values"].ref = key
    node.fields["shape"].CopyFrom(fields.integers(dims))
    node.fields["dtype"].CopyFrom(fields.dtype_number(7) if dtype is None else fields.dtype(dtype))
