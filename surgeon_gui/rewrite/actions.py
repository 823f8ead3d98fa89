"""The closed table of named rewrites a rule may ask for where a template is not enough.

An action looks at one match and returns what to put in its place, or why it declines. It changes
nothing itself, so asking "why not here?" runs the very code that rewrites.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from surgeon_gui.graph import attrs
from surgeon_gui.graph.evaluate import evaluate
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import Array, DType, Shape, TensorValue
from surgeon_gui.registry import Registry
from surgeon_gui.rewrite.attributes import plugin_attributes
from surgeon_gui.rewrite.match import Matcher
from surgeon_gui.rewrite.pattern import parse_pattern
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement, replaced_by
from surgeon_gui.rewrite.subject import Mismatch

Action = Callable[..., Replacement | Mismatch]
ACTIONS: Registry[Action] = Registry("surgeon_gui.rewrite.recipes")
"""The actions by name: those here and those of the modules of `recipes`."""


def action(function: Action) -> Action:
    """File an action under its function's name; its keyword arguments are its options."""
    return ACTIONS.register(function.__name__)(function)


def check_options(name: str, options: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the options a rule gives to an action, or None."""
    parameters = dict(list(inspect.signature(ACTIONS[name]).parameters.items())[1:])
    for key, value in options.items():
        if key not in parameters:
            known = ", ".join(parameters) or "none"
            return f"the action {name} has no option {key} (it has {known})"
        if type(value) is not type(parameters[key].default):
            return f"{key} must be like {parameters[key].default!r}"
    return None


@action
def drop(place: Place, *, forward_controls: bool = False) -> Replacement | Mismatch:
    """Remove a node nobody reads, and what only it needed.

    Args:
        place: the match.
        forward_controls: let who waited for it wait for what it waited for.
    """
    root = place.match.root
    readers = place.subject.readers(root)
    if readers:
        return Mismatch(root, f"{readers[0].name} reads it.")
    if root in place.subject.outputs:
        return Mismatch(root, "It is an output of the graph.")
    return Replacement(None, forward_controls=forward_controls)


@action
def explicit_reshape(place: Place) -> Replacement | Mismatch:
    """State a Reshape's (or Flatten's) whole shape in a constant, the batch excepted.

    What can be inferred is written out; only dimension 0 may stay -1.
    """
    root = place.node("root")
    data = place.subject.source(root.inputs[0]) if root.op == "Flatten" else root.inputs[0]
    dims = _reshape_dims(place, root, data)
    if isinstance(dims, Mismatch):
        return dims
    constant = None if len(root.inputs) < 2 else place.subject.producer(root.inputs[1])
    stated = place.subject.value(root.inputs[1]) if constant is not None else None
    if (
        constant is not None
        and constant.is_const
        and stated is not None
        and all(int(dim) >= 0 for dim in stated.reshape(-1)[1:])
    ):
        return Mismatch(root.name, "Its shape is stated already.")
    shape = _constant(
        _free_name(place, f"{root.name}/shape"), np.array(dims, np.int32), DType.INT32
    )
    kind = root.attrs.get("T")
    if not isinstance(kind, DType):
        found = place.subject.type(data).dtype
        kind = DType.FLOAT32 if found is DType.INVALID else found
    node = Node(
        root.name,
        "Reshape",
        [root.inputs[0], TensorRef(shape.name)],
        {"T": kind, "Tshape": DType.INT32},
        controls=root.controls,
        device=root.device,
    )
    return replaced_by(place, node, (shape,))


def _reshape_dims(place: Place, root: Node, data: TensorRef) -> list[int] | Mismatch:
    """Return the dimensions of the result with at most the first unknown (-1)."""
    source = place.subject.shape(data)
    if root.op == "Flatten":
        if source.dims is None or any(dim < 0 for dim in source.dims[1:]):
            return Mismatch(root.name, f"The shape of its input is {source}.")
        return [source.dims[0] if source.dims else 1, math.prod(source.dims[1:])]
    result = place.subject.shape(TensorRef(root.name))
    if result.dims is None:
        return Mismatch(root.name, "The shape it makes is computed and cannot be inferred.")
    dims = list(result.dims)
    unknown = [index for index, dim in enumerate(dims) if dim < 0]
    if len(unknown) == 2 and unknown[0] == 0 and _keeps_batch(place, root, data, source):
        known = math.prod(dim for dim in dims if dim >= 0)
        sample = math.prod((source.dims or ())[1:])
        if known and sample % known == 0:
            dims[unknown[1]] = sample // known
    if any(dim < 0 for dim in dims[1:]):
        return Mismatch(root.name, f"The shape it makes is {result}; give the inputs' shapes.")
    return dims


def _keeps_batch(place: Place, root: Node, data: TensorRef, source: Shape) -> bool:
    """Whether dimension 0 of the result is dimension 0 of the data, all others being known.

    The stated shape then begins with `Shape(data)[0]`, as tf.layers.flatten writes it.
    """
    if source.dims is None or any(dim < 0 for dim in source.dims[1:]):
        return False
    fits = Matcher(
        place.subject, _BATCH_FIRST, shared=frozenset({"stated", "batch", "shape"})
    ).match(root.name)
    if fits is None:
        return False
    found = fits.tensors
    same = place.subject.source(found["x"]) == place.subject.source(data)
    begin = place.subject.value(found["begin"])
    one = place.subject.shape(found["batch"]).dims in ((), (1,))
    return same and one and begin is not None and begin.reshape(-1).tolist() == [0]


_BATCH_FIRST = parse_pattern(
    "Reshape(_, Pack|ConcatV2:stated(StridedSlice:batch(Shape:shape(?x), ?begin, _, _), ...))"
)


@action
def dilated_convolution(place: Place) -> Replacement | Mismatch:
    """Make SpaceToBatchND, convolution, BatchToSpaceND one convolution with dilations.

    What is padded before and not cropped behind must be none at all (VALID) or what SAME pads for
    the dilated kernel.
    """
    node = place.node("convolution")
    block = _whole_numbers(place.value("block"))
    paddings, crops = place.value("paddings"), place.value("crops")
    kernel = place.shape("w").dims
    nhwc = attrs.word(node, "data_format", "NHWC") == "NHWC"
    if len(block) != 2 or paddings is None or crops is None or not nhwc:
        return Mismatch(place.match.root, "Its blocks are not the height and width of NHWC data.")
    if any(step != 1 for step in attrs.wholes(node, "strides", (1, 1, 1, 1))):
        return Mismatch(node.name, "Its strides are not 1.")
    if any(step != 1 for step in attrs.wholes(node, "dilations", (1, 1, 1, 1))):
        return Mismatch(node.name, "It has dilations of its own.")
    if attrs.word(node, "padding") != "VALID" or kernel is None or min(kernel[:2]) < 0:
        return Mismatch(node.name, "It pads by itself, or its kernel's size is unknown.")
    pads = (paddings.astype(np.int64) - crops.astype(np.int64)).tolist()
    total = [(size - 1) * step for size, step in zip(kernel[:2], block, strict=True)]
    if not np.any(pads):
        padding = b"VALID"
    elif pads == [[extra // 2, extra - extra // 2] for extra in total]:
        padding = b"SAME"
    else:
        return Mismatch(place.match.root, f"It pads by {pads}, which is neither VALID nor SAME.")
    made = Node(
        place.match.root,
        node.op,
        [place.tensor("x"), place.tensor("w")],
        {**node.attrs, "padding": padding, "dilations": (1, *block, 1)},
        controls=place.node("root").controls,
        device=node.device,
    )
    return replaced_by(place, made)


def _whole_numbers(array: Array | None) -> list[int]:
    """Return a constant's elements as integers, none where it is unknown."""
    return [] if array is None else [int(item) for item in array.reshape(-1)]


