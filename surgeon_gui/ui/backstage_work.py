"""The process behind the window: `python -m surgeon_gui.ui.backstage_work`.

It reads requests from standard input and answers on standard output, one at a time, and ends when
its input does. It keeps the graphs it was sent last, so that several questions about one graph send
it once. No Qt here.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import IO, Any

from surgeon_gui.errors import SurgeonError
from surgeon_gui.graph.graphdef import graph_from_graphdef
from surgeon_gui.graph.inference.base import INFERENCES
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.network.lower.registry import CONVERTERS
from surgeon_gui.rewrite.library import bundled_rules
from surgeon_gui.uff.convert import CONVERTERS as UFF_CONVERTERS
from surgeon_gui.uff.writer import inspect_uff
from surgeon_gui.ui.parcels import ParcelError, packed_result, read_bytes, write_bytes

KEPT = 2
"""Graphs remembered: the one on show and the one before it, for undo."""

# The window goes first where both want the processor.
_NICE = 5
# Bytes of a graph read at a time.
_PART = 1 << 20


def uff_words(graph: Graph) -> Mapping[str, str]:
    """Return for each node that UFF keeps the operation it becomes: `Conv`, `_Foo (custom)`."""
    export = inspect_uff(graph)
    return {
        node.id: f"{node.operation} (custom)" if node.id in export.custom else node.operation
        for node in export.nodes
    }


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the requests end."""
    graphs: OrderedDict[int, Graph] = OrderedDict()
    while True:
        try:
            kind, *rest = pickle.loads(read_bytes(requests))
        except ParcelError:
            return
        if kind == "graph":
            number, outputs, size = rest
            graphs[number] = _read_graph(requests, size, outputs)
            while len(graphs) > KEPT:
                graphs.popitem(last=False)
        else:
            number, function, arguments = rest
            graphs.move_to_end(number)
            _answer(answers, graphs[number], function, arguments)


def _read_graph(requests: IO[bytes], size: int, outputs: tuple[TensorRef, ...] | None) -> Graph:
    data = bytearray(size)
    view = memoryview(data)
    at = 0
    while at < size:
        part = requests.read(min(_PART, size - at))
        if not part:
            raise ParcelError
        view[at : at + len(part)] = part
        at += len(part)
    graph = graph_from_graphdef(view)
    # What was read lives until it is replaced; the collector need not look through it.
    gc.collect()
    gc.freeze()
    return graph.with_outputs(outputs)


def _answer(
    answers: IO[bytes], graph: Graph, function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    kind, result = b"result", None
    try:
        result = function(graph, *arguments)
    except SurgeonError as error:
        kind, result = b"error", error
    try:
        parcels = packed_result(result, graph)
    except (TypeError, pickle.PicklingError):
        # It holds another graph, as what a shown UFF file stands for.
        kind, parcels = b"unfit", packed_result(None, graph)
    for parcel in (kind, *parcels):
        write_bytes(answers, parcel)
    answers.flush()


def main() -> int:
    """Serve standard input; what is printed by accident goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)
    bundled_rules()
    for registry in (CONVERTERS, INFERENCES, UFF_CONVERTERS):
        len(registry)
    with contextlib.suppress(BrokenPipeError, ParcelError, KeyboardInterrupt):
        serve(sys.stdin.buffer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
