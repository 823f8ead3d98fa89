"""Making a frozen graph small: named passes that can be switched, each one edit that can be undone.

Nothing here needs TensorFlow. Its own optimiser is a pass as well, which whoever wants it runs in a
worker before these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from surgeon_gui.edits.base import Edit
from surgeon_gui.edits.batch_norms import FoldBatchNorms
from surgeon_gui.edits.boundary import SetInput, StripUnreachable
from surgeon_gui.edits.conditions import FoldConditions
from surgeon_gui.edits.constants import FoldConstants, MergeDuplicates, SetConstant
from surgeon_gui.edits.grappler import Grappler
from surgeon_gui.edits.rules import ApplyRules
from surgeon_gui.edits.tidy import (
    AbsorbIdentities,
    DropDevices,
    DropIdleControls,
    FoldShapes,
    InlineFunctions,
)
from surgeon_gui.edits.training import training_flags
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.draft import Delta
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.values import Shape, TensorValue

Shapes = Mapping[str, Shape]
MakeEdits = Callable[[Graph, Shapes], tuple[Edit, ...]]


@dataclass(frozen=True)
class Pass:
    """One thing that can be done to make a graph small.

    Args:
        id: what a script or the command line calls it.
        title: what a table calls it.
        tip: a sentence on what it does.
        edits: the edits for a graph and the input sizes chosen; none where it has no use.
    """

    id: str
    title: str
    tip: str
    edits: MakeEdits = field(compare=False)


def _always(*edits: Edit) -> MakeEdits:
    return lambda graph, shapes: edits


def _sizes(graph: Graph, shapes: Shapes) -> tuple[Edit, ...]:
    return tuple(SetInput(name, shape) for name, shape in shapes.items())


def _flags(graph: Graph, shapes: Shapes) -> tuple[Edit, ...]:
    off = TensorValue.from_array(np.array(False))
    return tuple(SetConstant(name, off) for name in training_flags(graph))


PASSES: Mapping[str, Pass] = {
    item.id: item
    for item in (
        Pass("sizes", "Input sizes", "Give the inputs the sizes chosen.", _sizes),
        Pass(
            "functions",
            "Inline functions",
            "Called functions are written out; loops of functions stay.",
            _always(InlineFunctions()),
        ),
        Pass(
            "devices",
            "Remove device strings",
            "Where a node ran in training is forgotten.",
            _always(DropDevices()),
        ),
        Pass(
            "flags",
            "Switch training flags off",
            "Inputs such as is_training become false.",
            _flags,
        ),
        Pass(
            "conditions",
            "Settle conditions",
            "Switch and Merge whose condition is constant go, with the branch not taken.",
            _always(FoldConditions()),
        ),
        Pass(
            "inference-norms",
            "Batch norms to inference",
            "Those left in training use the averages they were given.",
            _always(ApplyRules(("batch-norm-inference",))),
        ),
        Pass(
            "dropout",
            "Remove dropout",
            "Dropout left in the graph passes its input on.",
            _always(ApplyRules(("remove-dropout",))),
        ),
        Pass(
            "checks",
            "Remove checks",
            "Assert, CheckNumerics and StopGradient go.",
            _always(
                ApplyRules(("strip-assert", "strip-checknumerics", "strip-stop-gradient")),
            ),
        ),
        Pass(
            "identities",
            "Remove Identity",
            "Readers read what an Identity or NoOp passed on.",
            _always(ApplyRules(("strip-identity", "strip-noop"))),
        ),
        Pass(
            "controls",
            "Drop idle control inputs",
            "Nodes no longer wait for constants.",
            _always(DropIdleControls()),
        ),
        Pass(
            "strip",
            "Strip unreachable nodes",
            "What no output needs goes: training, savers, summaries.",
            _always(StripUnreachable()),
        ),
        Pass(
            "constants",
            "Fold constants",
            "What depends on constants only is computed now.",
            _always(FoldConstants()),
        ),
        Pass(
            "shapes",
            "Fold shape arithmetic",
            "What is computed from known shapes becomes a constant.",
            _always(FoldShapes()),
        ),
        Pass(
            "batch-norms",
            "Fold batch norms",
            "Their scale and shift go into the weights before them.",
            _always(FoldBatchNorms()),
        ),
        Pass(
            "duplicates",
            "Merge duplicates",
            "Equal constants and nodes that compute the same become one.",
            _always(MergeDuplicates()),
        ),
        Pass(
            "reshapes",
            "State reshape sizes",
            "Reshapes state their whole shape where it is known.",
            _always(ApplyRules(("explicit-reshape",))),
        ),
        Pass(
            "outputs",
            "Absorb output Identity",
            "What an Identity at an output copies takes the output's name.",
            _always(AbsorbIdentities()),
        ),
    )
}
"""All passes by id, in the order they run."""

GRAPPLER = Pass(
    "grappler",
    "TensorFlow's optimiser (Grappler)",
    "Its folding, arithmetic and pruning, in a worker process that has TensorFlow.",
    _always(Grappler()),
)
"""Takes seconds and needs TensorFlow, so it is none of `PASSES`; it runs before them."""

PRESETS: Mapping[str, tuple[str, ...]] = {
    "all": tuple(PASSES),
    "nvidia": ("sizes", "devices", "identities", "strip", "constants", "batch-norms"),
}
"""Named choices. `nvidia` is what the recipes of NVIDIA's samples asked the Graph Transform Tool
for: strip_unused_nodes, remove_nodes(op=Identity), fold_constants, fold_batch_norms."""


@dataclass(frozen=True)
class PassDone:
    """What a pass did.

    Args:
        id: the pass.
        title: what a table calls it.
        nodes_before: nodes of the graph before it.
        nodes_after: nodes after it.
        did: what it did, in words.
        steps: the edits that changed something, each with the graph after it.
    """

    id: str
    title: str
    nodes_before: int
    nodes_after: int
    did: str
    steps: tuple[tuple[Edit, Graph], ...] = ()


def chosen_passes(text: str) -> tuple[str, ...]:
    """Return the passes that a comma-separated list of passes and presets names, in their order.

    Raises:
        UsageError: there is no such pass or preset.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    wanted: set[str] = set()
    for word in words or ["all"]:
        if word not in PASSES and word not in PRESETS:
            raise UsageError(
                f"There is no pass {word}.",
                hint=f"Choose from {', '.join(PASSES)}, or one of {', '.join(PRESETS)}.",
            )
        wanted.update(PRESETS.get(word, (word,)))
    return tuple(name for name in PASSES if name in wanted)


