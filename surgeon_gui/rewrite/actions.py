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

from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import DType, TensorValue
from surgeon_gui.rewrite.predicates import Place
from surgeon_gui.rewrite.replacement import Replacement, replaced_by
from surgeon_gui.rewrite.subject import Mismatch

Action = Callable[..., Replacement | Mismatch]
ACTIONS: dict[str, Action] = {}


def action(function: Action) -> Action:
    """File an action under its function's name; its keyword arguments are its options."""
    ACTIONS[function.__name__] = function
    return function


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
    shape = Node(
        _free_name(place, f"{root.name}/shape"),
        "Const",
        attrs={
            "dtype": DType.INT32,
            "value": TensorValue.from_array(np.array(dims, np.int32), DType.INT32),
        },
    )
    kind = root.attrs.get("T")
    found = place.subject.type(data)
    if not isinstance(kind, DType):
        kind = DType.FLOAT32 if found is None else found.dtype
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
    dims = None if result.dims is None else list(result.dims)
    if dims is None:
        return Mismatch(root.name, "The shape it makes is computed and cannot be inferred.")
    if source.dims and _unknown(dims) and source.dims[0] < 0 <= min(source.dims[1:], default=0):
        dims = _with_batch(list(source.dims), dims)
    if any(dim < 0 for dim in dims[1:]):
        return Mismatch(root.name, f"The shape it makes is {result}; give the inputs' shapes.")
    return dims


def _unknown(dims: list[int]) -> list[int]:
    return [index for index, dim in enumerate(dims) if dim < 0]


def _with_batch(source: list[int], dims: list[int]) -> list[int]:
    """Resolve the one dimension besides the batch that must hold the rest of a sample.

    From [?,4,4,128] to [?,?] gives [-1, 2048]: when the first dimension of both is the batch, the
    others hold as many elements as one sample.
    """
    unknown = _unknown(dims)
    if unknown[0] != 0 or len(unknown) != 2:
        return dims
    sample = math.prod(source[1:])
    known = math.prod(dim for dim in dims if dim >= 0)
    if known == 0 or sample % known:
        return dims
    return [sample // known if index == unknown[1] else dim for index, dim in enumerate(dims)]


def _free_name(place: Place, wanted: str) -> str:
    name, count = wanted, 0
    while place.subject.get(name) is not None:
        count += 1
        name = f"{wanted}_{count}"
    return name
