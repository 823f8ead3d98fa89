"""UFF's core operations: inputs and fields of each, and the check of a file against them.

The table is that of NVIDIA's core descriptor, 0.6.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from surgeon_gui.proto import uff_pb2 as pb
from surgeon_gui.uff.fields import TF_DTYPES
from surgeon_gui.uff.file import UffFile


@dataclass(frozen=True)
class FieldRule:
    """What a field of an operation may hold.

    Attributes:
        kind: member of Data, or what a reference must point at (`blob`, `orders`).
        optional: whether it may be absent.
        values: the strings it may hold; any, when empty.
    """

    kind: str
    optional: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One core operation.

    Attributes:
        inputs: how many it takes.
        variadic: whether it takes more than that, too.
        orders: how many orders `inputs_orders` must hold.
    """

    fields: Mapping[str, FieldRule]
    inputs: int = 1
    variadic: bool = False
    orders: int = 0


_KINDS = {
    "s": "s",
    "i": "i",
    "d": "d",
    "b": "b",
    "il": "i_list",
    "t": "dtype",
    "blob": "blob",
    "orders": "orders",
}


def _fields(spec: str) -> dict[str, FieldRule]:
    """Read `name:kind`, `name?:kind` (optional) and `name:s=a|b` (one of)."""
    fields: dict[str, FieldRule] = {}
    for item in spec.split():
        name, _, kind = item.partition(":")
        kind, _, values = kind.partition("=")
        allowed = tuple(values.split("|")) if values else ()
        fields[name.rstrip("?")] = FieldRule(_KINDS[kind], name.endswith("?"), allowed)
    return fields


_CONV = (
    "inputs_orders:orders strides?:il padding?:il dilation?:il number_groups?:i "
    "implicit_padding?:s=same"
)
_UNARY = (
    "neg|exp|log|abs|sqrt|rsqrt|square|sin|cos|tan|sinh|cosh|asin|acos|atan|asinh|acosh|atanh"
    "|ceil|floor"
)

OPERATIONS: Mapping[str, Operation] = {
    "Input": Operation(_fields("dtype?:t shape:il"), inputs=0),
    "Identity": Operation({}),
    "Const": Operation(_fields("values:blob dtype:t shape:il"), inputs=0),
    "Conv": Operation(_fields(_CONV), inputs=2, orders=2),
    "ConvTranspose": Operation(_fields(_CONV), inputs=3, orders=2),
    "Pool": Operation(
        _fields(
            "inputs_orders:orders func:s=max|avg kernel?:il strides?:il padding?:il "
            "implicit_padding?:s=same"
        ),
        orders=1,
    ),
    "FullyConnected": Operation(_fields("inputs_orders:orders"), inputs=2, orders=2),
    "LRN": Operation(_fields("inputs_orders:orders window_size:i alpha:d beta:d k:d"), orders=1),
    "Binary": Operation(_fields("func:s=min|max|mul|sub|div|add|pow"), inputs=2),
    "Unary": Operation(_fields(f"func:s={_UNARY}")),
    "Activation": Operation(
        _fields("func:s=relu|relu6|sigmoid|tanh|elu|selu|softsign|softplus"),
    ),
    "LeakyRelu": Operation(_fields("alpha:d")),
    "Softmax": Operation(_fields("axis:i inputs_orders:orders"), orders=1),
    "BatchNorm": Operation(_fields("epsilon:d inputs_orders:orders"), inputs=5, orders=1),
    "ExpandDims": Operation(_fields("axis:i")),
    "ArgMax": Operation(_fields("axis:i")),
    "ArgMin": Operation(_fields("axis:i")),
    "Reshape": Operation({}, inputs=2),
    "Flatten": Operation({}),
    "Squeeze": Operation(_fields("axes:il")),
    "Transpose": Operation(_fields("permutation:il")),
    "Concat": Operation(_fields("axis:i"), variadic=True),
    "Stack": Operation(_fields("axis:i"), variadic=True),
    "Reduce": Operation(_fields("func:s=sum|prod|max|min|mean axes:il keepdims:b")),
    "Shape": Operation({}),
    "StridedSlice": Operation(_fields("begin_mask:i end_mask:i shrink_axis_mask:i"), inputs=4),
    "Pad": Operation({}, inputs=2),
    "Gather": Operation(_fields("indices_dtype:t params_dtype:t validate_indices:b"), inputs=2),
    "GatherV2": Operation(_fields("axis:i indices_dtype:t params_dtype:t"), inputs=2),
    "MarkOutput": Operation({}, variadic=True),
}


