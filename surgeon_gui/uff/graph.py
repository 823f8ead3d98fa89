"""A UFF file as a Graph, for looking at it and editing it, and back without loss.

A node's op is its UFF operation and its attributes are its fields: orders as their strings, weights
as constants. A field without a counterpart among attributes is kept as its serialized Data under
`raw:NAME`. What belongs to the file as a whole is kept in a field of the GraphDef that TensorFlow
does not know, which is also what marks such a graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from types import MappingProxyType

from surgeon_gui.errors import ConvertError, Unsupported
from surgeon_gui.graph.ignored import IGNORED
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.values import AttrValue, DType, Shape, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.proto.wire import LENGTH_DELIMITED, field_head, read_fields
from surgeon_gui.uff import fields
from surgeon_gui.uff.file import Blob, UffFile, blob_of

SHELL_FIELD = 1000
"""Number of the GraphDef field that holds what is not nodes: a MetaGraph."""

_ORDERS = ("inputs_orders", "outputs_orders")
_RAW, _EXTRA, _KEY = "raw:", "extra:", "values_key"


def graph_from_uff(file: UffFile) -> Graph:
    """Return a UFF file's nodes as a graph whose outputs are those marked; nothing is copied."""
    kept = pb.MetaGraph()
    kept.CopyFrom(file.shell)
    del kept.graphs[0].nodes[:]
    blobs = dict(file.blobs)
    used: set[str] = set()
    nodes = [_node(file, item, used) for item in file.nodes]
    for key in used:
        kept.referenced_data.pop(key, None)
        blobs.pop(key, None)
    for key, blob in blobs.items():
        kept.referenced_data[key].blob = bytes(blob)
    shell = kept.SerializeToString(deterministic=True)
    return Graph(
        tuple(nodes),
        extra=field_head(SHELL_FIELD, len(shell)) + shell,
        outputs=tuple(
            TensorRef(name)
            for item in file.nodes
            if item.operation == "MarkOutput"
            for name in item.inputs
        ),
    )


def is_uff_graph(graph: Graph) -> bool:
    """Whether a graph was made of a UFF file, so that its ops are UFF's operations."""
    return _shell(graph) is not None


def _shell(graph: Graph) -> pb.MetaGraph | None:
    view = memoryview(graph.extra)
    for field in read_fields(view, 0, len(view)):
        if field.number == SHELL_FIELD and field.wire == LENGTH_DELIMITED:
            return pb.MetaGraph.FromString(bytes(view[field.start : field.end]))
    return None


def _node(file: UffFile, item: pb.Node, used: set[str]) -> Node:
    attrs: dict[str, AttrValue] = {}
    left = dict(item.fields)
    if item.operation == "Const":
        attrs.update(_constant(file, item, left, used))
    for name, data in sorted(left.items()):
        value = field_value(file, name, data, used)
        if value is None:
            attrs[_RAW + name] = data.SerializeToString(deterministic=True)
        else:
            attrs[name] = value
    for name, data in sorted(item.extra_fields.items()):
        attrs[_EXTRA + name] = data.SerializeToString(deterministic=True)
    return Node(item.id, item.operation, [TensorRef(name) for name in item.inputs], attrs)


def _constant(
    file: UffFile, item: pb.Node, left: MutableMapping[str, pb.Data], used: set[str]
) -> Iterator[tuple[str, AttrValue]]:
    """Take a constant's fields out of `left`, where they are as a constant's should be."""
    kinds = {name: data.WhichOneof("data_oneof") for name, data in left.items()}
    if [kinds.get(name) for name in ("values", "dtype", "shape")] != ["ref", "dtype", "i_list"]:
        return
    key = left["values"].ref
    blob = file.blobs.get(key)
    number = int(left["dtype"].dtype)
    dims = tuple(left["shape"].i_list.val)
    if blob is None or number not in (*fields.TF_DTYPES, fields.OTHER_DTYPE):
        return
    for name in ("values", "dtype", "shape"):
        del left[name]
    used.add(key)
    dtype = fields.TF_DTYPES.get(number)
    if dtype is None:
        # UFF does not say what this is: the bytes are all there is.
        yield "value", TensorValue(DType.UINT8, (len(blob),), content=blob)
        yield "shape", Shape(dims)
    else:
        yield "value", TensorValue(dtype, dims, content=blob)
    yield "dtype", dtype or DType.STRING
    if key != f"weights_{item.id}":
        yield _KEY, key.encode()


def field_value(
    file: UffFile, name: str, data: pb.Data, used: set[str] | None = None
) -> AttrValue | None:
    """Return a field's value as an attribute; None where it has none that leads back.

    Args:
        file: for what it refers to.
        name: of the field.
        data: its value.
        used: where to note the key it refers to.
    """
    kind = data.WhichOneof("data_oneof")
    if kind == "i":
        return data.i
    if kind == "d":
        return data.d
    if kind == "b":
        return data.b
    if kind == "s":
        return data.s.encode()
    if kind == "dtype":
        number = int(data.dtype)
        return DType.STRING if number == fields.OTHER_DTYPE else fields.TF_DTYPES.get(number)
    if kind == "i_list":
        items = tuple(data.i_list.val)
        return Shape(items) if name == "shape" else items
    if kind == "d_list":
        return tuple(data.d_list.val) or None
    if kind == "b_list":
        return tuple(data.b_list.val) or None
    if kind == "s_list" and name not in _ORDERS:
        return tuple(item.encode() for item in data.s_list.val) or None
    if kind == "ref" and name in _ORDERS:
        return _orders(file, data.ref, used)
    return None


