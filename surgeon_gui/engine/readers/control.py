"""The layers that stand around a loop's body."""

from __future__ import annotations

from typing import Any

from surgeon_gui.engine.flat import LoopOutput, Recurrence, TripLimit
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
