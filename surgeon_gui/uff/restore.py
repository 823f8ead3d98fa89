"""A UFF file as the TensorFlow graph it could have been made from.

This is how a .uff file reaches what works on TensorFlow's operations: lowering to a network,
checks, verification. Dimension orders become data formats, fields become attributes and constant
inputs, custom nodes become the op they are named after.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from surgeon_gui.errors import NotConvertible, Unsupported
from surgeon_gui.graph.model import Graph, Node, TensorRef
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.shapes import infer_node
from surgeon_gui.graph.typeattrs import default_attrs
from surgeon_gui.graph.values import AttrValue, DType, TensorType, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.registry import Registry
from surgeon_gui.uff import fields
from surgeon_gui.uff.descriptor import faults, is_custom
from surgeon_gui.uff.file import UffFile
from surgeon_gui.uff.graph import field_value, is_uff_graph, uff_from_uff_graph

Restorer = Callable[["Restoration", pb.Node], None]
"""Adds the TensorFlow nodes of one UFF node; the last one carries its id."""

RESTORERS: Registry[Restorer] = Registry("surgeon_gui.uff.restorers")
restorer = RESTORERS.register

_SOURCES = frozenset({"Placeholder", "Const"})
_BY_ELEMENT = frozenset({"Activation", "Binary", "Identity", "Unary", "LeakyRelu"})


class Restoration:
    """The TensorFlow graph in the making."""

    def __init__(self, file: UffFile) -> None:
        self.file = file
        self.items = {item.id: item for item in file.nodes}
        self.nodes: dict[str, Node] = {}

    def add(self, name: str, op: str, inputs: Iterable[str] = (), **attrs: AttrValue) -> str:
        """Add a node; dtype attributes may be left out."""
        self.nodes[name] = Node(name, op, [TensorRef(item) for item in inputs], attrs)
        return name

    def constant(self, wanted: str, values: npt.ArrayLike) -> str:
        """Add a Const under a free name; integers become int32. Return the name."""
        array = np.asarray(values)
        if array.dtype.kind in "iu":
            array = array.astype(np.int32)
        value = TensorValue.from_array(array)
        return self.add(self.free_name(wanted), "Const", dtype=value.dtype, value=value)

    def free_name(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self.nodes or name in self.items:
            count += 1
            name = f"{wanted}_{count}"
        return name

    def orders(self, item: pb.Node) -> tuple[str, ...]:
        """Return a node's dimension orders.

        Raises:
            Unsupported: they are none NVIDIA's converter writes.
        """
        key = item.fields["inputs_orders"].ref
        data = self.file.data(key)
        orders = fields.read_orders(data, key) if isinstance(data, pb.Data) else None
        if orders is None:
            raise Unsupported(
                item.id, f"Its dimension orders ({key}) are unknown.", "Convert the model again."
            )
        return orders

    def data_format(self, item: pb.Node) -> bytes:
        """Return the data format its first order means."""
        order = self.orders(item)[0]
        if order not in ("N+C", "NC+"):
            raise Unsupported(item.id, f"Its data has the order {order}.", "Use N+C or NC+.")
        return b"NHWC" if order == "N+C" else b"NCHW"

    def dims(self, name: str) -> tuple[int, ...] | None:
        """Return the shape of a constant, None for any other node."""
        item = self.items[name]
        return tuple(item.fields["shape"].i_list.val) if item.operation == "Const" else None


def graph_from_uff_file(file: UffFile) -> Graph:
    """Return the TensorFlow graph a UFF file stands for, with the marked outputs chosen.

    Weights are not copied. A field that names a multi-output node names its first output.

    Raises:
        Unsupported: one node has no counterpart, or is not as UFF's own rules want it.
        NotConvertible: several are so.
    """
    problems = [
        Unsupported(fault.node, fault.message, "Convert the model again.") for fault in faults(file)
    ]
    restoration = Restoration(file)
    if not problems:
        for item in file.nodes:
            try:
                _restore(restoration, item)
            except Unsupported as problem:
                problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise NotConvertible(problems)
    outputs = [
        TensorRef(name)
        for item in file.nodes
        if item.operation == "MarkOutput"
        for name in item.inputs
    ]
    for name in channels_first_inputs(file):
        _turn_input(restoration, name)
    graph = Graph(tuple(restoration.nodes.values()), outputs=tuple(dict.fromkeys(outputs)))
    return _typed(graph)


def channels_first_inputs(file: UffFile) -> tuple[str, ...]:
    """Return the inputs that are declared as batch, channels, height, width for nodes of N+C.

    NVIDIA's recipes for SSD do that, and register the input as NCHW: the parser turns it. The first
    convolution after an input tells by the channels its weights take.
    """
    readers: dict[str, list[pb.Node]] = {}
    for item in file.nodes:
        for name in item.inputs[:2] if item.operation == "Binary" else item.inputs[:1]:
            readers.setdefault(name, []).append(item)
    shapes = {
        item.id: tuple(item.fields["shape"].i_list.val)
        for item in file.nodes
        if item.operation in ("Input", "Const")
    }
    found = []
    for item in file.nodes:
        dims = shapes.get(item.id, ())
        if item.operation != "Input" or len(dims) != 4:
            continue
        convolution = _first_convolution(item.id, readers)
        weights = () if convolution is None else shapes.get(convolution.inputs[1], ())
        if convolution is None or len(weights) != 4:
            continue
        key = convolution.fields["inputs_orders"].ref
        data = file.data(key)
        orders = fields.read_orders(data, key) if isinstance(data, pb.Data) else None
        if orders and orders[0] == "N+C" and dims[1] == weights[2] != dims[3]:
            found.append(item.id)
    return tuple(found)


def _first_convolution(name: str, readers: dict[str, list[pb.Node]]) -> pb.Node | None:
    """Return the nearest Conv that reads a node directly or through what works by element."""
    waiting, seen = [name], {name}
    while waiting:
        for item in readers.get(waiting.pop(0), ()):
            if item.operation == "Conv":
                return item
            if item.operation in _BY_ELEMENT and item.id not in seen:
                seen.add(item.id)
                waiting.append(item.id)
    return None


def _turn_input(restoration: Restoration, name: str) -> None:
    """Let an input's readers read it as batch, height, width, channels."""
    readers = [node for node in restoration.nodes.values() if TensorRef(name) in node.inputs]
    order = restoration.constant(f"{name}/NHWC/perm", [0, 2, 3, 1])
    turned = restoration.add(restoration.free_name(f"{name}/NHWC"), "Transpose", [name, order])
    for node in readers:
        inputs = [TensorRef(turned) if ref == TensorRef(name) else ref for ref in node.inputs]
        restoration.nodes[node.name] = node.replace(inputs=tuple(inputs))


