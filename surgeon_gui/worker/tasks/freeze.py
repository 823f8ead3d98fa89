"""Freeze a SavedModel, Keras model, checkpoint or frozen graph; optimise and verify if asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from surgeon_gui.compare.report import TensorComparison
from surgeon_gui.edits import optimise
from surgeon_gui.freeze.source import source_kind
from surgeon_gui.graph.graphdef import save_graphdef
from surgeon_gui.graph.model import Graph
from surgeon_gui.graph.query import deduce_inputs
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import FreezeResult, FreezeSpec, PassInfo
from surgeon_gui.worker.registry import task

if TYPE_CHECKING:
    from surgeon_gui.freeze.frozen import Frozen
    from surgeon_gui.freeze.sample import Sampler


@task("freeze")
def freeze(spec: FreezeSpec, report: Report) -> FreezeResult:
    """Return what was frozen; the graph is at `spec.result`."""
    from surgeon_gui.freeze.sample import Request, Sampler

    report.progress("Loading the model")
    sampler = Sampler(Request(spec.feeds, spec.seed, spec.shapes)) if spec.verify else None
    frozen = _frozen(spec, sampler)
    graph, passes = _optimised(frozen.graph, spec, report)
    verified, unverified = _verified(frozen, graph, sampler, report)
    report.progress("Writing the graph")
    size = save_graphdef(graph, spec.result)
    return FreezeResult(
        path=spec.result,
        bytes=size,
        source=frozen.source,
        nodes_before=frozen.nodes_before,
        nodes_after=len(graph),
        inputs=tuple(node.name for node in deduce_inputs(graph)),
        outputs=tuple(map(str, graph.outputs or ())),
        signature=frozen.signature,
        signatures=frozen.signatures,
        passes=passes,
        verified=verified,
        unverified=unverified,
    )


def _frozen(spec: FreezeSpec, sampler: Sampler | None) -> Frozen:
    from surgeon_gui.freeze.checkpoint import freeze_checkpoint
    from surgeon_gui.freeze.frozen import Choice
    from surgeon_gui.freeze.functions import freeze_keras, freeze_saved_model
    from surgeon_gui.freeze.graph_file import freeze_graph_file

    choice = Choice(spec.outputs, spec.inputs)
    kind = source_kind(spec.source)
    if kind == "checkpoint":
        return freeze_checkpoint(spec.source, graph=spec.graph, choice=choice, sampler=sampler)
    if kind == "graph":
        return freeze_graph_file(spec.source, choice=choice, sampler=sampler)
    if kind == "keras":
        return freeze_keras(
            spec.source,
            choice=choice,
            lower_control_flow=spec.lower_control_flow,
            sampler=sampler,
        )
    return freeze_saved_model(
        spec.source if spec.source.is_dir() else spec.source.parent,
        tags=spec.tags,
        signature=spec.signature,
        choice=choice,
        lower_control_flow=spec.lower_control_flow,
        sampler=sampler,
    )


def _optimised(
    graph: Graph, spec: FreezeSpec, report: Report
) -> tuple[Graph, tuple[PassInfo, ...]]:
    """Run TensorFlow's optimiser and our own passes, as far as asked for."""
    from surgeon_gui.freeze import optimise as grappler

    def tell(title: str, place: int) -> None:
        report.progress(f"Optimising: {title}", place, count)

    passes: list[PassInfo] = []
    if spec.optimize:
        count = len(grappler.PASSES)
        graph, reports = grappler.optimise(graph, on_pass=tell)
        passes += [PassInfo(item.name, item.nodes_before, item.nodes_after) for item in reports]
    if spec.passes:
        count = len(spec.passes)
        done = optimise.optimise(graph, spec.passes, on_pass=tell)
        graph = optimise.optimised(graph, done)
        passes += [PassInfo(it.title, it.nodes_before, it.nodes_after, it.did) for it in done]
    return graph, tuple(passes)


def _verified(
    frozen: Frozen, graph: Graph, sampler: Sampler | None, report: Report
) -> tuple[tuple[TensorComparison, ...], str]:
    """Return a row per output, or why there is none.

    Where the graph still has the source's own outputs, they are compared as they are in the end;
    else what was frozen is held against the source, and what was made of it against that.
    """
    from surgeon_gui.freeze.sample import compare_graphs, compare_with_source

    if sampler is None:
        return (), ""
    if sampler.problem:
        return (), sampler.problem
    own = [ref for ref in frozen.own if ref is not None]
    if not own:
        return (), "None of the source's own outputs can be frozen, so there is none to compare."
    report.progress("Comparing with the source")
    fed = {node.name for node in deduce_inputs(graph)} <= set(sampler.feeds)
    if fed and len(own) == len(frozen.own) and set(own) == set(graph.outputs or ()):
        return compare_with_source(graph, frozen.own, sampler), ""
    rows = compare_with_source(frozen.whole, frozen.own, sampler)
    if fed and graph is not frozen.graph:
        rows += compare_graphs(frozen.graph, graph, sampler)
    return rows, ""