@action
def resize_nearest_plugin(place: Place) -> Replacement | Mismatch:
    """Make a nearest-neighbour resize NVIDIA's ResizeNearest_TRT, which has one whole factor."""
    root = place.match.root
    before = place.shape("x").dims
    after = place.subject.shape(TensorRef(root)).dims
    if before is None or after is None or min(*before[1:], *after[1:]) <= 0:
        return Mismatch(root, "The sizes are unknown; give the inputs' shapes.")
    factors = {after[axis] / before[axis] for axis in (1, 2)}
    factor = factors.pop()
    if factors or not factor.is_integer():
        return Mismatch(
            root, f"{before[1]}x{before[2]} to {after[1]}x{after[2]} is no whole factor."
        )
    node = Node(
        root,
        "ResizeNearest_TRT",
        [place.tensor("x")],
        plugin_attributes({"scale": factor}),
        controls=place.node("root").controls,
    )
    return replaced_by(place, node)


@action
def explicit_output_size(place: Place) -> Replacement | Mismatch:
    """State the output size of a transposed convolution in a constant; an open batch becomes 1."""
    root = place.node("root")
    stated = place.subject.producer(root.inputs[0])
    if stated is not None and stated.is_const:
        return Mismatch(root.name, "Its output size is stated already.")
    found = place.subject.shape(TensorRef(root.name))
    dims = found.dims
    if dims is None or any(dim < 0 for dim in dims[1:]):
        return Mismatch(root.name, f"The shape it makes is {found}; give the inputs' shapes.")
    array = np.array([1 if dims[0] < 0 else dims[0], *dims[1:]], np.int32)
    size = _constant(_free_name(place, f"{root.name}/output_size"), array, DType.INT32)
    return replaced_by(
        place, root.replace(inputs=(TensorRef(size.name), *root.inputs[1:])), (size,)
    )


@action
def fold_constant(place: Place) -> Replacement | Mismatch:
    """Compute a node whose inputs are all constants now, and put the result in its place."""
    root = place.node("root")
    arrays = []
    for ref in root.inputs:
        array = place.subject.value(ref)
        if array is None:
            return Mismatch(root.name, f"{ref} is not constant.")
        arrays.append(array)
    results = evaluate(root, arrays)
    if not results:
        return Mismatch(root.name, f"How {root.op} computes this variant is not known here.")
    dtype = DType.from_numpy(results[0].dtype)
    return replaced_by(place, _constant(root.name, results[0], dtype))


def _constant(name: str, array: Array, dtype: DType) -> Node:
    return Node(
        name, "Const", attrs={"dtype": dtype, "value": TensorValue.from_array(array, dtype)}
    )


def _free_name(place: Place, wanted: str) -> str:
    name, count = wanted, 0
    while place.subject.get(name) is not None:
        count += 1
        name = f"{wanted}_{count}"
    return name
