"""Sources, variables, control flow, tensor arrays, function calls.

What is known of a TensorArray travels as the value of its handle: see `ArrayFacts`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from surgeon_gui.graph.attrs import dtype, dtypes, flag, shape, shapes, whole
from surgeon_gui.graph.inference.base import (
    SCALAR,
    UNKNOWN,
    Types,
    Values,
    dtype_of,
    infers,
    join,
    meet,
    ranked,
    same_as,
    scalar,
    shape_from_value,
)
from surgeon_gui.graph.model import Node
from surgeon_gui.graph.values import Array, DType, Shape, TensorType, TensorValue

FLOW = TensorType(DType.FLOAT32, SCALAR)


@infers("Const", "HostConst")
def const(node: Node, inputs: Types, values: Values) -> Types:
    value = node.attrs.get("value")
    if isinstance(value, TensorValue):
        return (TensorType(value.dtype, Shape(value.shape)),)
    return (TensorType(dtype(node, "dtype"), UNKNOWN),)


@infers("Placeholder", "PlaceholderV2", "Variable", "VariableV2", "ImmutableConst", "_Arg")
def source(node: Node, inputs: Types, values: Values) -> Types:
    declared = shapes(node, "_output_shapes")
    found = shape(node, "shape")
    if found.dims is None and declared:
        found = declared[0]
    return (TensorType(dtype(node, "dtype", "T"), found),)


@infers("PlaceholderWithDefault")
def placeholder_with_default(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs, "dtype"), shape(node, "shape")),)


@infers("VarHandleOp", "HashTableV2", "FIFOQueueV2", "RandomShuffleQueueV2", "TFRecordReaderV2")
def handle(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.RESOURCE, SCALAR),)


@infers("ReadVariableOp")
def read_variable(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype(node, "dtype"), UNKNOWN),)


@infers("Assign", "AssignAdd", "AssignSub")
def assign(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(dtype_of(node, inputs), inputs[1].shape),)


@infers("IsVariableInitialized", "VarIsInitializedOp")
def is_initialized(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.BOOL, SCALAR),)


@infers("RestoreV2")
def restore(node: Node, inputs: Types, values: Values) -> Types:
    return [TensorType(kind, UNKNOWN) for kind in dtypes(node, "dtypes")]


@infers(
    """Identity StopGradient PreventGradient CheckNumerics Snapshot RefIdentity GuaranteeConst
    DeepCopy Exit RefExit NextIteration RefNextIteration Enter RefEnter Print"""
)
def pass_through(node: Node, inputs: Types, values: Values) -> Types:
    return same_as(node, inputs)


@infers("IdentityN")
def identity_n(node: Node, inputs: Types, values: Values) -> Types:
    return inputs


@infers("Switch", "RefSwitch")
def switch(node: Node, inputs: Types, values: Values) -> Types:
    found = TensorType(dtype_of(node, inputs), inputs[0].shape)
    return found, found


@infers("Merge", "RefMerge")
def merge(node: Node, inputs: Types, values: Values) -> Types:
    """Whatever comes first; `shapes` leaves out inputs that can never come."""
    known = next((tensor.dtype for tensor in inputs if tensor.dtype is not DType.INVALID), None)
    found = join(*(tensor.shape for tensor in inputs)) if inputs else UNKNOWN
    kind = dtype(node, "T", default=known or DType.INVALID)
    return TensorType(kind, found), TensorType(DType.INT32, SCALAR)


@infers("LoopCond")
def loop_cond(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.BOOL, SCALAR),)


@infers(
    """NoOp Assert ControlTrigger Abort SaveV2 AssignVariableOp AssignAddVariableOp
    AssignSubVariableOp TensorArrayCloseV3 TensorArrayClose PrintV2 QueueEnqueueV2
    QueueEnqueueManyV2 QueueCloseV2"""
)
def nothing(node: Node, inputs: Types, values: Values) -> Types:
    return ()


@infers("If", "StatelessIf", "Case", "StatelessCase", "PartitionedCall", "StatefulPartitionedCall")
def call(node: Node, inputs: Types, values: Values) -> Types:
    kinds = dtypes(node, "Tout")
    found = shapes(node, "output_shapes") or shapes(node, "_output_shapes")
    if len(found) != len(kinds):
        found = (UNKNOWN,) * len(kinds)
    return [TensorType(kind, out) for kind, out in zip(kinds, found, strict=True)]


@infers("While", "StatelessWhile")
def while_(node: Node, inputs: Types, values: Values) -> Types:
    kinds = dtypes(node, "T")
    found = shapes(node, "output_shapes")
    if len(found) != len(kinds):
        found = (UNKNOWN,) * len(kinds)
    return [TensorType(kind, out) for kind, out in zip(kinds, found, strict=True)]


@infers("PyFunc", "EagerPyFunc")
def py_func(node: Node, inputs: Types, values: Values) -> Types:
    return [TensorType(kind, UNKNOWN) for kind in dtypes(node, "Tout")]


@infers("QueueDequeueV2", "QueueDequeueManyV2")
def dequeue(node: Node, inputs: Types, values: Values) -> Types:
    return [TensorType(kind, UNKNOWN) for kind in dtypes(node, "component_types")]


@infers("IteratorGetNext")
def get_next(node: Node, inputs: Types, values: Values) -> Types:
    found = shapes(node, "output_shapes")
    kinds = dtypes(node, "output_types")
    if len(found) != len(kinds):
        found = (UNKNOWN,) * len(kinds)
    return [TensorType(kind, out) for kind, out in zip(kinds, found, strict=True)]


class ArrayFacts(NamedTuple):
    """What a TensorArray's handle tells: its elements' type and how many there are."""

    element: TensorType
    size: int | None = None


def handle_value(node: Node, values: Values) -> Array:
    """Return the value a TensorArray's handle carries: its facts."""
    element = TensorType(dtype(node, "dtype"), shape(node, "element_shape"))
    size = None if flag(node, "dynamic_size") else scalar(values, 0)
    value = np.empty((), dtype=np.object_)
    value[()] = ArrayFacts(element, size)
    return value


