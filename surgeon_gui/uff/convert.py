"""What a converter of one operation works with, and the registries the converters stand in.

`CONVERTERS` holds what NVIDIA's converter knows; `REPAIRS` what it does not know or does wrong,
used only where the file need not equal NVIDIA's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from surgeon_gui.errors import GraphCycle, OpenError, Unsupported
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.shapes import Types, infer_types
from surgeon_gui.graph.values import Array, DType, TensorValue
from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.registry import Registry
from surgeon_gui.uff import fields
from surgeon_gui.uff.file import Blob, blob_of
from surgeon_gui.uff.folding import Folding
from surgeon_gui.uff.narrow import NARROWED, narrow
from surgeon_gui.uff.wiring import WiredNode, Wiring, clean_name

Converter = Callable[["Conversion", WiredNode, list[str]], Iterable[str]]
"""Makes the UFF nodes of one node, whose inputs are given as node names.

Returns the names of the nodes to convert next. Raises Unsupported.
"""

CONVERTERS: Registry[Converter] = Registry("surgeon_gui.uff.ops")
REPAIRS: Registry[Converter] = Registry("surgeon_gui.uff.ops")
converter = CONVERTERS.register
repair = REPAIRS.register

IDENTITIES = frozenset({"Identity", "StopGradient", "PreventGradient", "Snapshot", "CheckNumerics"})
"""Operations that hand on their first input."""


@dataclass(frozen=True)
class InputSpec:
    """What takes the place of a node as an input of the UFF graph.

    Attributes:
        name: the input's new name; None keeps the node's.
        shape: batch included, as NVIDIA's converter writes it; -1 unknown.
    """

    dtype: DType
    shape: tuple[int, ...]
    name: str | None = None


SPLITS = frozenset({"Split", "SplitV", "Unpack"})
"""Ops whose outputs are written one by one."""


class Conversion:
    """The UFF graph in the making.

    Attributes:
        strict: do what NVIDIA's converter does, faults included.
        sources: the GraphDef's nodes by name.
        graph: the graph they come from, for shapes.
        parts: which output of a node stands for itself, for those written one by one.
        made: the UFF nodes so far, by id, in file order.
        repairs: what was done otherwise than NVIDIA's converter does, and at which nodes.
        custom: nodes written as custom ones, with their op.
    """

    def __init__(
        self,
        graph: Graph,
        wiring: Wiring[WiredNode],
        inputs: Mapping[str, InputSpec],
        *,
        strict: bool,
        types: Types | None = None,
    ) -> None:
        self.graph = graph
        self.sources = dict(wiring.node_map)
        self._consumers = wiring.consumers
        self._types = types
        self.parts: dict[str, int] = {}
        self.strict = strict
        self.replaced = dict(inputs)
        self.made: dict[str, pb.Node] = {}
        self.blobs: dict[str, Blob] = {}
        self.shared: dict[str, pb.Data] = {}
        self.repairs: dict[str, list[str]] = {}
        self.warnings: list[str] = []
        self.problems: list[Unsupported] = []
        self.custom: dict[str, str] = {}
        self._ids = {
            name: spec.name
            for name, spec in inputs.items()
            if spec.name is not None and spec.name != name and not strict
        }

    @cached_property
    def _folding(self) -> Folding:
        return Folding(self.sources, self._consumers)

    @property
    def folded(self) -> Set[str]:
        """Nodes that are written as the constants they come to."""
        return frozenset() if self.strict else self._folding.names

    def fold(self, name: str) -> TensorValue | None:
        """Return what a node comes to, if it is in `folded` and can be computed."""
        if name not in self.folded:
            return None
        value = self._folding.value(name)
        if value is not None:
            self.repaired("what is computed from constants is written as a constant", name)
        return value

    def repaired(self, what: str, node: str) -> None:
        """Note a deviation from NVIDIA's converter."""
        nodes = self.repairs.setdefault(what, [])
        if node not in nodes:
            nodes.append(node)

    def id_of(self, name: str) -> str:
        """Return the id under which a node of the graph stands in the file."""
        return self._ids.get(name, name)

    def unique_id(self, wanted: str) -> str:
        """Return `wanted`, or `wanted_0`, `wanted_1` … if the file has such a node."""
        name, count = wanted, 0
        while name in self.made or (count and not self.strict and name in self.sources):
            name, count = f"{wanted}_{count}", count + 1
        return name

    def fresh_id(self, wanted: str) -> str:
        """Return an id like `wanted` that neither the file nor the graph has."""
        name, count = wanted, 0
        while name in self.made or name in self.sources:
            name, count = f"{wanted}_{count}", count + 1
        return name

    def add(
        self, name: str, operation: str, inputs: Iterable[str] = (), **data: pb.Data
    ) -> pb.Node:
        """Add a node, its inputs given by the names of the graph's nodes."""
        node = pb.Node(id=self.unique_id(name), operation=operation)
        node.inputs.extend(map(self.id_of, inputs))
        for key, value in data.items():
            node.fields[key].CopyFrom(value)
        self.made[node.id] = node
        return node

    def add_constant(self, name: str, values: Array, dtype: DType) -> str:
        """Add a Const node; return its id.

        Raises:
            Unsupported: the dtype has no form in UFF.
        """
        if dtype is DType.STRING:
            if values.ndim:
                raise Unsupported(
                    name,
                    "UFF holds no arrays of strings.",
                    "Remove this constant, or what reads it.",
                )
            blob: Blob = bytes(values.item())
        else:
            if not self.strict:
                values, dtype = self._narrowed(name, values, dtype)
            blob = blob_of(values)
        shape: tuple[int, ...] = values.shape
        if values.size == 0 and shape != (0,):
            if self.strict:
                shape = (0,)
            else:
                self.repaired("a constant without elements keeps its shape", name)
        identity = self.unique_id(name)
        key, count = f"weights_{identity}", 0
        while key in self.blobs:
            key, count = f"weights_{identity}_{count}", count + 1
        self.blobs[key] = blob
        self.add(
            name,
            "Const",
            dtype=fields.dtype(dtype),
            shape=fields.integers(shape),
            values=fields.reference(key),
        )
        return identity

    def _narrowed(self, name: str, values: Array, dtype: DType) -> tuple[Array, DType]:
        target = NARROWED.get(dtype)
        if target is None:
            return values, dtype
        self.repaired(f"{dtype.text} is written as {target.text}", name)
        narrowed = narrow(values, target)
        if not narrowed.whole:
            self.warnings.append(f"{name}: values beyond int32 are cut off at its limits.")
        return narrowed.values, target

    def dtype_field(self, node: WiredNode, dtype: DType) -> pb.Data:
        """Return a dtype as a declared field holds it."""
        target = NARROWED.get(dtype)
        if not self.strict and target is not None:
            self.repaired(f"{dtype.text} is written as {target.text}", node.name)
            dtype = target
        return fields.dtype(dtype)

    def orders(self, node: WiredNode, *orders: str) -> pb.Data:
        """Return a reference to a shared combination of orders.

        Raises:
            Unsupported: an order has letters UFF does not know.
        """
        key = fields.orders_key(orders)
        if key not in self.shared:
            try:
                self.shared[key] = fields.orders_data(orders)
            except KeyError as error:
                raise Unsupported(
                    node.name,
                    f"UFF has no dimension order {error.args[0]!r}.",
                    "Use data_format NHWC or NCHW.",
                ) from error
        return fields.reference(key)

    def source(self, name: str, reader: str) -> WiredNode:
        """Return a node of the graph.

        Raises:
            Unsupported: `reader` names an input that is not there.
        """
        node = self.sources.get(name)
        if node is None:
            raise Unsupported(
                reader,
                f"Its input {name} does not exist.",
                "Connect the input to another node or remove this node.",
            )
        return node

    def inputs_of(self, node: WiredNode) -> list[str]:
        """Return the names of the nodes a node reads, identities passed over."""
        texts = node.input
        if not self.strict and any(text.startswith("^") for text in texts):
            self.repaired("control inputs are left out", node.name)
            texts = [text for text in texts if not text.startswith("^")]
        return [self._producer(text, node) for text in texts]

    def _producer(self, text: str, reader: WiredNode) -> str:
        name = clean_name(text)
        node = self.source(name, reader.name)
        if self.strict:
            return clean_name(node.input[0]) if node.op == "Identity" and node.input else name
        steps = 0
        while node.op in IDENTITIES and node.input and node.name not in self.replaced:
            steps += 1
            if node.op != "Identity":
                self.repaired(f"{node.op} is passed over", node.name)
            text = node.input[0]
            node = self.source(clean_name(text), node.name)
            if steps > len(self.sources):
                raise Unsupported(reader.name, "Its input leads in a circle.", "Rewire it.")
        if steps > 1:
            self.repaired("chains of Identity are passed over", reader.name)
        port = text.partition(":")[2] or "0"
        if node.op in SPLITS and port != "0" and node.name not in self.folded:
            self.repaired(
                "other outputs than the first are read as nodes of their own", reader.name
            )
            return self._part(node, int(port))
        self._check_port(text, node, reader)
        return node.name

    def _part(self, node: WiredNode, port: int) -> str:
        """Return the name under which one output of a node stands as a node of its own."""
        for name, known in self.parts.items():
            if known == port and self.sources[name].node is node.node:
                return name
        name = self.fresh_id(f"{node.name}_{port}")
        self.sources[name] = WiredNode(name, node.op, node.input, node.node)
        self.parts[name] = port
        return name

    def _check_port(self, text: str, node: WiredNode, reader: WiredNode) -> None:
        port = text.partition(":")[2]
        if port in ("", "0"):
            return
        if is_native(node.op, strict=False) or node.name in self.folded:
            raise Unsupported(
                reader.name,
                f"It reads output {port} of {node.name}, and {node.op} has one output in UFF.",
                "Rewire this input or remove this node.",
            )
        warning = f"{reader.name}: UFF keeps no output numbers; {text} becomes {node.name}."
        if warning not in self.warnings:
            self.warnings.append(warning)

    def constant(self, name: str, reader: WiredNode, what: str) -> TensorValue:
        """Return the constant a node's input is.

        Args:
            name: the input.
            reader: the node.
            what: what the input says, for the message: `axis`.

        Raises:
            Unsupported: it is no constant.
        """
        node = self.source(name, reader.name)
        folded = self.fold(name)
        if folded is not None:
            return folded
        value = node.attrs.get("value")
        if node.op != "Const" and not self.strict:
            value = self.inferred(node)
        if not isinstance(value, TensorValue) or (self.strict and node.op != "Const"):
            raise Unsupported(
                reader.name,
                f"Its {what} {name} is a {node.op}; UFF needs a constant.",
                "Fold constants, or replace the input by a constant.",
            )
        return value

    def inferred(self, node: WiredNode) -> TensorValue | None:
        """Return what a node comes to for the shapes the graph states, where that is known."""
        found = None if self.types is None else self.types.value(TensorRef(node.name))
        if found is None:
            return None
        self.repaired("what follows from known shapes is written as a constant", node.name)
        return TensorValue.from_array(found)

    @cached_property
    def types(self) -> Types | None:
        """Shapes and small values of the graph as it came; None where it has circles."""
        try:
            return self._types or infer_types(self.graph)
        except GraphCycle:
            return None

    def values(self, name: str, reader: WiredNode, what: str) -> Array:
        """Return the elements of a constant input; see `constant`."""
        return elements(self.constant(name, reader, what), name)

    def integers(self, name: str, reader: WiredNode, what: str) -> list[int]:
        """Return the elements of a constant input as a flat list of integers."""
        return [int(value) for value in self.values(name, reader, what).reshape(-1)]

    def integer(self, name: str, reader: WiredNode, what: str) -> int:
        """Return the one element of a constant input."""
        found = self.integers(name, reader, what)
        if len(found) != 1:
            raise Unsupported(reader.name, f"Its {what} {name} holds {len(found)} values, not one.")
        return found[0]


def elements(value: TensorValue, name: str) -> Array:
    """Return a constant's elements.

    Raises:
        Unsupported: it is damaged, or of a dtype without elements.
    """
    try:
        return value.array
    except OpenError as error:
        raise Unsupported(name, error.message, "Replace this constant.") from error


def is_native(op: str, *, strict: bool = True) -> bool:
    """Whether UFF has an operation for this op; others become custom nodes (`_OP`)."""
    return op in CONVERTERS or (not strict and (op in REPAIRS or op in IDENTITIES))


def take(node: WiredNode, inputs: list[str], count: int) -> list[str]:
    """Return the first `count` inputs.

    Raises:
        Unsupported: there are fewer.
    """
    if len(inputs) < count:
        raise Unsupported(
            node.name,
            f"{node.op} takes {count} inputs but this one has {len(inputs)}.",
            "Connect the missing inputs.",
        )
    return inputs[:count]
