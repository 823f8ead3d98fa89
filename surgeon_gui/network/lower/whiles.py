"""Loops that run as often as the data says: one Loop layer, its body lowered once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Network, NetworkBuilder, Tensor
from surgeon_gui.network.layers import Loop
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.lists import stack_of, stacked
from surgeon_gui.network.lower.value import Value
from surgeon_gui.network.simplify import tidy

Turn = Callable[[tuple[Value, ...]], tuple[Value, ...]]
"""Lowers what a loop does with its variables, and returns the results."""

_Captured = list[tuple[Tensor, Tensor]]

_CUT = "Cut the graph before and after the loop."


def lower_loop(
    b: Lower,
    node: Node,
    state: Sequence[Value],
    changing: Sequence[int],
    condition: Turn,
    body: Turn,
) -> tuple[Value, ...]:
    """Return what a loop's variables are after its last turn.

    Args:
        b: the lowering.
        node: the node that stands for the loop.
        state: the loop's variables before the first turn.
        changing: which of them a turn changes.
        condition: returns whether there is another turn.
        body: returns all variables after a turn.

    Raises:
        Unsupported: TensorRT has no such loop.
    """
    b.node = node
    if not changing:
        raise Unsupported(node.name, "Its condition never changes: it runs never or forever.", _CUT)
    state = _with_stacks(b, node, state, changing, body)
    initial = [b.here(b.logical(b.live(_held(state[place])))) for place in changing]
    checks, seen = _network(
        b, node, "go", state, changing, lambda now: _one_bool(b, node, condition(now))
    )
    b.node = node
    turns, read = _network(
        b, node, "next", state, changing, lambda now: _unchanged(node, state, changing, body(now))
    )
    b.node = node
    outside = list({tensor.name: tensor for tensor, _ in (*seen, *read)}.values())
    kind = Loop(
        condition=_reading(checks, seen, outside, len(initial)),
        body=_reading(turns, read, outside, len(initial)),
    )
    origins = [origin for part in (checks, turns) for made in part.layers for origin in made.origin]
    made = b.builder.add(
        kind,
        [*initial, *outside],
        name=node.name,
        origin=tuple(dict.fromkeys([b.origin, *origins])),
    )
    b.note("It becomes a loop, which runs as often as the data says.")
    results = list(state)
    for place, tensor in zip(changing, made, strict=True):
        results[place] = _like(state[place], tensor)
    return tuple(results)


def _held(value: Value) -> Value:
    """Return the tensor that holds a variable: a list's is its stack."""
    return value if value.stack is None else value.stack


def _like(value: Value, tensor: Tensor) -> Value:
    """Return a variable held in another tensor."""
    held = Value.of(tensor, _held(value).dtype)
    return held if value.stack is None else stacked(held)


def _with_stacks(
    b: Lower, node: Node, state: Sequence[Value], changing: Sequence[int], body: Turn
) -> list[Value]:
    """Return the variables with lists as tensors.

    What a list's elements will be like, when none was written yet, shows a turn on trial.
    """
    known = list(state)
    unknown = []
    for place in changing:
        if state[place].items is not None:
            b.node = node
            stack = stack_of(b, state[place])
            known[place] = state[place] if stack is None else stacked(stack)
            if stack is None:
                unknown.append(place)
    if not unknown:
        return known
    with b.inside() as builder:
        now = list(known)
        for place in changing:
            if place not in unknown:
                now[place] = _input(b, builder, f"{node.name}/trial/{place}", known[place])
        after = body(tuple(now))
    b.node = node
    for place in unknown:
        stack = _stack_like(after[place])
        count = len(known[place].items or ())
        if stack is None or stack.shape[0] != count:
            raise Unsupported(
                node.name,
                "It carries a list that grows, and how often it runs depends on data.",
                "Give the list its size from the start, or cut the graph before and after the "
                "loop.",
            )
        known[place] = stacked(Value.known(np.zeros(stack.shape, stack.dtype.numpy), stack.dtype))
    return known


def _stack_like(value: Value) -> Value | None:
    """Return a value of the dtype and shape a list's elements have together; None: not known."""
    items = value.items or ()
    example = next((item for item in items if item is not None), None)
    if value.stack is not None or example is None:
        return value.stack
    return Value(example.dtype, (len(items), *example.shape))


def _input(b: Lower, builder: NetworkBuilder, name: str, value: Value) -> Value:
    """Return a variable as the network at hand is given it."""
    held = _held(value)
    return _like(value, builder.add_input(name, b.held(held.dtype), held.shape))


def _network(
    b: Lower, node: Node, name: str, state: Sequence[Value], changing: Sequence[int], turn: Turn
) -> tuple[Network, _Captured]:
    """Lower a part of the loop; return its network and what that reads from outside."""
    with b.inside() as builder:
        now = list(state)
        for place in changing:
            now[place] = _input(b, builder, f"{node.name}/{name}/{place}", state[place])
        results = turn(tuple(now))
        b.node = node
        for value in results:
            builder.mark_output(b.here(b.logical(b.live(_held(value)))))
        captured = b.captured
        refs = [TensorRef(f"{node.name}/{name}_{place}") for place in range(len(results))]
        network = replace(tidy(builder.build(), refs), sources={})
    return network, captured


def _reading(
    network: Network, captured: _Captured, outside: Sequence[Tensor], state: int
) -> Network:
    """Return the network with an input for everything that either part reads from outside."""
    known = {tensor.name: inner for tensor, inner in captured}
    taken = set(network.tensors)
    inputs = list(network.inputs[:state])
    for tensor in outside:
        name = tensor.name
        while name in taken and tensor.name not in known:
            name += "_"
        inputs.append(known.get(tensor.name) or replace(tensor, name=name))
    return replace(network, inputs=tuple(inputs))


def _one_bool(b: Lower, node: Node, results: tuple[Value, ...]) -> tuple[Value]:
    (go,) = results
    if go.array is not None:
        raise Unsupported(node.name, "Its condition never changes: it runs never or forever.", _CUT)
    if go.dtype is not DType.BOOL or go.size != 1:
        raise Unsupported(
            node.name,
            f"Its condition is a {go.dtype.text} of shape {list(go.shape)}, not one bool.",
            "Compare the condition with 0 and reduce it to one element.",
        )
    return (b.view(go, ()),)


def _unchanged(
    node: Node, state: Sequence[Value], changing: Sequence[int], results: tuple[Value, ...]
) -> tuple[Value, ...]:
    """Return the variables that change, after checking that their shapes do not."""
    for place in changing:
        before, after = (_held(item[place]) for item in (state, results))
        if after.is_list or before.shape != after.shape:
            raise Unsupported(
                node.name,
                f"A turn changes the shape of variable {place} from {list(before.shape)} to "
                f"{list(after.shape)}; TensorRT's loops keep shapes.",
                "Give the variable its largest shape from the start.",
            )
    return tuple(results[place] for place in changing)
