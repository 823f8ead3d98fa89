"""The layers that stand around a loop's body and a conditional's branches."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.emit import EMITTERS, LayerEmitter
from surgeon_gui.engine.flat import (
    Condition,
    ConditionalInput,
    ConditionalOutput,
    LoopOutput,
    Recurrence,
    TripLimit,
)


def _loop(name: str, out: LayerEmitter) -> Any:
    """Return TensorRT's ILoop of that name, made when it is first asked for."""
    loops = out.emission.loops
    if name not in loops:
        loops[name] = out.net.add_loop()
        loops[name].name = name
    return loops[name]


@EMITTERS.register("Recurrence")
def recurrence(kind: Recurrence, out: LayerEmitter) -> Any:
    """Only the first input exists already; the second is set when the loop ends."""
    first, following = out.layer.inputs
    made = _loop(kind.loop, out).add_recurrence(out.emission.tensors[first])
    if made is not None:
        out.emission.recurrences.setdefault(kind.loop, []).append((made, following))
    return made


@EMITTERS.register("TripLimit")
def trip_limit(kind: TripLimit, out: LayerEmitter) -> Any:
    limit = out.flavour.get("TripLimit", kind.kind)
    return _loop(kind.loop, out).add_trip_limit(out.inputs[0], limit)


@EMITTERS.register("LoopOutput")
def loop_output(kind: LoopOutput, out: LayerEmitter) -> Any:
    for made, following in out.emission.recurrences.pop(kind.loop, ()):
        made.set_input(1, out.emission.tensors[following])
    output = out.flavour.get("LoopOutput", kind.kind)
    return _loop(kind.loop, out).add_loop_output(out.inputs[0], output)


@EMITTERS.register("Condition")
def condition(kind: Condition, out: LayerEmitter) -> Any:
    made = out.emission.conditionals[kind.conditional] = out.net.add_if_conditional()
    made.name = kind.conditional
    return made.set_condition(out.inputs[0])


@EMITTERS.register("ConditionalInput")
def conditional_input(kind: ConditionalInput, out: LayerEmitter) -> Any:
    return out.emission.conditionals[kind.conditional].add_input(out.inputs[0])


@EMITTERS.register("ConditionalOutput")
def conditional_output(kind: ConditionalOutput, out: LayerEmitter) -> Any:
    return out.emission.conditionals[kind.conditional].add_output(*out.inputs)
