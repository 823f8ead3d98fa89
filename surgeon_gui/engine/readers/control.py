"""The layers that stand around a loop's body and a conditional's branches."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.flat import (
    Condition,
    ConditionalInput,
    ConditionalOutput,
    LoopOutput,
    Recurrence,
    TripLimit,
)
from surgeon_gui.engine.readback import READERS, LayerReader


@READERS.register("RECURRENCE")
def recurrence(layer: Any, reader: LayerReader) -> Recurrence:
    return Recurrence(loop=layer.loop.name)


@READERS.register("TRIP_LIMIT")
def trip_limit(layer: Any, reader: LayerReader) -> TripLimit:
    return TripLimit(loop=layer.loop.name, kind=layer.kind.name)


@READERS.register("LOOP_OUTPUT")
def loop_output(layer: Any, reader: LayerReader) -> LoopOutput:
    return LoopOutput(loop=layer.loop.name, kind=layer.kind.name)


@READERS.register("CONDITION")
def condition(layer: Any, reader: LayerReader) -> Condition:
    return Condition(conditional=layer.conditional.name)


@READERS.register("CONDITIONAL_INPUT")
def conditional_input(layer: Any, reader: LayerReader) -> ConditionalInput:
    return ConditionalInput(conditional=layer.conditional.name)


@READERS.register("CONDITIONAL_OUTPUT")
def conditional_output(layer: Any, reader: LayerReader) -> ConditionalOutput:
    return ConditionalOutput(conditional=layer.conditional.name)
