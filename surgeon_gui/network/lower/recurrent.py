"""LSTM and GRU cells and blocks, written out as matrix products and gates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from surgeon_gui.graph.values import DType
from surgeon_gui.network.layers import ActivationType
from surgeon_gui.network.layers import ElementWiseOperation as Op
from surgeon_gui.network.lower.call import Call
from surgeon_gui.network.lower.context import Lower
from surgeon_gui.network.lower.joining import concatenate
from surgeon_gui.network.lower.matrix import product
from surgeon_gui.network.lower.registry import converter
from surgeon_gui.network.lower.value import Value

_LONGEST_UNROLLED = 512


@dataclass(frozen=True)
class _Cell:
    """What all steps of an LSTM share; gates lie as `order` says in the weights."""

    weights: Value
    bias: Value
    peepholes: tuple[Value, Value, Value] | None
    forget_bias: float
    clip: float
    order: str

    def step(self, b: Lower, x: Value, state: Value, output: Value, tag: str) -> dict[str, Value]:
        """Return the gates i, f, o, the new input ci, the state cs, its tanh co and output h."""

        def gate(kind: ActivationType, value: Value, name: str) -> Value:
            return b.activation(kind, value, suffix=f"{tag}{name}")

        def combine(op: Op, left: Value, right: Value, name: str) -> Value:
            return b.elementwise(op, left, right, suffix=f"{tag}{name}")

        joined = concatenate(b, [x, output], 1, suffix=f"{tag}joined")
        mixed = product(b, joined, self.weights, suffix=f"{tag}product")
        sums = combine(Op.SUM, mixed, self.bias, "sums")
        width = state.shape[1]
        parts = {
            name: b.slice(sums, (0, place * width), (x.shape[0], width), suffix=f"{tag}{name}_sum")
            for place, name in enumerate(self.order)
        }
        enter, forget = parts["i"], parts["f"]
        if self.peepholes is not None:
            enter = combine(
                Op.SUM, enter, combine(Op.PROD, state, self.peepholes[0], "i_peep"), "i_seen"
            )
            forget = combine(
                Op.SUM, forget, combine(Op.PROD, state, self.peepholes[1], "f_peep"), "f_seen"
            )
        if self.forget_bias:
            bias = b.scalar(self.forget_bias, forget.dtype)
            forget = combine(Op.SUM, forget, bias, "f_biased")
        i = gate(ActivationType.SIGMOID, enter, "i")
        f = gate(ActivationType.SIGMOID, forget, "f")
        ci = gate(ActivationType.TANH, parts["c"], "ci")
        kept, added = combine(Op.PROD, state, f, "kept"), combine(Op.PROD, ci, i, "added")
        cs = combine(Op.SUM, kept, added, "cs")
        if self.clip > 0:
            cs = b.activation(
                ActivationType.CLIP, cs, -self.clip, self.clip, suffix=f"{tag}cs_clipped"
            )
        out = parts["o"]
        if self.peepholes is not None:
            out = combine(Op.SUM, out, combine(Op.PROD, cs, self.peepholes[2], "o_peep"), "o_seen")
        o = gate(ActivationType.SIGMOID, out, "o")
        co = gate(ActivationType.TANH, cs, "co")
        h = combine(Op.PROD, co, o, "h")
        return {"i": i, "cs": cs, "f": f, "o": o, "ci": ci, "co": co, "h": h}


_OUTPUTS = ("i", "cs", "f", "o", "ci", "co", "h")


def _cell(node: Call, first: int, order: str, forget_bias: float, clip: float) -> _Cell:
    weights, wci, wcf, wco, bias = (node.input(first + place) for place in range(5))
    peepholes = (wci, wcf, wco) if node.flag("use_peephole", False) else None
    return _Cell(weights, bias, peepholes, forget_bias, clip, order)


@converter("LSTMBlockCell")
def lstm_block_cell(node: Call, b: Lower) -> tuple[Value, ...]:
    x, state, output = (node.input(place) for place in range(3))
    cell = _cell(node, 3, "icfo", node.number("forget_bias", 1.0), node.number("cell_clip", 3.0))
    made = cell.step(b, x, state, output, "")
    return tuple(made[name] for name in _OUTPUTS)


@converter("BlockLSTM", "BlockLSTMV2")
def block_lstm(node: Call, b: Lower) -> tuple[Value, ...]:
    """Unrolled; steps beyond the sequence's length give zeros."""
    x, state, output = (node.input(place) for place in range(1, 4))
    steps = x.shape[0]
    length = min(node.constant_int(0, "the sequence's length"), steps)
    if not 0 < length <= _LONGEST_UNROLLED:
        raise node.refuse(
            f"Its {length} steps are too many to unroll (at most {_LONGEST_UNROLLED}).",
            "Cut the sequence into shorter ones.",
        )
    if node.op == "BlockLSTM":
        clip = node.number("cell_clip", 3.0)
        cell = _cell(node, 4, "icfo", node.number("forget_bias", 1.0), clip)
    else:
        cell = _cell(node, 4, "ifco", 0.0, node.number("cell_clip", 0.0))
    rows: dict[str, list[Value]] = {name: [] for name in _OUTPUTS}
    for time in range(length):
        start, size = (time, 0, 0), (1, *x.shape[1:])
        current = b.view(b.slice(x, start, size, suffix=f"x_{time}"), x.shape[1:])
        made = cell.step(b, current, state, output, f"step_{time}/")
        state, output = made["cs"], made["h"]
        for name, value in made.items():
            rows[name].append(b.view(value, (1, *value.shape)))
    if length < steps:
        rest = (steps - length, *output.shape)
        zeros = Value.known(np.zeros(rest, dtype=output.dtype.numpy), output.dtype)
        for values in rows.values():
            values.append(zeros)
    return tuple(concatenate(b, rows[name], 0, suffix=name) for name in _OUTPUTS)


@converter("GRUBlockCell")
def gru_block_cell(node: Call, b: Lower) -> tuple[Value, ...]:
    x, state, w_gates, w_new, b_gates, b_new = (node.input(place) for place in range(6))
    width = state.shape[1]
    joined = concatenate(b, [x, state], 1, suffix="joined")
    mixed = product(b, joined, w_gates, suffix="gates_product")
    sums = b.elementwise(Op.SUM, mixed, b_gates, suffix="gates")
    halves = [
        b.slice(sums, (0, place * width), state.shape, suffix=f"gate_{place}") for place in range(2)
    ]
    r, u = (
        b.activation(ActivationType.SIGMOID, half, suffix=name)
        for half, name in zip(halves, "ru", strict=True)
    )
    reset = b.elementwise(Op.PROD, state, r, suffix="reset")
    again = concatenate(b, [x, reset], 1, suffix="joined_reset")
    new = b.elementwise(Op.SUM, product(b, again, w_new, suffix="new_product"), b_new, suffix="new")
    c = b.activation(ActivationType.TANH, new, suffix="c")
    one = b.scalar(1, DType.FLOAT32)
    fresh = b.elementwise(Op.PROD, b.elementwise(Op.SUB, one, u, suffix="open"), c, suffix="fresh")
    kept = b.elementwise(Op.PROD, u, state, suffix="kept")
    return r, u, c, b.elementwise(Op.SUM, kept, fresh, suffix="h")