def is_custom(operation: str) -> bool:
    """Whether this names a plugin (or an operation UFF does not have): `_NAME`."""
    return len(operation) > 1 and operation.startswith("_")


@dataclass(frozen=True)
class Fault:
    """Something in a file that UFF does not allow; `node` is empty for the file itself."""

    node: str
    message: str


def faults(file: UffFile) -> Iterator[Fault]:
    """Yield what NVIDIA's own check would refuse."""
    ids = {node.id for node in file.nodes}
    for node in file.nodes:
        for name in node.inputs:
            if name not in ids:
                yield Fault(node.id, f"Its input {name} does not exist.")
        operation = OPERATIONS.get(node.operation)
        if operation is not None:
            for message in _operation_faults(file, node, operation):
                yield Fault(node.id, message)
        elif not is_custom(node.operation):
            yield Fault(node.id, f"UFF has no operation {node.operation!r}.")


def _operation_faults(file: UffFile, node: pb.Node, operation: Operation) -> Iterator[str]:
    count = len(node.inputs)
    if count < operation.inputs or (count > operation.inputs and not operation.variadic):
        least = "at least " if operation.variadic else ""
        yield f"{node.operation} takes {least}{operation.inputs} inputs but this one has {count}."
    for name, rule in operation.fields.items():
        if name in node.fields:
            yield from _field_faults(file, node, name, rule, operation)
        elif not rule.optional:
            yield f"{node.operation} needs a field {name}."
    for name in node.fields:
        if name not in operation.fields:
            yield f"{node.operation} has no field {name}."


def _field_faults(
    file: UffFile, node: pb.Node, name: str, rule: FieldRule, operation: Operation
) -> Iterator[str]:
    data = node.fields[name]
    kind = data.WhichOneof("data_oneof")
    if rule.kind in ("blob", "orders"):
        if kind != "ref":
            yield f"Field {name} must refer to shared data."
            return
        found = file.data(data.ref)
        if found is None:
            yield f"Field {name} refers to {data.ref}, which the file does not hold."
        elif rule.kind == "blob" and isinstance(found, pb.Data):
            yield f"Field {name} refers to {data.ref}, which is no weights."
        elif rule.kind == "orders":
            orders = found.dim_orders_list.val if isinstance(found, pb.Data) else ()
            if len(orders) != operation.orders:
                yield f"Field {name} needs {operation.orders} orders but refers to {len(orders)}."
    elif kind != rule.kind:
        yield f"Field {name} must be {rule.kind} but holds {kind or 'nothing'}."
    elif rule.values and data.s not in rule.values:
        yield f"Field {name} cannot be {data.s!r}; it is one of {', '.join(rule.values)}."


def blob_faults(file: UffFile) -> Iterator[Fault]:
    """Yield constants whose weights are shorter or longer than their shape says."""
    for node in file.nodes:
        if node.operation != "Const":
            continue
        blob = file.data(node.fields["values"].ref) if "values" in node.fields else None
        dtype = TF_DTYPES.get(int(node.fields["dtype"].dtype)) if "dtype" in node.fields else None
        if blob is None or isinstance(blob, pb.Data) or dtype is None or dtype.numpy is None:
            continue
        size = dtype.numpy.itemsize
        shape = list(node.fields["shape"].i_list.val)
        for dim in shape:
            size *= dim
        if size != len(blob) or any(dim < 0 for dim in shape):
            yield Fault(
                node.id,
                f"A constant {dtype.text} {shape} needs {size} bytes but has {len(blob)}.",
            )


def circle_in(file: UffFile) -> str | None:
    """Return a node that depends on itself, if there is one."""
    inputs = {node.id: list(node.inputs) for node in file.nodes}
    done: set[str] = set()
    for root in inputs:
        path: list[tuple[str, Iterator[str]]] = [(root, iter(inputs[root]))]
        on_path = {root}
        while path:
            name, pending = path[-1]
            producer = next((item for item in pending if item not in done), None)
            if producer is None:
                done.add(name)
                on_path.discard(name)
                path.pop()
            elif producer in on_path:
                return producer
            else:
                path.append((producer, iter(inputs.get(producer, ()))))
                on_path.add(producer)
    return None