def tensorflow_form(graph: Graph) -> Graph:
    """Return the TensorFlow graph a shown UFF file stands for; any other graph as it is.

    Raises:
        Unsupported, NotConvertible: see `graph_from_uff_file`.
    """
    return graph_from_uff_file(uff_from_uff_graph(graph)) if is_uff_graph(graph) else graph


def _restore(restoration: Restoration, item: pb.Node) -> None:
    if item.operation == "MarkOutput":
        return
    if not is_custom(item.operation):
        RESTORERS[item.operation](restoration, item)
        return
    attrs: dict[str, AttrValue] = {}
    for name, data in sorted(item.fields.items()):
        value = field_value(restoration.file, name, data)
        if isinstance(value, bytes):
            value = _plain(value)
        if value is not None and value is not DType.STRING:
            attrs[name] = value
    restoration.add(item.id, item.operation[1:], item.inputs, **attrs)


def _plain(text: bytes) -> bytes:
    """Undo what NVIDIA's converter under Python 3 makes of a string: `b'text'`."""
    if text[:2] not in (b"b'", b'b"'):
        return text
    try:
        value = ast.literal_eval(text.decode())
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, bytes) else text


def _typed(graph: Graph) -> Graph:
    """Add the dtype attributes TensorFlow wants, which UFF does not keep."""
    types: dict[TensorRef, TensorType] = {}
    typed: dict[str, Node] = {}
    for name in topological_order(graph):
        node = graph[name]
        if node.op in _SOURCES:
            dtype = node.attrs["dtype"]
            types[TensorRef(name)] = TensorType(
                dtype if isinstance(dtype, DType) else DType.FLOAT32
            )
            typed[name] = node
            continue
        inputs = [types.get(ref, TensorType(DType.INVALID)) for ref in node.inputs]
        known = [None if item.dtype is DType.INVALID else item.dtype for item in inputs]
        attrs = {**default_attrs(node.op, known, node.attrs), **node.attrs}
        typed[name] = node.replace(attrs=attrs)
        outputs = infer_node(typed[name], inputs, [None] * len(inputs))
        types.update((TensorRef(name, port), found) for port, found in enumerate(outputs))
    return Graph(tuple(typed[node.name] for node in graph.nodes), outputs=graph.outputs)
