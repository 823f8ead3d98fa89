"""Prove that surgery did not change the numbers: ONNX Runtime against TensorFlow, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surgeon_gui.compare.inputs import load_npz, random_inputs, save_npz
from surgeon_gui.compare.report import (
    TensorComparison,
    Tolerance,
    compare_tensor,
    compare_tensors,
)
from surgeon_gui.errors import UsageError
from surgeon_gui.graph.model import Graph, TensorRef
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import topological_order
from surgeon_gui.graph.values import Array, Shape, TensorType
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import Divergence, VerifyResult, VerifySpec
from surgeon_gui.worker.registry import task

if TYPE_CHECKING:
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner
    from surgeon_gui.worker.candidate import Candidate, Comparable


@dataclass(frozen=True)
class _Run:
    """Both sides, loaded, and what they are fed."""

    runner: TensorflowRunner
    candidate: Candidate
    feeds: Mapping[str, Array]
    candidate_feeds: Mapping[str, Array]
    tolerance: Tolerance
    report: Report


@task("verify")
def verify(spec: VerifySpec, report: Report) -> VerifyResult:
    """Compare every output; where one differs, find the first tensor that does."""
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner
    from surgeon_gui.worker.candidate import open_candidate

    report.progress("Opening the graphs")
    original = open_graph(spec.original)
    candidate = open_candidate(spec.network)
    outputs = _chosen(candidate.outputs, spec)
    given = {} if spec.inputs is None else load_npz(spec.inputs)
    known = [item for item in outputs if item.ref.node in original]
    report.progress("Loading TensorFlow")
    targets = [item.ref for item in known] or None
    with TensorflowRunner(original, targets, _shapes(spec, original)) as runner:
        feeds = _feeds(spec, runner, candidate, given)
        mine = {name: feeds[spec.renamed.get(name, name)] for name in candidate.inputs}
        tolerance = Tolerance(spec.max_rel, spec.min_cosine)
        run = _Run(runner, candidate, feeds, mine, tolerance, report)
        report.progress("Running TensorFlow")
        references = runner.run(feeds, [item.ref for item in known])
        report.progress("Running the network")
        values = candidate.run(mine, outputs)
        rows = compare_tensors(values, references, [str(item.ref) for item in outputs], tolerance)
        if spec.save_outputs is not None:
            save_npz(spec.save_outputs, values)
        if spec.save_reference is not None:
            save_npz(spec.save_reference, references)
        del values, references
        inner: list[_Row] = []
        if spec.all_tensors or not rows.ok:
            inner = _compare_inner(run, spec, stop_at_first=not spec.all_tensors)
    every = [*inner, *(_Row(*pair) for pair in zip(outputs, rows.rows, strict=True))]
    return VerifyResult(
        ok=rows.ok,
        outputs=rows.rows,
        first_divergence=_first(every, original),
        tensors=tuple(row.comparison for row in inner) if spec.all_tensors else (),
    )


@dataclass(frozen=True)
class _Row:
    tensor: Comparable
    comparison: TensorComparison


def _chosen(outputs: Sequence[Comparable], spec: VerifySpec) -> list[Comparable]:
    """Return the outputs to compare, with the original's names."""
    names = {str(item.ref): item for item in outputs}
    for name in spec.outputs:
        if name not in names:
            raise UsageError(
                "The network has no such output.",
                where=name,
                hint=f"Its outputs are {', '.join(names)}.",
            )
    return [_renamed(names[name], spec) for name in spec.outputs or names]


def _renamed(item: Comparable, spec: VerifySpec) -> Comparable:
    name = spec.renamed.get(str(item.ref))
    return item if name is None else replace(item, ref=TensorRef.parse(name))


def _shapes(spec: VerifySpec, original: Graph) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in spec.shapes.items() if name in original}


def _feeds(
    spec: VerifySpec, runner: TensorflowRunner, candidate: Candidate, given: Mapping[str, Array]
) -> dict[str, Array]:
    """Return an array for every input of either side, under the original's names.

    Random ones have the original's dtypes: the network may hold a uint8 image wider.
    """
    types: dict[str, TensorType] = {}
    theirs = {spec.renamed.get(name, name): kind for name, kind in candidate.inputs.items()}
    for name, kind in runner.inputs().items():
        mine = theirs.get(name)
        if mine is not None and not kind.shape.is_static:
            kind = TensorType(kind.dtype, mine.shape)
        elif mine is None and kind.shape.rank is None:
            # Surgery removed it, as it removes the keep probability of a dropout: a scalar.
            kind = TensorType(kind.dtype, Shape.of())
        types[name] = kind
    types.update((name, kind) for name, kind in theirs.items() if name not in types)
    missing = {name: kind for name, kind in types.items() if name not in given}
    if spec.inputs is not None:
        for name in missing:
            if name in theirs:
                raise UsageError(
                    "The inputs file has no array for this input.",
                    where=name,
                    hint=f"It holds {', '.join(given) or 'nothing'}.",
                )
    return {**given, **random_inputs(missing, spec.seed)}


def _compare_inner(run: _Run, spec: VerifySpec, *, stop_at_first: bool) -> list[_Row]:
    """Compare the inner tensors both sides have, in the original's order."""
    runner = run.runner
    position = {name: place for place, name in enumerate(topological_order(runner.graph))}
    there = set(runner.tensors())
    items = [_renamed(item, spec) for item in run.candidate.inner]
    items = [item for item in items if item.ref in there]
    items.sort(key=lambda item: (position[item.ref.node], item.ref.port))
    by_name: dict[str, Comparable] = {}
    for item in items:
        by_name.setdefault(str(item.ref), item)
    rows: list[_Row] = []
    for references in runner.run_many(run.feeds, [item.ref for item in by_name.values()]):
        run.report.progress("Comparing inner tensors", len(rows), len(by_name))
        if not references:
            continue
        chunk = [by_name[name] for name in references]
        values = run.candidate.run(run.candidate_feeds, chunk)
        for item in chunk:
            name = str(item.ref)
            row = _Row(item, compare_tensor(name, values[name], references[name], run.tolerance))
            rows.append(row)
            if stop_at_first and not row.comparison.ok:
                return rows
    return rows


def _first(rows: Sequence[_Row], original: Graph) -> Divergence | None:
    for row in rows:
        node = original.get(row.tensor.ref.node)
        if not row.comparison.ok and node is not None:
            return Divergence(node.name, node.op, row.tensor.layer, row.comparison)
    return None
