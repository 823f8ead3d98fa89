"""Loops that run as often as the data says: one Loop layer, its body lowered once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from surgeon_gui.errors import Unsupported
from surgeon_gui.graph.model import Node, TensorRef
from surgeon_gui.graph.values import DType
from surgeon_gui.network.ir import Network, Tensor
from surgeon_gui.network.layers import Loop
from surgeon_gui.network.lower.context import Lower
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
    for place in changing:
        if state[place].items is not None:
            raise Unsupported(
                node.name,
                "It carries a list of tensors, and how often it runs depends on data.",
                _CUT,
            )
    if not changing:
        raise Unsupported(node.name, "Its condition never changes: it runs never or forever.", _CUT)
    initial = [b.here(b.logical(b.live(state[place]))) for place in changing]
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
        results[place] = Value.of(tensor, state[place].dtype)
    return tuple(results)


def _network(
    b: Lower, node: Node, name: str, state: Sequence[Value], changing: Sequence[int], turn: Turn
) -> tuple[Network, _Captured]:
    """Lower a part of the loop; return its network and what that reads from outside."""
    with b.inside() as builder:
        now = list(state)
        for place in changing:
            dtype = state[place].dtype
            tensor = builder.add_input(
                f"{node.name}/{name}/{place}", b.held(dtype), state[place].shape
            )
            now[place] = Value.of(tensor, dtype)
        results = turn(tuple(now))
        b.node = node
        for value in results:
            builder.mark_output(b.here(b.logical(b.live(value))))
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
        before, after = state[place], results[place]
        if after.items is not None or before.shape != after.shape:
            raise Unsupported(
                node.name,
                f"A turn changes the shape of variable {place} from {list(before.shape)} to "
                f"{list(after.shape)}; TensorRT's loops keep shapes.",
                "Give the variable its largest shape from the start.",
            )
    return tuple(results[place] for place in changing)