def _orders(file: UffFile, key: str, used: set[str] | None) -> AttrValue | None:
    data = file.data(key)
    orders = fields.read_orders(data, key) if isinstance(data, pb.Data) else None
    if orders is None:
        return None
    if used is not None:
        used.add(key)
    return tuple(order.encode() for order in orders)


def uff_from_uff_graph(graph: Graph) -> UffFile:
    """Return the UFF file of a graph that `graph_from_uff` made, edited or not.

    Where its outputs were chosen anew, the MarkOutput nodes are made anew.

    Raises:
        ConvertError: the graph was made of something else.
        Unsupported: an attribute has no form in UFF.
    """
    shell = _shell(graph)
    if shell is None:
        raise ConvertError(
            "This graph holds TensorFlow's operations, not UFF's.", hint="Export it to UFF."
        )
    if not shell.graphs:
        shell.graphs.add(id="main")
    blobs: dict[str, Blob] = {}
    for key in [key for key, value in shell.referenced_data.items() if value.HasField("blob")]:
        blobs[key] = shell.referenced_data.pop(key).blob
    nodes = [node for node in graph.nodes if node.op != "MarkOutput" or _keeps_marks(graph)]
    for node in nodes:
        shell.graphs[0].nodes.append(_item(node, shell, blobs))
    if not _keeps_marks(graph):
        for number, ref in enumerate(graph.outputs or ()):
            shell.graphs[0].nodes.add(
                id=f"MarkOutput_{number}", operation="MarkOutput", inputs=[ref.node]
            )
    return UffFile(shell, MappingProxyType(blobs))


def _keeps_marks(graph: Graph) -> bool:
    marked = [ref for node in graph.nodes if node.op == "MarkOutput" for ref in node.inputs]
    return graph.outputs is None or list(graph.outputs) == marked


def _item(node: Node, shell: pb.MetaGraph, blobs: MutableMapping[str, Blob]) -> pb.Node:
    item = pb.Node(id=node.name, operation=node.op)
    item.inputs.extend(ref.node for ref in node.inputs)
    attrs: Mapping[str, AttrValue] = node.attrs
    if node.op == "Const" and isinstance(attrs.get("value"), TensorValue):
        attrs = _write_constant(node, item, blobs)
    for name, value in attrs.items():
        if name == IGNORED:
            continue
        if isinstance(value, bytes) and name.startswith(_RAW):
            item.fields[name.removeprefix(_RAW)].ParseFromString(value)
        elif isinstance(value, bytes) and name.startswith(_EXTRA):
            item.extra_fields[name.removeprefix(_EXTRA)].ParseFromString(value)
        elif name in _ORDERS and isinstance(value, tuple):
            item.fields[name].ref = _write_orders(node, value, shell)
        else:
            item.fields[name].CopyFrom(_data(node, name, value))
    return item


def _write_constant(
    node: Node, item: pb.Node, blobs: MutableMapping[str, Blob]
) -> dict[str, AttrValue]:
    """Write a constant's three fields; return the attributes left."""
    left = dict(node.attrs)
    value, given, wanted = left.pop("value"), left.pop("dtype", None), left.pop(_KEY, None)
    if not isinstance(value, TensorValue):
        raise Unsupported(node.name, "A constant needs a value.")
    shape = left.pop("shape", None)
    blob = blob_of(value.array)
    dims = shape.dims or () if isinstance(shape, Shape) else value.shape
    dtype = given if isinstance(shape, Shape) and isinstance(given, DType) else value.dtype
    first = wanted.decode() if isinstance(wanted, bytes) else f"weights_{node.name}"
    key, count = first, 0
    while key in blobs and blobs[key] != blob:
        key, count = f"{first}_{count}", count + 1
    blobs[key] = blob
    item.fields["values"].ref = key
    item.fields["dtype"].CopyFrom(fields.dtype(dtype))
    item.fields["shape"].CopyFrom(fields.integers(dims))
    return left


def _write_orders(node: Node, value: tuple[object, ...], shell: pb.MetaGraph) -> str:
    orders = [item.decode() for item in value if isinstance(item, bytes)]
    key = fields.orders_key(orders)
    try:
        shell.referenced_data[key].CopyFrom(fields.orders_data(orders))
    except KeyError as error:
        raise Unsupported(
            node.name, f"UFF has no dimension order {error.args[0]!r}.", "Use N+C or NC+."
        ) from error
    return key


def _data(node: Node, name: str, value: AttrValue) -> pb.Data:
    if isinstance(value, bool):
        return fields.boolean(value)
    if isinstance(value, int):
        return fields.integer(value)
    if isinstance(value, float):
        return fields.real(value)
    if isinstance(value, bytes):
        return fields.text(value.decode("utf-8", "backslashreplace"))
    if isinstance(value, DType):
        return fields.dtype(value)
    if isinstance(value, Shape):
        return fields.integers(value.dims or ())
    if isinstance(value, tuple):
        data = fields.list_data(value)
        if data is not None:
            return data
    raise Unsupported(
        node.name,
        f"Its attribute {name} has no form in UFF.",
        "Set it to a number, a text or a list of one kind, or remove it.",
    )
