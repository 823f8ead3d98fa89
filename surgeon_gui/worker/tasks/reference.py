"""Run a frozen graph in TensorFlow and store what it computes."""

from __future__ import annotations

from surgeon_gui.compare.inputs import load_npz, random_inputs, save_npz
from surgeon_gui.graph.open import open_graph
from surgeon_gui.graph.query import deduce_outputs, resolve_output
from surgeon_gui.graph.values import Array, DType
from surgeon_gui.jobs.report import Report
from surgeon_gui.jobs.spec import ReferenceResult, ReferenceSpec, TensorInfo
from surgeon_gui.worker.registry import task


@task("reference")
def run_reference(spec: ReferenceSpec, report: Report) -> ReferenceResult:
    """Return what TensorFlow computed; the tensors are in the `.npz` at `spec.results`."""
    from surgeon_gui.reference.tensorflow_runner import TensorflowRunner

    report.progress("Opening the graph")
    graph = open_graph(spec.graph)
    fetches = tuple(resolve_output(graph, name) for name in spec.fetches) or deduce_outputs(graph)
    feeds = load_npz(spec.inputs) if spec.inputs else None
    report.progress("Loading TensorFlow")
    with TensorflowRunner(graph, fetches, spec.shapes) as runner:
        if feeds is None:
            feeds = random_inputs(runner.inputs(), spec.seed)
        report.progress("Running TensorFlow")
        arrays = runner.run(feeds, fetches)
        if spec.all_tensors:
            inner = [ref for ref in runner.tensors() if str(ref) not in arrays]
            for chunk in runner.run_many(feeds, inner):
                arrays.update(chunk)
                report.progress("Running TensorFlow", len(arrays), len(inner) + len(fetches))
    report.progress("Writing the results")
    save_npz(spec.results, arrays)
    return ReferenceResult(spec.results, tuple(_info(*item) for item in arrays.items()))


def _info(name: str, array: Array) -> TensorInfo:
    return TensorInfo(name, DType.from_numpy(array.dtype).text, tuple(array.shape))