def handle_facts(value: Array | None) -> ArrayFacts | None:
    """Return the facts a handle carries; None for any other value."""
    if value is None or value.dtype != np.object_ or value.shape != ():
        return None
    found = value.item()
    return found if isinstance(found, ArrayFacts) else None


def element_type(values: Values) -> TensorType:
    """Return the element type a handle carries, unknown where the handle's maker is."""
    facts = handle_facts(values[0]) if values else None
    return facts.element if facts is not None else TensorType(DType.INVALID, UNKNOWN)


@infers("TensorArrayV3")
def tensor_array(node: Node, inputs: Types, values: Values) -> Types:
    return TensorType(DType.RESOURCE, Shape((2,))), FLOW


@infers("TensorArrayReadV3")
def tensor_array_read(node: Node, inputs: Types, values: Values) -> Types:
    found = element_type(values)
    return (TensorType(dtype(node, "dtype", default=found.dtype), found.shape),)


@infers("TensorArrayWriteV3", "TensorArrayScatterV3", "TensorArraySplitV3")
def tensor_array_write(node: Node, inputs: Types, values: Values) -> Types:
    return (FLOW,)


@infers("TensorArrayGatherV3")
def tensor_array_gather(node: Node, inputs: Types, values: Values) -> Types:
    element = meet(element_type(values).shape, shape(node, "element_shape"))
    (count,) = ranked(inputs[1].shape, 1)
    out = UNKNOWN if element.dims is None else Shape((count, *element.dims))
    return (TensorType(dtype(node, "dtype"), out),)


@infers("TensorArrayConcatV3")
def tensor_array_concat(node: Node, inputs: Types, values: Values) -> Types:
    return (
        TensorType(dtype(node, "dtype"), UNKNOWN),
        TensorType(DType.INT64, Shape((-1,))),
    )


@infers("TensorArraySizeV3", "TensorListLength", "QueueSizeV2")
def count(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.INT32, SCALAR),)


@infers(
    "TensorListReserve",
    "TensorListFromTensor",
    "TensorListSetItem",
    "TensorListPushBack",
    "EmptyTensorList",
)
def tensor_list(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.VARIANT, SCALAR),)


@infers("TensorListGetItem", "TensorListStack", "TensorListPopBack")
def tensor_list_item(node: Node, inputs: Types, values: Values) -> Types:
    kind = dtype(node, "element_dtype")
    last = len(inputs) - 1
    element = UNKNOWN
    if last > 0 and inputs[last].shape.rank == 1:
        # A shape of [-1] that is a scalar means an unknown rank; a vector names the dimensions.
        element = shape_from_value(inputs[last].shape, values[last])
    if node.op == "TensorListStack":
        out = UNKNOWN
        if element.dims is not None:
            out = Shape((whole(node, "num_elements", -1), *element.dims))
        return (TensorType(kind, out),)
    found = TensorType(kind, element)
    if node.op == "TensorListPopBack":
        return TensorType(DType.VARIANT, SCALAR), found
    return (found,)


@infers("ScalarSummary ImageSummary HistogramSummary MergeSummary")
def summary(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.STRING, SCALAR),)


@infers("ReaderReadV2")
def reader_read(node: Node, inputs: Types, values: Values) -> Types:
    return (TensorType(DType.STRING, SCALAR),) * 2


@infers("AsString", "StringJoin")
def to_string(node: Node, inputs: Types, values: Values) -> Types:
    full = [tensor.shape for tensor in inputs if tensor.shape.rank != 0]
    return (TensorType(DType.STRING, meet(*full) if full else SCALAR),)
