"""What the freeze job is asked and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.jobs.message import JobResult, JobSpec


@dataclass(frozen=True)
class PassInfo:
    """An optimisation pass and what it did.

    Args:
        name: the pass.
        nodes_before: nodes of the graph before it.
        nodes_after: nodes after it.
        did: what it did, in words; empty where only the number is known.
    """

    name: str
    nodes_before: int
    nodes_after: int
    did: str = ""


@dataclass(frozen=True)
class FreezeResult(JobResult):
    """What was frozen.

    Args:
        path: the `.pb`.
        bytes: its size.
        source: what the source was, in words.
        nodes_before: nodes of the frozen graph, before anything was cut off or optimised.
        signature: the signature taken, None where the source has none.
        signatures: all the source has.
        passes: the optimisation passes that ran.
        verified: a row per output held against the source, its variables loaded; empty where that
            was not asked for or not possible.
        unverified: why it was not possible, in words.
    """

    kind: ClassVar[str] = "freeze"

    path: Path
    bytes: int
    source: str
    nodes_before: int
    nodes_after: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    signature: str | None = None
    signatures: tuple[str, ...] = ()
    passes: tuple[PassInfo, ...] = ()
    verified: tuple[TensorComparison, ...] = ()
    unverified: str = ""

    @property
    def ok(self) -> bool:
        """Whether no output was found to differ; one that could not be compared was not."""
        return all(row.ok or not row.is_compared for row in self.verified)

    @property
    def uncompared(self) -> tuple[str, ...]:
        """The outputs of which the source gives nothing but NaN, so that nothing is known."""
        return tuple(row.name for row in self.verified if not row.is_compared)

    @property
    def largest_difference(self) -> float | None:
        """The largest relative difference of any output; None where none is known."""
        rows = [row for row in self.verified if row.is_compared]
        found = [row.metrics["max_rel"] for row in rows if "max_rel" in row.metrics]
        return max(found, default=None)


@dataclass(frozen=True)
class FreezeSpec(JobSpec[FreezeResult]):
    """Make a frozen graph.

    Args:
        source: a SavedModel folder, a Keras file, a checkpoint (folder, prefix or file).
        result: the `.pb` to write.
        tags: a SavedModel's graph; empty takes the only one, or the one to serve.
        signature: a SavedModel's entry point; None takes `serving_default` or the only one.
        graph: the GraphDef of a checkpoint that has no `.meta` file.
        outputs: tensors to keep instead of the source's own outputs.
        inputs: tensors to feed instead of the source's own inputs.
        lower_control_flow: conditionals and loops as Switch, Merge, Enter … instead of functions.
        optimize: run TensorFlow's graph optimiser.
        passes: ids of our own passes to run after it (`edits.optimise.PASSES`).
        verify: run the source as well and compare.
        feeds: `.npz` of the inputs to compare on; None draws them from `seed`.
        seed: of the random inputs.
        shapes: sizes for inputs that leave some open.
    """

    kind: ClassVar[str] = "freeze"

    source: Path
    result: Path
    tags: tuple[str, ...] = ()
    signature: str | None = None
    graph: Path | None = None
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    lower_control_flow: bool = True
    optimize: bool = False
    passes: tuple[str, ...] = ()
    verify: bool = True
    feeds: Path | None = None
    seed: int = 0
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
