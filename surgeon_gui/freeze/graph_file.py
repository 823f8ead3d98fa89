"""A GraphDef that is frozen already, taken as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from surgeon_gui.freeze.frozen import Choice, Frozen, frozen_graph
from surgeon_gui.freeze.sample import Sampler
from surgeon_gui.graph.graphdef import graphdef_from_graph
from surgeon_gui.graph.model import TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_inputs, deduce_outputs
from surgeon_gui.graph.shapes import infer_types
from surgeon_gui.graph.values import Array
from surgeon_gui.reference.tensorflow_runner import TensorflowRunner


def freeze_graph_file(
    path: Path, *, choice: Choice | None = None, sampler: Sampler | None = None
) -> Frozen:
    """Return the graph of a frozen GraphDef, cut down to what its outputs need.

    Args:
        path: a `.pb` or `.pbtxt`.
        choice: tensors to keep or feed instead of those deduced.
        sampler: runs the graph as it is in the file.

    Raises:
        OpenError: it cannot be read.
        NotFrozen: something is in it that is no constant and an output needs it.
    """
    graph = open_graph(path)
    own = graph.outputs or deduce_outputs(graph)
    inputs = [node.name for node in deduce_inputs(graph)]
    if sampler is not None:
        types = infer_types(graph)

        def compute(feeds: Mapping[str, Array]) -> Sequence[Array]:
            with TensorflowRunner(graph, own) as runner:
                found = runner.run(feeds, own)
            return [found[str(ref)] for ref in own]

        sampler.take({name: types.type(TensorRef(name)) for name in inputs}, compute)
    return frozen_graph(
        graphdef_from_graph(graph),
        inputs,
        [(ref.node, str(ref)) for ref in own],
        choice or Choice(),
        source="frozen graph",
        nodes_before=len(graph),
    )
