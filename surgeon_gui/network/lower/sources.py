"""Where tensors come from, and ops that hand their input on unchanged."""

from __future__ import annotations

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network import layers
from surgeon_gui.network.ir import Dims
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value, held_dtype

EXAMPLE_SIZE = 224
"""What an open dimension of an image is taken to be in examples and guesses."""

# What a network's input may be declared as; other dtypes are declared as the network holds them.
_INPUT_DTYPES = (DType.UINT8,)


def input_dims(node: Call, b: Lower) -> Dims:
    """Return the dimensions of a placeholder: the user's, else its own with an unknown batch of 1.

    Raises:
        Unsupported: rank or other dimensions are not known.
    """
    given = b.shapes.get(node.name)
    declared = node.shape("shape")
    # Graphs made before TensorFlow 1.0 write an unknown shape as a scalar's.
    old_unknown = declared.dims == () and 0 < b.scope.graph.versions.producer < 24
    dims = declared.dims if given is None and not old_unknown else given.dims if given else None
    if dims is None:
        raise node.refuse(
            "The shape of this input is not known.",
            f"Set its shape: --shape {node.name}=1x{EXAMPLE_SIZE}x{EXAMPLE_SIZE}x3, or "
            f"{node.name}=scalar for a single number.",
        )
    if given is not None and declared.dims and len(declared.dims) != len(dims):
        raise node.refuse(
            f"The shape given has {len(dims)} dimensions, this input has {len(declared.dims)} "
            f"({declared}).",
            "Give all dimensions, the batch included.",
        )
    if given is None and dims and dims[0] < 0:
        dims = (1, *dims[1:])
    if any(dim < 0 for dim in dims):
        unknown = [str(axis) for axis, dim in enumerate(dims) if dim < 0]
        example = "x".join(str(dim if dim >= 0 else EXAMPLE_SIZE) for dim in dims)
        still_open = "x".join("?" if dim < 0 else str(dim) for dim in dims)
        raise node.refuse(
            f"Dimension {unknown[0]} of this input is not known (its shape is {declared})."
            if len(unknown) == 1
            else f"Dimensions {', '.join(unknown[:-1])} and {unknown[-1]} of this input are not "
            f"known (its shape is {declared}).",
            f"Set its shape: --shape {node.name}={example}, or {node.name}={still_open} to leave "
            "it open.",
        )
    return dims


@converter("Placeholder", "PlaceholderV2")
def placeholder(node: Call, b: Lower) -> Value:
    dtype = node.dtype("dtype")
    held = held_dtype(dtype)
    if held is None:
        raise node.refuse(
            f"An input of dtype {dtype.text} cannot be fed to TensorRT.",
            "Cut the graph after the nodes that read it: make a tensor further down the input.",
        )
    dims = input_dims(node, b)
    tensor = b.builder.add_input(node.name, dtype if dtype in _INPUT_DTYPES else held, dims)
    b.set_source(node.ref(), Value.of(tensor, dtype))
    if tensor.dtype is not held:
        tensor = b.add(layers.Cast(to_type=held), tensor, suffix="cast")
    elif dtype is DType.FLOAT64:
        b.note("float64 is computed in float32: TensorRT has no double precision.")
    return Value.of(tensor, dtype)


@converter("PlaceholderWithDefault")
def placeholder_with_default(node: Call, b: Lower) -> Value:
    """The default is taken for good."""
    return node.input(0)


@converter("Const", "HostConst")
def const(node: Call, b: Lower) -> Value:
    value = node.tensor("value")
    if value.dtype.numpy is None:
        raise node.refuse(f"A constant of dtype {value.dtype.text} has no numbers.")
    return Value(value.dtype, value.shape, array=value.array)


@converter(
    "Identity",
    "StopGradient",
    "PreventGradient",
    "CheckNumerics",
    "Snapshot",
    "RefIdentity",
    "GuaranteeConst",
    "DeepCopy",
    "EnsureShape",
    "_CopyFromHostToGpu",
    "_CopyFromGpuToHost",
    "_Retval",
    "Enter",
    "RefEnter",
    "Exit",
    "RefExit",
)
def identity(node: Call, b: Lower) -> Value:
    return node.input(0)


@converter("IdentityN")
def identity_n(node: Call, b: Lower) -> tuple[Value, ...]:
    return node.inputs


@converter("Shape", "ShapeN")
def shape(node: Call, b: Lower) -> tuple[Value, ...]:
    dtype = node.dtype("out_type", DType.INT32)
    return tuple(
        Value.known(np.array(value.shape, dtype=dtype.numpy), dtype) for value in node.inputs
    )


@converter("Rank")
def rank(node: Call, b: Lower) -> Value:
    return Value.known(np.int32(node.input(0).rank))


@converter("Size")
def size(node: Call, b: Lower) -> Value:
    dtype = node.dtype("out_type", DType.INT32)
    return Value.known(np.array(node.input(0).size, dtype=dtype.numpy), dtype)


@converter("ZerosLike", "OnesLike")
def constant_like(node: Call, b: Lower) -> Value:
    data = node.input(0)
    filled = np.full(data.shape, 1 if node.op == "OnesLike" else 0, dtype=data.dtype.numpy)
    return Value.known(filled, data.dtype)