def optimise(
    graph: Graph,
    passes: Sequence[str] = PRESETS["all"],
    shapes: Shapes | None = None,
    on_pass: Callable[[str, int], None] | None = None,
) -> tuple[PassDone, ...]:
    """Run passes on a graph, in the order of `PASSES`, and return what each did.

    Args:
        graph: a frozen graph.
        passes: ids of the passes.
        shapes: sizes of inputs to fix.
        on_pass: called with each pass's title and its place before it runs.

    Raises:
        EditError: a pass cannot be applied; `where` is the node.
    """
    done: list[PassDone] = []
    wanted = [item for item in PASSES.values() if item.id in passes]
    for place, item in enumerate(wanted):
        if on_pass is not None:
            on_pass(item.title, place)
        before, steps = graph, []
        for made in item.edits(graph, shapes or {}):
            after = made.apply(graph)
            if after is not graph and (Delta.between(graph, after) or _differs(graph, after)):
                steps.append((made, after))
                graph = after
        done.append(pass_done(item, before, steps))
    return tuple(done)


def pass_done(item: Pass, before: Graph, steps: Sequence[tuple[Edit, Graph]]) -> PassDone:
    """Return what a pass did to the graph before it, from the edits that changed something."""
    after = steps[-1][1] if steps else before
    did = _words(Delta.between(before, after))
    return PassDone(item.id, item.title, len(before), len(after), did, tuple(steps))


def optimised(graph: Graph, done: Sequence[PassDone]) -> Graph:
    """Return the graph after passes: the last one's, or the graph itself if none did anything."""
    return next((item.steps[-1][1] for item in reversed(done) if item.steps), graph)


def _differs(before: Graph, after: Graph) -> bool:
    return before.library != after.library or before.outputs != after.outputs


def _words(delta: Delta) -> str:
    parts = [
        f"{len(names)} {word}"
        for names, word in (
            (delta.removed, "removed"),
            (delta.added, "added"),
            (delta.changed, "changed"),
        )
        if names
    ]
    return ", ".join(parts) or "nothing to do"
